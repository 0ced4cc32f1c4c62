//! The model's chat template, rendered the way Hugging Face does, except that the texts of people are
//! never part of what is rendered: marks stand in their places, so that the pieces around them are
//! known to come from the template.

use chrono::Utc;
use minijinja::{Environment, Error, ErrorKind, Value, context};

use crate::{Message, Role};

/// Begins and ends a mark; a private-use character that no template contains.
const MARK: char = '\u{F8FF}';
const NAME: &str = "chat";

/// Why a conversation cannot be rendered; holds nothing that a person wrote.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The template does not parse, or refuses this order of roles.
    #[error("chat template: {0}")]
    Jinja(#[from] Error),
    /// A message did not come out of the template.
    #[error("chat template: the message at position {0} is left out")]
    LeftOut(usize),
}

/// A part of a rendered prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Text of the template; special tokens in it are meant.
    Template(String),
    /// Text of a message; special tokens in it are text.
    Content(&'a str),
}

/// The special tokens that templates name.
#[derive(Debug, Clone, Default)]
pub struct NamedTokens {
    /// Beginning of a sequence.
    pub bos: Option<String>,
    /// End of a sequence.
    pub eos: Option<String>,
    /// What no piece stands for.
    pub unk: Option<String>,
}

/// A chat template, parsed.
pub struct Template {
    environment: Environment<'static>,
    tokens: NamedTokens,
    system_role: bool,
}

impl Template {
    /// Parses a template and finds out whether it has a system role.
    ///
    /// # Errors
    /// The template does not parse, or cannot render one user message.
    pub fn new(source: &str, tokens: NamedTokens) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment
            .set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", raise_exception);
        environment.add_function("strftime_now", strftime_now);
        // Python slices that minijinja writes as a filter.
        let source = source.replace("[::-1]", "|reverse");
        environment.add_template_owned(NAME, source)?;
        let mut template = Self {
            environment,
            tokens,
            system_role: false,
        };
        let user = probe(Role::User);
        template.render(std::slice::from_ref(&user))?;
        template.system_role = template.render(&[probe(Role::System), user]).is_ok();
        Ok(template)
    }

    /// Whether a system message may stand at the beginning.
    pub fn has_system_role(&self) -> bool {
        self.system_role
    }

    /// Renders a conversation and the beginning of the assistant's turn.
    ///
    /// # Errors
    /// The template refuses the conversation or leaves a message out.
    pub(crate) fn render<'a>(
        &self,
        messages: &'a [Message],
    ) -> Result<Vec<Piece<'a>>, TemplateError> {
        let turns: Vec<Value> = messages
            .iter()
            .enumerate()
            .map(|(index, message)| {
                context! { role => role_name(message.role), content => format!("{MARK}{index}{MARK}") }
            })
            .collect();
        let rendered = self.environment.get_template(NAME)?.render(context! {
            messages => turns,
            add_generation_prompt => true,
            bos_token => self.tokens.bos,
            eos_token => self.tokens.eos,
            unk_token => self.tokens.unk,
        })?;
        let mut seen = vec![false; messages.len()];
        let mut pieces = Vec::new();
        for (position, part) in rendered.split(MARK).enumerate() {
            // Template text and marks take turns, beginning with template text.
            let index = (position % 2 == 1)
                .then(|| part.parse::<usize>().ok())
                .flatten();
            match index.and_then(|index| Some((index, messages.get(index)?))) {
                Some((index, message)) => {
                    seen[index] = true;
                    pieces.push(Piece::Content(&message.content));
                }
                None => pieces.push(Piece::Template(part.to_owned())),
            }
        }
        match seen.iter().position(|seen| !seen) {
            Some(index) => Err(TemplateError::LeftOut(index)),
            None => Ok(pieces),
        }
    }
}

/// A harmless message, to find out what a template does.
pub(crate) fn probe(role: Role) -> Message {
    Message {
        role,
        content: "probe".to_owned(),
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

fn raise_exception(message: String) -> Result<String, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

fn strftime_now(format: &str) -> Result<String, Error> {
    use std::fmt::Write;
    let mut text = String::new();
    write!(text, "{}", Utc::now().format(format))
        .map_err(|_| Error::new(ErrorKind::InvalidOperation, "strftime_now: unknown format"))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISTRAL: &str = "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token}}{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}";
    const LLAMA3: &str = "{% for message in messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}";

    fn message(role: Role, content: &str) -> Message {
        Message {
            role,
            content: content.into(),
        }
    }

    fn tokens() -> NamedTokens {
        NamedTokens {
            bos: Some("<s>".into()),
            eos: Some("</s>".into()),
            unk: None,
        }
    }

    fn text(pieces: &[Piece<'_>]) -> String {
        pieces
            .iter()
            .map(|piece| match piece {
                Piece::Template(text) => text.as_str(),
                Piece::Content(text) => text,
            })
            .collect()
    }

    #[test]
    fn mistral_has_no_system_role_and_renders_turns() {
        let template = Template::new(MISTRAL, tokens()).unwrap();
        assert!(!template.has_system_role());
        let turns = [
            message(Role::User, "a"),
            message(Role::Assistant, "b"),
            message(Role::User, "c"),
        ];
        let pieces = template.render(&turns).unwrap();
        assert_eq!(text(&pieces), "<s>[INST] a [/INST]b</s>[INST] c [/INST]");
    }

    #[test]
    fn llama_has_a_system_role() {
        let template = Template::new(LLAMA3, tokens()).unwrap();
        assert!(template.has_system_role());
        let turns = [message(Role::User, "a")];
        let pieces = template.render(&turns).unwrap();
        assert_eq!(pieces[1], Piece::Content("a"));
        assert!(text(&pieces).starts_with("<s><|start_header_id|>user"));
    }

    #[test]
    fn marks_typed_by_a_person_are_content() {
        let template = Template::new(LLAMA3, tokens()).unwrap();
        let typed = "\u{F8FF}0\u{F8FF} {{ 7 * 7 }}";
        let turns = [message(Role::User, typed)];
        let pieces = template.render(&turns).unwrap();
        assert_eq!(pieces[1], Piece::Content(typed));
        assert_eq!(pieces.len(), 3);
    }

    #[test]
    fn a_template_that_leaves_a_message_out_is_noticed() {
        let source = "{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}";
        let template = Template::new(source, tokens()).unwrap();
        assert!(!template.has_system_role());
    }

    #[test]
    fn a_template_that_cannot_render_is_refused_when_loading() {
        assert!(Template::new("{% for", tokens()).is_err());
        assert!(Template::new("{{ raise_exception('no') }}", tokens()).is_err());
    }
}
