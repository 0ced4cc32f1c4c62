//! Brings a conversation into the shape that chat templates accept: one system message at most, at
//! the beginning or inside the first user turn, and turns that alternate.

use crate::{Message, Role};

/// Stands between texts that become one message.
const PARAGRAPH: &str = "\n\n";

/// Trims the texts, joins all system messages into one at the beginning, merges consecutive turns of
/// one speaker, and, for a template without a system role, folds the system text into the first
/// user turn. Such templates also begin with the user: an assistant turn before it follows the
/// system text as a user turn, or is left out when there is no system text.
#[must_use]
pub(crate) fn normalise(messages: &[Message], system_role: bool) -> Vec<Message> {
    let mut system = Vec::new();
    let mut turns: Vec<Message> = Vec::new();
    for message in messages {
        let text = message.content.trim();
        match (message.role, turns.last_mut()) {
            (Role::System, _) => system.push(text),
            (role, Some(last)) if last.role == role => {
                last.content.push_str(PARAGRAPH);
                last.content.push_str(text);
            }
            (role, _) => turns.push(Message {
                role,
                content: text.to_owned(),
            }),
        }
    }
    let system = system.join(PARAGRAPH);
    if system_role {
        if !system.is_empty() {
            turns.insert(0, turn(Role::System, system));
        }
        return turns;
    }
    fold_system(system, turns)
}

fn fold_system(system: String, mut turns: Vec<Message>) -> Vec<Message> {
    let begins_with_user = turns.first().map(|turn| turn.role) == Some(Role::User);
    match (system.is_empty(), begins_with_user) {
        (true, true) => {}
        (true, false) => turns.retain({
            let mut seen_user = false;
            move |turn| {
                seen_user |= turn.role == Role::User;
                seen_user
            }
        }),
        (false, true) => {
            if let Some(first) = turns.first_mut() {
                first.content = format!("{system}{PARAGRAPH}{}", first.content);
            }
        }
        (false, false) => turns.insert(0, turn(Role::User, system)),
    }
    turns
}

fn turn(role: Role, content: String) -> Message {
    Message { role, content }
}

#[cfg(test)]
mod tests {
    use Role::{Assistant, System, User};

    use super::*;

    fn messages(turns: &[(Role, &str)]) -> Vec<Message> {
        turns
            .iter()
            .map(|&(role, content)| turn(role, content.to_owned()))
            .collect()
    }

    #[test]
    fn a_template_without_a_system_role_gets_it_in_the_first_user_turn() {
        let given = messages(&[
            (System, "Be kind."),
            (User, " Hi "),
            (Assistant, "Hello"),
            (User, "So?"),
        ]);
        let folded = normalise(&given, false);
        assert_eq!(
            folded,
            messages(&[
                (User, "Be kind.\n\nHi"),
                (Assistant, "Hello"),
                (User, "So?")
            ])
        );
    }

    #[test]
    fn a_greeting_before_the_first_user_turn_keeps_the_turns_alternating() {
        let given = messages(&[(System, "Be kind."), (Assistant, "Welcome"), (User, "Hi")]);
        assert_eq!(
            normalise(&given, false),
            messages(&[(User, "Be kind."), (Assistant, "Welcome"), (User, "Hi")])
        );
        let without_system = messages(&[(Assistant, "Welcome"), (User, "Hi")]);
        assert_eq!(normalise(&without_system, false), messages(&[(User, "Hi")]));
    }

    #[test]
    fn consecutive_turns_of_one_speaker_become_one() {
        let given = messages(&[
            (User, "a"),
            (User, "b"),
            (Assistant, "c"),
            (System, "s"),
            (Assistant, "d"),
            (User, "e"),
        ]);
        assert_eq!(
            normalise(&given, true),
            messages(&[
                (System, "s"),
                (User, "a\n\nb"),
                (Assistant, "c\n\nd"),
                (User, "e")
            ])
        );
    }
}
