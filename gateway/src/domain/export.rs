//! The summary that a person may print or share with someone they trust: what they answered, what
//! the screening said, what could help. The conversation is in it, because it is theirs.

use super::{
    assessment::guidance,
    content::Content,
    questionnaire,
    session::{Author, SessionRecord, StoredMessage},
};

/// What is worth sharing, as sections of lines.
pub struct Summary {
    /// Heading of the whole.
    pub title: String,
    /// What it is not.
    pub notice: String,
    /// In the order of reading.
    pub sections: Vec<SummarySection>,
}

/// A part of the summary.
pub struct SummarySection {
    /// Heading.
    pub heading: String,
    /// One for each thing.
    pub lines: Vec<SummaryLine>,
}

/// A label, which may be empty, and what belongs to it. Neither has line breaks.
pub struct SummaryLine {
    /// Who, or what.
    pub label: String,
    /// The words.
    pub text: String,
}

impl Summary {
    /// As Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = format!("# {}\n\n{}\n", self.title, self.notice);
        for section in &self.sections {
            text.push_str(&format!("\n## {}\n\n", section.heading));
            for line in &section.lines {
                let label = match line.label.as_str() {
                    "" => String::new(),
                    label => format!("**{label}** "),
                };
                text.push_str(&format!("- {label}{}\n", line.text));
            }
        }
        text
    }
}

/// The summary of a session. Sections without content are left out.
#[must_use]
pub fn summary(session: &SessionRecord, messages: &[StoredMessage], content: &Content) -> Summary {
    let sections = [
        result(session, content),
        answers(session, content),
        plan(session, content),
        conversation(messages),
    ];
    Summary {
        title: format!("Digital Detox: a summary for {}", inline(&session.name)),
        notice: "This is a screening, not a diagnosis. The companion is an AI and may be wrong."
            .to_owned(),
        sections: sections
            .into_iter()
            .filter(|section| !section.lines.is_empty())
            .collect(),
    }
}

fn line(label: &str, text: &str) -> SummaryLine {
    SummaryLine {
        label: inline(label),
        text: inline(text),
    }
}

fn result(session: &SessionRecord, content: &Content) -> SummarySection {
    let mut lines = Vec::new();
    if let Some((topic, severity)) = &session.assessment {
        let chosen = guidance::choose(&content.guidance, topic, severity);
        lines.push(line(&format!("{} ({severity})", chosen.headline), ""));
        lines.push(line("", &chosen.summary));
        lines.extend(chosen.steps.iter().map(|step| line(&step.title, &step.why)));
    }
    SummarySection {
        heading: "Result".to_owned(),
        lines,
    }
}

fn answers(session: &SessionRecord, content: &Content) -> SummarySection {
    let mut lines = Vec::new();
    for question in content.questionnaire.questions() {
        for option in questionnaire::chosen_options(question, &session.answers) {
            lines.push(line(&question.prompt, &option.label));
        }
    }
    SummarySection {
        heading: "Answers".to_owned(),
        lines,
    }
}

fn plan(session: &SessionRecord, content: &Content) -> SummarySection {
    let parts = content.safety_plan.parts.iter();
    let lines = parts.filter_map(|part| {
        let words = session.safety_plan.get(&part.id)?;
        Some(line(&part.title, words))
    });
    SummarySection {
        heading: content.safety_plan.title.clone(),
        lines: lines.collect(),
    }
}

fn conversation(messages: &[StoredMessage]) -> SummarySection {
    let lines = messages.iter().map(|message| {
        let who = match message.author {
            Author::Person => "Me:",
            Author::Companion => "Companion:",
        };
        let words = if message.card.is_some() {
            "(helplines and safety steps)"
        } else {
            &message.text
        };
        line(who, words)
    });
    SummarySection {
        heading: "Conversation".to_owned(),
        lines: lines.collect(),
    }
}

/// A person's words on one line, so that they cannot become headings of the summary.
fn inline(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}
