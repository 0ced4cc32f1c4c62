//! Conversations as the tokens of a model. In: messages with roles, the model's chat template and its
//! tokenizer. Out: token ids, in which nothing that a person typed is a special token. Used by the
//! service that generates and by the trainer, so that both put the same tokens before the model.

mod encode;
mod plain_text;
mod shape;
mod template;
mod tokenizer;

pub use crate::{
    encode::{EncodeError, PromptEncoder},
    template::{NamedTokens, Template, TemplateError},
    tokenizer::BytePairs,
};
pub use tokenizers::Tokenizer;

/// Who speaks in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The instructions of the product.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// One message of a conversation.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// Plain text; special tokens of the model written in it are text.
    pub content: String,
}

impl std::fmt::Debug for Message {
    /// Shows the length only: what a person wrote has no place in a log line.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Message")
            .field("role", &self.role)
            .field("bytes", &self.content.len())
            .finish()
    }
}
