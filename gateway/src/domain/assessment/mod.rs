//! The screening: themes and levels, how they are scored, and what helps with them.

pub mod guidance;
pub mod score;
pub mod second_opinion;
pub mod stream;

use serde::Deserialize;

/// A theme of the companion. The order is also the order in which ties are resolved: what other
/// people do to someone comes first, "no theme" last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Hurt by others online.
    Cyberbullying,
    /// Use that has got out of hand.
    SocialMediaAddiction,
    /// Being left out, or alone among many contacts.
    SocialIsolation,
    /// No theme stands out.
    Other,
}

impl Topic {
    /// Every topic, in tie order.
    pub const ALL: [Self; 4] = [
        Self::Cyberbullying,
        Self::SocialMediaAddiction,
        Self::SocialIsolation,
        Self::Other,
    ];
    /// The topics that have insights and questions of their own.
    pub const THEMES: [Self; 3] = [
        Self::Cyberbullying,
        Self::SocialMediaAddiction,
        Self::SocialIsolation,
    ];

    /// The name in content files, in the classifier's labels and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cyberbullying => "cyberbullying",
            Self::SocialMediaAddiction => "social_media_addiction",
            Self::SocialIsolation => "social_isolation",
            Self::Other => "other",
        }
    }

    /// The topic of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == name)
    }
}

/// How much a theme weighs on someone. A screening level, not a clinical one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Now and then.
    Mild,
    /// Often enough to matter.
    Moderate,
    /// Most days, or with a sign that someone is not safe.
    Severe,
}

impl Severity {
    /// Every level, from least to most.
    pub const ALL: [Self; 3] = [Self::Mild, Self::Moderate, Self::Severe];

    /// The name in content files, in the classifier's labels and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mild => "mild",
            Self::Moderate => "moderate",
            Self::Severe => "severe",
        }
    }

    /// The level of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_the_same_topic_and_level() {
        for topic in Topic::ALL {
            assert_eq!(Topic::from_name(topic.as_str()), Some(topic));
        }
        for severity in Severity::ALL {
            assert_eq!(Severity::from_name(severity.as_str()), Some(severity));
        }
        assert_eq!(Topic::from_name("anything else"), None);
    }
}
