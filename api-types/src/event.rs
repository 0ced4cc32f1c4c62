//! The event stream of assessments and chat. Each event is sent as `event: <name>` with one line of
//! JSON as `data:`; a stream ends with exactly one `done` or `error`.

use serde::{Deserialize, Serialize};

use crate::{
    assessment::{Contribution, GuidanceStep, Scored},
    content::Helpline,
    problem::Problem,
};

/// First event: which answer this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MetaEvent {
    /// The turn.
    pub turn_id: String,
    /// This answer of the turn.
    pub variant_id: String,
    /// The model that answers, or "none" when fixed words do.
    pub model: String,
    /// Hash of the reviewed prompt that frames the answer.
    pub prompt_hash: String,
    /// Time spent waiting for the model, in milliseconds.
    pub queued_ms: u32,
}

/// What the screening found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClassificationEvent {
    /// Theme.
    pub topic: Scored,
    /// Mild, moderate or severe.
    pub severity: Scored,
    /// What each answer added.
    pub contributions: Vec<Contribution>,
    /// False when the classifier could not be asked and only the answers counted.
    pub classifier_used: bool,
}

/// What helps, from reviewed content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuidanceEvent {
    /// For example "Problem diagnosed: cyberbullying".
    pub headline: String,
    /// Says that this is a screening, not a diagnosis.
    pub summary: String,
    /// Three to five.
    pub steps: Vec<GuidanceStep>,
    /// The topic to ask `GET /insights/{topic}` for.
    pub insights: String,
}

/// How a message was routed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GuardRoute {
    /// Fixed words and helplines; the model is not asked.
    Crisis,
    /// Kindly declined; the model is not asked.
    Decline,
    /// Who can answer this instead, in fixed words; the model is not asked.
    Redirect,
    /// One neutral question, in fixed words; the model is not asked.
    CheckIn,
    /// Answered in a warmer frame, with resources.
    Support,
    /// Answered.
    Answer,
}

/// The route with the reasons for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuardEvent {
    /// The route.
    pub route: GuardRoute,
    /// Codes of the rules and labels that decided, never words of the person.
    pub reasons: Vec<String>,
}

/// The crisis card. No delta follows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CrisisEvent {
    /// Reviewed words.
    pub message: String,
    /// The person's country first, then the international directory.
    pub helplines: Vec<Helpline>,
    /// What to do now, in order.
    pub safety_steps: Vec<String>,
}

/// Text that passed the output guard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeltaEvent {
    /// Whole sentences or clauses.
    pub text: String,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// It was complete.
    Stop,
    /// The length limit was reached.
    Length,
    /// The output guard, or fixed words, ended it.
    Guarded,
    /// The person stopped it, or the server is closing.
    Cancelled,
}

/// Tokens used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Tokens generated.
    pub completion_tokens: u32,
}

/// Last event of a stream that went well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DoneEvent {
    /// Why it ended.
    pub finish: FinishReason,
    /// Zero when the model was not asked.
    pub usage: Usage,
    /// From the request to the first delta, in milliseconds; none without a delta.
    pub ttft_ms: Option<u32>,
    /// From the request to the end, in milliseconds.
    pub total_ms: u32,
    /// The person has been here for three hours: offer a break, without pressing.
    #[serde(default)]
    pub take_a_break: bool,
}

/// Any event of a stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum StreamEvent {
    /// First event.
    Meta(MetaEvent),
    /// Assessments only.
    Classification(ClassificationEvent),
    /// Assessments only.
    Guidance(GuidanceEvent),
    /// How the words were routed.
    Guard(GuardEvent),
    /// The crisis card.
    Crisis(CrisisEvent),
    /// Text.
    Delta(DeltaEvent),
    /// The end.
    Done(DoneEvent),
    /// The end, with a problem.
    Error(Problem),
}

impl StreamEvent {
    /// The name that stands in the `event:` line.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Meta(_) => "meta",
            Self::Classification(_) => "classification",
            Self::Guidance(_) => "guidance",
            Self::Guard(_) => "guard",
            Self::Crisis(_) => "crisis",
            Self::Delta(_) => "delta",
            Self::Done(_) => "done",
            Self::Error(_) => "error",
        }
    }

    /// True for the event that ends a stream.
    #[must_use]
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Done(_) | Self::Error(_))
    }
}
