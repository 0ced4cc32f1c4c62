//! What the tests share: servers, clients, a scripted engine and tiny models.

pub(crate) mod fake;
pub(crate) mod server;
pub(crate) mod tiny;
pub(crate) mod tiny_files;

use proto::inference_v1::{GenerateRequest, Message, Role, Sampling};

/// One message of the user.
pub(crate) fn user(content: &str) -> Message {
    Message {
        role: Role::User.into(),
        content: content.to_owned(),
    }
}

/// A question with greedy decoding.
pub(crate) fn ask(content: &str, max_tokens: u32) -> GenerateRequest {
    GenerateRequest {
        messages: vec![user(content)],
        sampling: Some(Sampling {
            temperature: Some(0.0),
            max_tokens: Some(max_tokens),
            ..Sampling::default()
        }),
        choice: None,
    }
}
