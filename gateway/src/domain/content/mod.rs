//! Everything a clinician reviews, read from the content folder once at the start. What is wrong in
//! a file stops the gateway with the file's name and the reason; after that, content is valid.

mod check;
mod error;
pub mod guidance;
pub mod helplines;
mod insights;
pub mod prompts;
pub mod questionnaire;
pub mod replies;
pub mod rules_file;
pub mod safety;
pub mod safety_plan;
mod training_data;

use std::{fs, path::Path};

use api_types::{Helpline, HelplineDirectory, Insights, TrainingData};
use serde::de::DeserializeOwned;

pub use self::error::ContentError;
use self::{
    guidance::GuidanceContent,
    helplines::{Emergency, HelplinesFile},
    insights::InsightsFile,
    prompts::Prompts,
    questionnaire::Questionnaire,
    replies::Replies,
    rules_file::RulesFile,
    safety::{CrisisContent, OutputFile},
    safety_plan::SafetyPlanContent,
};
use super::guardrails::{output::OutputGuard, rules::RuleMatcher};

/// All reviewed content.
#[derive(Debug)]
pub struct Content {
    /// Questions with the points behind them.
    pub questionnaire: Questionnaire,
    /// Headlines and steps.
    pub guidance: GuidanceContent,
    /// Figures and charts, one entry a theme.
    pub insights: Vec<Insights>,
    /// What the chat model was trained on, in numbers.
    pub training_data: TrainingData,
    /// Every helpline, as in the file.
    pub helplines: Vec<Helpline>,
    /// Words for immediate danger.
    pub emergency: Vec<Emergency>,
    /// Days after which an entry must have been checked with the service again.
    pub helplines_max_age_days: u32,
    /// Words of the crisis card.
    pub crisis: CrisisContent,
    /// Headings of the safety plan.
    pub safety_plan: SafetyPlanContent,
    /// What to look for in what people write.
    pub rules: RuleMatcher,
    /// What the model must not say.
    pub output: OutputGuard,
    /// Kind refusals and words for when the model cannot answer.
    pub replies: Replies,
    /// System prompts.
    pub prompts: Prompts,
}

impl Content {
    /// Reads and checks every file of the folder.
    ///
    /// # Errors
    /// The first file that is missing, malformed, or says something that does not fit.
    pub fn load(folder: &Path) -> Result<Self, ContentError> {
        let questionnaire: Questionnaire = read_toml(folder, questionnaire::FILE)?;
        let guidance: GuidanceContent = read_toml(folder, guidance::FILE)?;
        let insights: InsightsFile = read_toml(folder, insights::FILE)?;
        let helplines: HelplinesFile = read_toml(folder, helplines::FILE)?;
        let crisis: CrisisContent = read_toml(folder, safety::CRISIS_FILE)?;
        let safety_plan: SafetyPlanContent = read_toml(folder, safety_plan::FILE)?;
        let rules: RulesFile = read_toml(folder, rules_file::FILE)?;
        let output: OutputFile = read_toml(folder, safety::OUTPUT_FILE)?;
        let replies: Replies = read_toml(folder, replies::FILE)?;
        questionnaire.check()?;
        guidance.check()?;
        insights.check()?;
        helplines.check()?;
        crisis.check()?;
        safety_plan.check()?;
        rules.check()?;
        output.check()?;
        replies.check()?;
        Ok(Self {
            questionnaire,
            guidance,
            insights: insights.topics,
            training_data: training_data::read(folder)?,
            helplines: helplines.helplines,
            emergency: helplines.emergency,
            helplines_max_age_days: helplines.max_age_days,
            crisis,
            safety_plan,
            rules: RuleMatcher::compile(rules)
                .map_err(|error| ContentError::invalid(rules_file::FILE, error.to_string()))?,
            output: OutputGuard::compile(&output)
                .map_err(|error| ContentError::invalid(safety::OUTPUT_FILE, error.to_string()))?,
            replies,
            prompts: Prompts::read(folder)?,
        })
    }

    /// Helplines of a country first, then the international directory, with emergency words and
    /// the other countries that have entries. A country without entries gets the directory.
    #[must_use]
    pub fn helplines_for(&self, country: Option<&str>) -> HelplineDirectory {
        helplines::directory(&self.helplines, &self.emergency, country)
    }
}

fn read_text(folder: &Path, name: &str) -> Result<String, ContentError> {
    let file = folder.join(name);
    fs::read_to_string(&file).map_err(|cause| ContentError::Read { file, cause })
}

fn read_toml<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<T, ContentError> {
    toml::from_str(&read_text(folder, name)?).map_err(|error| ContentError::Parse {
        file: folder.join(name),
        message: error.to_string(),
    })
}

#[cfg(test)]
pub(crate) mod tests;
