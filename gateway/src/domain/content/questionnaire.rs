//! `questionnaire.toml`: the questions with the points behind their options.

use serde::Deserialize;

use super::{
    ContentError,
    check::{not_blank, unique},
};
use crate::domain::assessment::Topic;

/// Name inside the content folder.
pub(super) const FILE: &str = "questionnaire.toml";
/// Most points that one option can give.
pub const MAXIMUM_POINTS: u8 = 4;

/// All questions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Questionnaire {
    /// Changes whenever an answer could mean something else.
    pub version: String,
    /// In order.
    pub sections: Vec<Section>,
}

/// Questions shown as one step.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Stable identifier.
    pub id: String,
    /// What the person reads.
    pub title: String,
    /// In order.
    pub questions: Vec<Question>,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Unique within the questionnaire.
    pub id: String,
    /// How many options may be chosen.
    pub kind: QuestionKind,
    /// What the person reads.
    pub prompt: String,
    /// A second, smaller line.
    pub help: Option<String>,
    /// The assessment needs an answer.
    pub required: bool,
    /// One of the product's first five questions, kept word for word.
    #[serde(default)]
    pub seed: bool,
    /// What it measures, for reviewers.
    pub construct: Option<String>,
    /// In order.
    pub options: Vec<QuestionOption>,
}

/// How many options may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// Exactly one.
    Single,
    /// Any number.
    Multi,
    /// Exactly one, ordered from least to most.
    Scale,
}

/// One possible answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuestionOption {
    /// Unique within the question.
    pub id: String,
    /// What the person reads.
    pub label: String,
    /// What it counts for.
    #[serde(default)]
    pub points: Points,
    /// Asks for help at once.
    pub flag: Option<Flag>,
}

/// An answer that asks for help at once. Ordered: a crisis weighs more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Answer warmly, watch closely.
    Distress,
    /// Show the crisis card with the assessment.
    Crisis,
}

/// Points of one option, 0 to [`MAXIMUM_POINTS`] each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Points {
    /// Towards cyberbullying.
    pub cyberbullying: u8,
    /// Towards social media addiction.
    pub social_media_addiction: u8,
    /// Towards social isolation.
    pub social_isolation: u8,
    /// Towards severity.
    pub severity: u8,
}

impl Points {
    /// Points towards a topic; `Other` has none.
    #[must_use]
    pub const fn topic(self, topic: Topic) -> u8 {
        match topic {
            Topic::Cyberbullying => self.cyberbullying,
            Topic::SocialMediaAddiction => self.social_media_addiction,
            Topic::SocialIsolation => self.social_isolation,
            Topic::Other => 0,
        }
    }

    fn all(self) -> [u8; 4] {
        [
            self.cyberbullying,
            self.social_media_addiction,
            self.social_isolation,
            self.severity,
        ]
    }
}

impl Questionnaire {
    /// Every question, in order.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.sections.iter().flat_map(|section| &section.questions)
    }

    /// The question with this id.
    #[must_use]
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.questions().find(|question| question.id == id)
    }

    pub(super) fn check(&self) -> Result<(), ContentError> {
        not_blank(FILE, "version", &self.version)?;
        unique(
            FILE,
            "section",
            self.sections.iter().map(|section| section.id.as_str()),
        )?;
        unique(
            FILE,
            "question",
            self.questions().map(|question| question.id.as_str()),
        )?;
        if self.questions().next().is_none() {
            return Err(ContentError::invalid(FILE, "there are no questions"));
        }
        for theme in Topic::THEMES {
            let asked = self.questions().any(|question| question.is_about(theme));
            if !asked {
                let reason = format!("no question gives points to {}", theme.as_str());
                return Err(ContentError::invalid(FILE, reason));
            }
        }
        self.questions().try_for_each(Question::check)
    }
}

impl Question {
    /// The option with this id.
    #[must_use]
    pub fn option(&self, id: &str) -> Option<&QuestionOption> {
        self.options.iter().find(|option| option.id == id)
    }

    /// Whether any of its options gives points to the topic.
    #[must_use]
    pub fn is_about(&self, topic: Topic) -> bool {
        self.options
            .iter()
            .any(|option| option.points.topic(topic) > 0)
    }

    fn check(&self) -> Result<(), ContentError> {
        not_blank(
            FILE,
            &format!("prompt of question {:?}", self.id),
            &self.prompt,
        )?;
        let what = format!("option of question {:?}", self.id);
        unique(
            FILE,
            &what,
            self.options.iter().map(|option| option.id.as_str()),
        )?;
        if self.options.len() < 2 {
            let reason = format!("question {:?} needs at least two options", self.id);
            return Err(ContentError::invalid(FILE, reason));
        }
        for option in &self.options {
            not_blank(
                FILE,
                &format!("label of {what} {:?}", option.id),
                &option.label,
            )?;
            if option
                .points
                .all()
                .iter()
                .any(|points| *points > MAXIMUM_POINTS)
            {
                let reason = format!(
                    "{what} {:?} has more than {MAXIMUM_POINTS} points",
                    option.id
                );
                return Err(ContentError::invalid(FILE, reason));
            }
        }
        Ok(())
    }
}
