//! The summary that a person may print or share with someone they trust: what they answered, what
//! the screening said, what could help. The conversation is in it, because it is theirs.

use super::{
    assessment::guidance,
    content::Content,
    questionnaire,
    session::{Author, SessionRecord, StoredMessage},
};

/// Markdown of everything worth sharing.
#[must_use]
pub fn markdown(session: &SessionRecord, messages: &[StoredMessage], content: &Content) -> String {
    let mut text = format!(
        "# Digital Detox: a summary for {}\n\n\
         This is a screening, not a diagnosis. The companion is an AI and may be wrong.\n",
        inline(&session.name)
    );
    if let Some((topic, severity)) = &session.assessment {
        let chosen = guidance::choose(&content.guidance, topic, severity);
        text.push_str(&format!(
            "\n## Result\n\n**{}** ({severity})\n\n{}\n\n",
            chosen.headline, chosen.summary
        ));
        for step in chosen.steps {
            text.push_str(&format!("- **{}** {}\n", step.title, step.why));
        }
    }
    push_answers(&mut text, session, content);
    push_plan(&mut text, session, content);
    push_conversation(&mut text, messages);
    text
}

fn push_answers(text: &mut String, session: &SessionRecord, content: &Content) {
    if session.answers.is_empty() {
        return;
    }
    text.push_str("\n## Answers\n\n");
    for question in content.questionnaire.questions() {
        for option in questionnaire::chosen_options(question, &session.answers) {
            text.push_str(&format!("- {} {}\n", question.prompt, option.label));
        }
    }
}

fn push_plan(text: &mut String, session: &SessionRecord, content: &Content) {
    if session.safety_plan.is_empty() {
        return;
    }
    text.push_str(&format!("\n## {}\n\n", content.safety_plan.title));
    for part in &content.safety_plan.parts {
        if let Some(words) = session.safety_plan.get(&part.id) {
            text.push_str(&format!("- **{}** {}\n", part.title, inline(words)));
        }
    }
}

fn push_conversation(text: &mut String, messages: &[StoredMessage]) {
    if messages.is_empty() {
        return;
    }
    text.push_str("\n## Conversation\n");
    for message in messages {
        let who = match message.author {
            Author::Person => "Me",
            Author::Companion => "Companion",
        };
        let words = if message.card.is_some() {
            "(helplines and safety steps)"
        } else {
            &message.text
        };
        text.push_str(&format!("\n**{who}:** {}\n", inline(words)));
    }
}

/// A person's words on one line, so that they cannot become headings of the summary.
fn inline(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}
