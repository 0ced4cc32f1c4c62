//! The system prompts of content/prompts, filled as the gateway fills them. Which frame and which name
//! an example gets follows from its id, so that a run can be repeated.

use std::{fs, path::Path};

use anyhow::{Context, Result};

/// Names of many places; the model must not learn one.
const NAMES: [&str; 24] = [
    "Asha", "Ben", "Chidi", "Dana", "Emeka", "Farah", "Giulia", "Hugo", "Ines", "Jamal", "Kofi",
    "Lena", "Mei", "Noor", "Omar", "Priya", "Quinn", "Rosa", "Sam", "Tomasz", "Uma", "Viktor",
    "Wanjiru", "Zoe",
];

/// The files of the frames.
pub const FRAME_FILES: [&str; 3] = ["companion.md", "support.md", "assessment.md"];

/// The reviewed frames.
pub struct Frames {
    companion: String,
    support: String,
    assessment: String,
}

impl Frames {
    /// Reads companion.md, support.md and assessment.md.
    ///
    /// # Errors
    /// One cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            let text = fs::read_to_string(&path);
            let text = text.with_context(|| format!("cannot read {}", path.display()))?;
            anyhow::Ok(text.trim().to_owned())
        };
        let [companion, support, assessment] = FRAME_FILES;
        Ok(Self {
            companion: read(companion)?,
            support: read(support)?,
            assessment: read(assessment)?,
        })
    }

    /// The system prompt of an example. What is severe gets the gentle frame; of the rest one in four
    /// gets the frame of the assessment's text, and one in four of what is moderate the gentle one.
    #[must_use]
    pub fn system(&self, id: &str, category: &str, severity: &str) -> String {
        let number = id.bytes().fold(7_u64, |hash, byte| {
            hash.wrapping_mul(31).wrapping_add(u64::from(byte))
        });
        let frame = match (severity, number / 24 % 4) {
            ("severe", 1..) | ("moderate", 1) => &self.support,
            (_, 0) => &self.assessment,
            _ => &self.companion,
        };
        let name = NAMES[usize::try_from(number % 24).unwrap_or_default()];
        let topic = match category {
            "" | "other" => "no single theme",
            topic => topic,
        };
        frame
            .replace("{name}", name)
            .replace("{topic}", topic)
            .replace("{severity}", severity)
    }
}
