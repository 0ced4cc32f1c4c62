//! What a person reads after the screening: a headline, what it means, and three to five steps,
//! all from reviewed content.

use api_types::StepSource;

use super::{Severity, Topic};
use crate::domain::content::guidance::GuidanceContent;

/// Fewest steps that are shown.
pub const MINIMUM_STEPS: usize = 3;
/// Most steps that are shown; more would not be read.
pub const MAXIMUM_STEPS: usize = 5;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What to do.
    pub title: String,
    /// Why it helps.
    pub why: String,
    /// Where this is known from.
    pub source: StepSource,
}

/// What is shown for a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guidance {
    /// For example "Problem diagnosed: cyberbullying".
    pub headline: String,
    /// Says that this is a screening, not a diagnosis.
    pub summary: String,
    /// Three to five.
    pub steps: Vec<Step>,
    /// The theme whose insights fit best.
    pub insights: String,
}

/// Chooses what is shown for a topic and a level, by name. Steps of the level itself come first;
/// when they are fewer than five, steps of the next lower level follow, because what helps early
/// still helps late. An unknown topic is taken as no theme, an unknown level as the lowest.
#[must_use]
pub fn choose(content: &GuidanceContent, topic: &str, severity: &str) -> Guidance {
    let topic = Topic::from_name(topic).unwrap_or(Topic::Other);
    let severity = Severity::from_name(severity).unwrap_or(Severity::Mild);
    let text = content.topics.get(&topic);
    Guidance {
        headline: text.map(|text| text.headline.clone()).unwrap_or_default(),
        summary: text.map(|text| text.summary.clone()).unwrap_or_default(),
        steps: steps(content, topic, severity),
        insights: insights_topic(topic).as_str().to_owned(),
    }
}

/// The steps for a topic and a level, most fitting first.
#[must_use]
pub fn steps(content: &GuidanceContent, topic: Topic, severity: Severity) -> Vec<Step> {
    Severity::ALL
        .into_iter()
        .rev()
        .filter(|level| *level <= severity)
        .flat_map(|level| {
            content
                .steps
                .iter()
                .filter(move |step| step.topic == topic && step.severity == level)
        })
        .take(MAXIMUM_STEPS)
        .map(|step| Step {
            title: step.title.clone(),
            why: step.why.clone(),
            source: step.source.clone(),
        })
        .collect()
}

/// Without a theme, figures about everyday use say the most to the most people.
const fn insights_topic(topic: Topic) -> Topic {
    match topic {
        Topic::Other => Topic::SocialMediaAddiction,
        theme => theme,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::content::guidance::GuidanceStep;

    fn content() -> GuidanceContent {
        let step = |id: &str, severity| GuidanceStep {
            id: id.to_owned(),
            topic: Topic::Cyberbullying,
            severity,
            title: id.to_owned(),
            why: "why".to_owned(),
            source: StepSource {
                name: "someone".to_owned(),
                url: None,
            },
        };
        GuidanceContent {
            topics: BTreeMap::new(),
            steps: vec![
                step("mild-1", Severity::Mild),
                step("mild-2", Severity::Mild),
                step("mild-3", Severity::Mild),
                step("moderate-1", Severity::Moderate),
                step("moderate-2", Severity::Moderate),
                step("severe-1", Severity::Severe),
            ],
        }
    }

    #[test]
    fn a_level_shows_its_own_steps_before_those_of_lower_levels() {
        let titles = |severity| -> Vec<String> {
            steps(&content(), Topic::Cyberbullying, severity)
                .into_iter()
                .map(|step| step.title)
                .collect()
        };
        assert_eq!(titles(Severity::Mild), ["mild-1", "mild-2", "mild-3"]);
        assert_eq!(
            titles(Severity::Severe),
            ["severe-1", "moderate-1", "moderate-2", "mild-1", "mild-2"]
        );
    }

    #[test]
    fn without_a_theme_there_are_still_insights_to_show() {
        assert_eq!(
            choose(&content(), "other", "mild").insights,
            "social_media_addiction"
        );
        assert_eq!(
            choose(&content(), "gone", "gone").insights,
            "social_media_addiction"
        );
        assert_eq!(
            choose(&content(), "social_isolation", "mild").insights,
            "social_isolation"
        );
    }
}
