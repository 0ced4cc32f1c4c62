//! The messages that the model sees: the reviewed frame with what it may know about the person, as
//! much of the conversation as fits, and the new message. Words of people stay words: nothing in
//! them can open a role of its own.

use std::{collections::VecDeque, fmt};

/// Longest name in the prompt, in characters.
const MAXIMUM_NAME_CHARS: usize = 40;
/// Called this when a name has no letters.
const NO_NAME: &str = "there";
/// Tokens that a chat template adds to each message, at most.
const TOKENS_PER_MESSAGE: usize = 8;
/// Characters that chat templates of language models give a meaning, and how they are written so
/// that they have none.
const TEMPLATE_MARKS: [(&str, &str); 10] = [
    ("<|", "< |"),
    ("|>", "| >"),
    ("[INST", "[ INST"),
    ("[/INST", "[ /INST"),
    ("<<SYS", "< <SYS"),
    ("<</SYS", "< </SYS"),
    ("</s>", "< /s>"),
    ("<s>", "< s>"),
    ("<start_of_turn", "< start_of_turn"),
    ("<end_of_turn", "< end_of_turn"),
];

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptRole {
    /// The reviewed frame.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// One message of the prompt.
#[derive(Clone, PartialEq, Eq)]
pub struct PromptMessage {
    /// Who speaks.
    pub role: PromptRole,
    /// The words.
    pub content: String,
}

/// Without the words: they must not reach a log.
impl fmt::Debug for PromptMessage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PromptMessage")
            .field("role", &self.role)
            .field("characters", &self.content.chars().count())
            .finish()
    }
}

/// One earlier question with its answer.
#[derive(Clone, PartialEq, Eq)]
pub struct PromptTurn {
    /// What the person wrote.
    pub question: String,
    /// What the model answered.
    pub answer: String,
}

/// What the prompt may say about the person.
#[derive(Clone, Copy)]
pub struct Person<'a> {
    /// What they want to be called.
    pub name: &'a str,
    /// Theme of the last assessment.
    pub topic: &'a str,
    /// Severity of the last assessment.
    pub severity: &'a str,
}

/// The frame with {name}, {topic} and {severity} filled in.
#[must_use]
pub fn fill(template: &str, person: &Person<'_>) -> String {
    let name = safe_name(person.name);
    let topic = match person.topic {
        "" | "other" => "no single theme".to_owned(),
        topic => safe_words(topic),
    };
    let severity = safe_words(person.severity);
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    // One pass, so that a name cannot bring a placeholder of its own.
    while let Some(at) = rest.find('{') {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        let places = [
            ("{name}", &name),
            ("{topic}", &topic),
            ("{severity}", &severity),
        ];
        match places.iter().find(|(place, _)| rest.starts_with(place)) {
            Some((place, value)) => {
                filled.push_str(value);
                rest = &rest[place.len()..];
            }
            None => {
                filled.push('{');
                rest = &rest[1..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// Frame, conversation, message. When they are more than `budget` tokens, the oldest turns are left
/// out; frame and message always stay, and the model refuses what is still too long.
#[must_use]
pub fn build(
    system: &str,
    history: &[PromptTurn],
    message: &str,
    budget: usize,
) -> Vec<PromptMessage> {
    let system = PromptMessage {
        role: PromptRole::System,
        content: system.to_owned(),
    };
    let message = PromptMessage {
        role: PromptRole::User,
        content: without_marks(message),
    };
    let mut left = budget
        .saturating_sub(cost(&system))
        .saturating_sub(cost(&message));
    let mut turns = VecDeque::new();
    for turn in history.iter().rev() {
        let question = PromptMessage {
            role: PromptRole::User,
            content: without_marks(&turn.question),
        };
        let answer = PromptMessage {
            role: PromptRole::Assistant,
            content: without_marks(&turn.answer),
        };
        let tokens = cost(&question) + cost(&answer);
        if tokens > left {
            break;
        }
        left -= tokens;
        turns.push_front(answer);
        turns.push_front(question);
    }
    std::iter::once(system)
        .chain(turns)
        .chain(std::iter::once(message))
        .collect()
}

/// Tokens of a text, rather too many than too few: 3.5 ASCII characters a token, and two tokens for
/// any other character, which small vocabularies spell in bytes.
#[must_use]
pub fn estimate_tokens(text: &str) -> usize {
    let ascii = text.chars().filter(char::is_ascii).count();
    let others = text.chars().count() - ascii;
    (ascii * 2).div_ceil(7) + others * 2
}

fn cost(message: &PromptMessage) -> usize {
    estimate_tokens(&message.content) + TOKENS_PER_MESSAGE
}

/// A name as letters, hyphens, apostrophes and single spaces, so that it cannot carry orders in
/// punctuation or new lines.
fn safe_name(name: &str) -> String {
    let letters: String = name
        .chars()
        .map(|c| {
            if c.is_alphabetic() || matches!(c, '-' | '\'' | '’') {
                c
            } else {
                ' '
            }
        })
        .collect();
    let name = letters.split_whitespace().collect::<Vec<_>>().join(" ");
    let name: String = name.chars().take(MAXIMUM_NAME_CHARS).collect();
    let name = name.trim();
    if name.chars().any(char::is_alphabetic) {
        name.to_owned()
    } else {
        NO_NAME.to_owned()
    }
}

fn safe_words(words: &str) -> String {
    words
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' })
        .collect()
}

fn without_marks(text: &str) -> String {
    let mut text = text.replace('\0', "");
    for (mark, harmless) in TEMPLATE_MARKS {
        if text.contains(mark) {
            text = text.replace(mark, harmless);
        }
    }
    text
}

#[cfg(test)]
mod tests;
