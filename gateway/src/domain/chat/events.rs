//! What a turn or an assessment tells the person who waits for it, step by step. The last event is
//! `Done` or `Failed`.

use std::time::Duration;

use uuid::Uuid;

use super::admission::Refusal;
use crate::domain::{
    assessment::guidance::Guidance,
    assessment::score::AssessmentScore,
    guardrails::{crisis::CrisisCard, decide::Route},
    ports::{PeerError, StoreError},
};

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnEnd {
    /// It was complete.
    Stop,
    /// The length limit was reached.
    Length,
    /// Reviewed words took the place of the model's.
    Guarded,
    /// The person stopped it, or the server is closing.
    Cancelled,
}

impl TurnEnd {
    /// Name in metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::Guarded => "guarded",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why a turn could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    /// A peer could not do its part.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The session or its client has used up what it may.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no message to answer again.
    #[error("there is no message to answer again")]
    NothingToRegenerate,
}

/// One event of a turn.
pub enum TurnEvent {
    /// Which answer this is.
    Meta {
        /// The turn.
        turn_id: Uuid,
        /// This answer of the turn.
        variant_id: Uuid,
        /// Name of the model; none when reviewed words answer.
        model: Option<String>,
        /// Hash of the prompt that frames the answer.
        prompt_hash: String,
        /// Time spent waiting for the model.
        queued: Duration,
    },
    /// What the screening found.
    Classification {
        /// Theme, severity and contributions.
        score: AssessmentScore,
        /// False when only the answers counted.
        classifier_used: bool,
    },
    /// What helps.
    Guidance(Guidance),
    /// How the words were routed.
    Guard {
        /// The route.
        route: Route,
        /// Codes, never words.
        reasons: Vec<String>,
    },
    /// The crisis card.
    Crisis(CrisisCard),
    /// Text that passed the output guard.
    Delta(String),
    /// The end.
    Done {
        /// Why.
        end: TurnEnd,
        /// Tokens of the prompt.
        prompt_tokens: u32,
        /// Tokens generated.
        completion_tokens: u32,
        /// From the request to the first delta.
        first_delta: Option<Duration>,
        /// From the request to the end.
        total: Duration,
        /// The person has been here for hours.
        take_a_break: bool,
    },
    /// The end, without an answer.
    Failed(TurnError),
}
