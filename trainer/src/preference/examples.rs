//! Pairs and conversations as token ids, in exactly the form in which the services put them before the
//! model: the reviewed frame of content/prompts with name, topic and severity, the conversation, the
//! model's chat template.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use anyhow::{Context, Result, bail, ensure};
use chat_template::{Message, PromptEncoder, Role};
use serde::Deserialize;

use super::frames::Frames;

/// A preference pair as `trainer prepare` writes it.
#[derive(Debug, Clone, Deserialize)]
pub struct PreferencePair {
    /// Names the pair in messages.
    pub id: String,
    /// What the person wrote.
    pub prompt: String,
    /// The better reply.
    pub chosen: String,
    /// The worse reply.
    pub rejected: String,
    /// Theme in the data's words, for example "social isolation".
    pub category: String,
    /// mild, moderate or severe.
    pub severity: String,
}

/// A conversation that ends with a reply to learn.
#[derive(Debug, Clone, Deserialize)]
pub struct Conversation {
    /// Who said what, in order.
    pub messages: Vec<Turn>,
    /// Theme, as in the assessment.
    pub topic: String,
    /// mild, moderate or severe.
    pub severity: String,
}

/// One message.
#[derive(Debug, Clone, Deserialize)]
pub struct Turn {
    /// user or assistant.
    pub role: String,
    /// The words.
    pub content: String,
}

/// A prompt and a reply to learn.
#[derive(Debug, Clone)]
pub struct ReplyExample {
    /// Frame, conversation and the beginning of the assistant's turn.
    pub prompt: Vec<u32>,
    /// The reply and the end of the turn.
    pub reply: Vec<u32>,
}

/// A prompt with a better and a worse reply.
#[derive(Debug, Clone)]
pub struct PairExample {
    /// Frame, message and the beginning of the assistant's turn.
    pub prompt: Vec<u32>,
    /// The better reply and the end of the turn.
    pub chosen: Vec<u32>,
    /// The worse reply and the end of the turn.
    pub rejected: Vec<u32>,
}

impl ReplyExample {
    /// Prompt and reply together.
    #[must_use]
    pub fn tokens(&self) -> Vec<u32> {
        [self.prompt.as_slice(), &self.reply].concat()
    }
}

/// Makes examples for one model.
pub struct ExampleBuilder {
    /// Renders and tokenises.
    pub encoder: PromptEncoder,
    /// The token that ends the assistant's turn.
    pub end_of_turn: u32,
    /// The reviewed frames.
    pub frames: Frames,
    /// Longest example in tokens.
    pub max_tokens: usize,
}

impl ExampleBuilder {
    /// The example of a pair; nothing when it is too long for `max_tokens`.
    ///
    /// # Errors
    /// The template or the tokenizer refuses it.
    pub fn pair(&self, pair: &PreferencePair) -> Result<Option<PairExample>> {
        let system = self.frames.system(&pair.id, &pair.category, &pair.severity);
        let messages = [
            message(Role::System, &system),
            message(Role::User, &pair.prompt),
        ];
        let example = PairExample {
            prompt: self.encoder.encode(&messages)?,
            chosen: self.reply(&pair.chosen)?,
            rejected: self.reply(&pair.rejected)?,
        };
        let longest = example.chosen.len().max(example.rejected.len());
        Ok((example.prompt.len() + longest <= self.max_tokens).then_some(example))
    }

    /// One example for each assistant turn of a conversation; turns that do not fit are left out.
    ///
    /// # Errors
    /// An unknown role, or the template or the tokenizer refuses it.
    pub fn conversation(&self, id: &str, given: &Conversation) -> Result<Vec<ReplyExample>> {
        let topic = given.topic.replace('_', " ");
        let system = self.frames.system(id, &topic, &given.severity);
        let mut messages = vec![message(Role::System, &system)];
        let mut examples = Vec::new();
        for turn in &given.messages {
            match turn.role.as_str() {
                "user" => messages.push(message(Role::User, &turn.content)),
                "assistant" => {
                    let example = ReplyExample {
                        prompt: self.encoder.encode(&messages)?,
                        reply: self.reply(&turn.content)?,
                    };
                    if example.prompt.len() + example.reply.len() <= self.max_tokens {
                        examples.push(example);
                    }
                    messages.push(message(Role::Assistant, &turn.content));
                }
                other => bail!("{id}: the role {other:?} is neither user nor assistant"),
            }
        }
        Ok(examples)
    }

    fn reply(&self, text: &str) -> Result<Vec<u32>> {
        let mut ids = self.encoder.encode_reply(text)?;
        ids.push(self.end_of_turn);
        Ok(ids)
    }
}

fn message(role: Role, content: &str) -> Message {
    Message {
        role,
        content: content.to_owned(),
    }
}

/// Reads JSON lines; the message of an error names file and line.
///
/// # Errors
/// The file cannot be read, or a line is not what it should be; no line at all.
pub fn read_lines<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut rows = Vec::new();
    for (index, line) in BufReader::new(file).lines().enumerate() {
        let place = || format!("{}, line {}", path.display(), index + 1);
        let line = line.with_context(place)?;
        if !line.trim().is_empty() {
            rows.push(serde_json::from_str(&line).with_context(place)?);
        }
    }
    ensure!(!rows.is_empty(), "{} has no lines", path.display());
    Ok(rows)
}
