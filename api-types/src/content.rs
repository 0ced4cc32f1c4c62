//! Reviewed content: insights with sources, helplines.

use serde::{Deserialize, Serialize};

/// Where a claim is known from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepSource {
    /// Short name of the study, guide or organisation.
    pub name: String,
    /// Where it can be opened; none for advice without a study.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// One figure with everything needed to read it honestly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Statistic {
    /// Stable identifier.
    pub id: String,
    /// The sentence.
    pub text: String,
    /// The figure in per cent or the unit.
    pub value: f64,
    /// For example "%".
    pub unit: String,
    /// Whom was asked.
    pub population: String,
    /// When.
    pub year: String,
    /// Who says so.
    pub source: StepSource,
}

/// One bar or point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChartPoint {
    /// Name of the bar or point.
    pub label: String,
    /// Its value.
    pub value: f64,
}

/// Figures of one survey that may stand on one axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Chart {
    /// Stable identifier.
    pub id: String,
    /// Title, with the base of the percentage.
    pub title: String,
    /// Year, population and what to keep in mind.
    pub caption: String,
    /// "bar" or "line".
    pub kind: String,
    /// For example "%".
    pub unit: String,
    /// In order.
    pub points: Vec<ChartPoint>,
    /// Who says so.
    pub source: StepSource,
}

/// Answer to `GET /insights/{topic}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Insights {
    /// For example "cyberbullying".
    pub topic: String,
    /// What the person reads.
    pub title: String,
    /// Two or three sentences: you are not the only one, and things help.
    pub message: String,
    /// Figures.
    pub statistics: Vec<Statistic>,
    /// Charts.
    pub charts: Vec<Chart>,
}

/// Answer to `GET /insights`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InsightsTopics {
    /// Every theme.
    pub topics: Vec<Insights>,
}

/// Points of one group in a plot of two measures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PointSeries {
    /// Name of the group.
    pub name: String,
    /// Pairs of x and y.
    pub points: Vec<[u32; 2]>,
}

/// Answer to `GET /insights/data`: what the chat model was trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrainingData {
    /// Preference pairs in all.
    pub pairs: u32,
    /// Balance of themes and severities, lengths, frequent words.
    pub charts: Vec<Chart>,
    /// Length of messages (x) against length of rejected replies (y) in characters, by theme.
    pub lengths: Vec<PointSeries>,
}

/// One way to reach a helpline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HelplineContact {
    /// "call", "text" or "web".
    pub kind: String,
    /// As a person reads it, for example "text HOME to 741741".
    pub label: String,
    /// Target of a link, for example "tel:988".
    pub href: String,
}

/// A service with people who listen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Helpline {
    /// Stable identifier.
    pub id: String,
    /// ISO 3166-1 alpha-2, or "INTL".
    pub country: String,
    /// Name of the service.
    pub name: String,
    /// Whom it is for and when it is open.
    pub description: String,
    /// Ways to reach it.
    pub contacts: Vec<HelplineContact>,
    /// Where the entry was seen.
    pub source_url: String,
    /// When a person checked it live (RFC 3339 date); none when nobody has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<String>,
    /// Codes of the concerns that it is made for, for example "extortion"; empty when it is for anyone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concerns: Vec<String>,
}

/// Answer to `GET /helplines`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HelplineDirectory {
    /// The country that was asked for, when it is known here.
    pub country: Option<String>,
    /// Of that country, then the international directory.
    pub helplines: Vec<Helpline>,
    /// Emergency number words, for example "In immediate danger call 112".
    pub emergency: String,
    /// The other countries with entries (ISO 3166-1 alpha-2).
    pub countries: Vec<String>,
}
