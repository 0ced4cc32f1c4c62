//! What a conversation must be before a chat template sees it.

use super::{GenerationError, Message, Role};

/// Checks what holds for every template.
///
/// # Errors
/// There is no message, one is empty, or the last one is not the person's.
pub fn validate(messages: &[Message]) -> Result<(), GenerationError> {
    let invalid = |reason| GenerationError::Invalid {
        field: "messages",
        reason,
    };
    if messages.is_empty() {
        return Err(invalid("must hold at least one message"));
    }
    if messages
        .iter()
        .any(|message| message.content.trim().is_empty())
    {
        return Err(invalid("must not hold an empty message"));
    }
    if messages.last().map(|message| message.role) != Some(Role::User) {
        return Err(invalid("must end with a message of the user"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use Role::{Assistant, System, User};

    use super::*;

    fn messages(turns: &[(Role, &str)]) -> Vec<Message> {
        let message = |&(role, content): &(Role, &str)| Message {
            role,
            content: content.to_owned(),
        };
        turns.iter().map(message).collect()
    }

    #[test]
    fn a_conversation_must_end_with_a_text_of_the_user() {
        for given in [
            messages(&[]),
            messages(&[(User, " \n")]),
            messages(&[(User, "Hi"), (Assistant, "Hello")]),
        ] {
            assert!(matches!(
                validate(&given),
                Err(GenerationError::Invalid {
                    field: "messages",
                    ..
                })
            ));
        }
        assert_eq!(validate(&messages(&[(System, "s"), (User, "Hi")])), Ok(()));
    }
}
