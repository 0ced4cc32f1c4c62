//! The system prompts of content/prompts, filled as the gateway fills them. Which frame and which name
//! an example gets follows from its id, so that a run can be repeated.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};
use serde::Deserialize;

/// Names of many places; the model must not learn one.
const NAMES: [&str; 24] = [
    "Asha", "Ben", "Chidi", "Dana", "Emeka", "Farah", "Giulia", "Hugo", "Ines", "Jamal", "Kofi",
    "Lena", "Mei", "Noor", "Omar", "Priya", "Quinn", "Rosa", "Sam", "Tomasz", "Uma", "Viktor",
    "Wanjiru", "Zoe",
];

/// The files of the frames.
pub const FRAME_FILES: [&str; 4] = ["companion.md", "support.md", "assessment.md", "manner.toml"];

/// The reviewed frames.
pub struct Frames {
    companion: String,
    support: String,
    assessment: String,
    manner: Manner,
}

/// `manner.toml`; see the gateway's prompts.
#[derive(Deserialize)]
struct Manner {
    theme: BTreeMap<String, String>,
    severity: BTreeMap<String, String>,
    mood: BTreeMap<String, String>,
}

impl Frames {
    /// Reads companion.md, support.md, assessment.md and manner.toml.
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
        let [companion, support, assessment, manner] = FRAME_FILES;
        Ok(Self {
            companion: read(companion)?,
            support: read(support)?,
            assessment: read(assessment)?,
            manner: toml::from_str(&read(manner)?).with_context(|| manner.to_owned())?,
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
        // People who write here are mostly not well; the mood itself is not in the data.
        let manner = [
            self.manner.theme.get(&category.replace(' ', "_")),
            self.manner.severity.get(severity),
            self.manner.mood.get("negative"),
        ];
        let manner: Vec<&str> = manner.into_iter().flatten().map(String::as_str).collect();
        let frame = format!("{frame}\n\n{}", manner.join(" "));
        frame
            .replace("{name}", name)
            .replace("{topic}", topic)
            .replace("{severity}", severity)
    }
}
