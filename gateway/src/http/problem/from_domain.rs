//! The one table from domain errors to HTTP.

use axum::http::StatusCode;

use super::HttpProblem;
use crate::domain::{
    chat::{admission::Refusal, events::TurnError, message::MessageError},
    ports::{PeerError, StoreError},
    questionnaire::AnswersError,
    safety_plan::PlanError,
    session::{SessionError, recovery::PhraseError},
};

impl From<SessionError> for HttpProblem {
    fn from(error: SessionError) -> Self {
        Self::invalid(format!("{error}."))
    }
}

impl From<AnswersError> for HttpProblem {
    fn from(error: AnswersError) -> Self {
        match error {
            AnswersError::StaleVersion { .. } => {
                Self::conflict("stale-questionnaire", format!("{error}."))
            }
            // What was sent is not repeated: it could be words of the person.
            AnswersError::UnknownQuestion(_) => Self::invalid(
                "An answer names a question that does not exist. GET /api/v1/questionnaire lists \
                 them.",
            ),
            AnswersError::UnknownOption { .. } | AnswersError::RepeatedOption { .. } => {
                Self::invalid(
                    "An answer names an option that its question does not have, or names one \
                     twice. GET /api/v1/questionnaire lists them.",
                )
            }
            AnswersError::OneOptionOnly(_) => {
                Self::invalid("A question that takes one option was answered with several.")
            }
        }
    }
}

impl From<PhraseError> for HttpProblem {
    fn from(error: PhraseError) -> Self {
        Self::invalid(format!("{error}."))
    }
}

impl From<PlanError> for HttpProblem {
    fn from(error: PlanError) -> Self {
        Self::invalid(format!("{error}."))
    }
}

impl From<MessageError> for HttpProblem {
    fn from(error: MessageError) -> Self {
        Self::invalid(format!("{error}."))
    }
}

impl From<StoreError> for HttpProblem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => {
                tracing::error!(%cause, "the database failed");
                let mut problem = Self::new(
                    "store-unavailable",
                    "Nothing can be saved right now",
                    StatusCode::SERVICE_UNAVAILABLE,
                    "Please try again in a few seconds. The helplines work all the time.",
                );
                problem.retry_after = Some(5);
                problem
            }
            StoreError::Gone => Self::no_session(),
            StoreError::Corrupt(what) => {
                tracing::error!(what, "a stored record cannot be read");
                Self::internal()
            }
        }
    }
}

impl From<TurnError> for HttpProblem {
    fn from(error: TurnError) -> Self {
        match error {
            TurnError::Peer(error) => error.into(),
            TurnError::Store(error) => error.into(),
            TurnError::Refused(refusal) => refusal.into(),
            TurnError::NothingToRegenerate => Self::conflict(
                "nothing-to-regenerate",
                "There is no message of yours to answer again.",
            ),
        }
    }
}

impl From<Refusal> for HttpProblem {
    fn from(refusal: Refusal) -> Self {
        let seconds = u32::try_from(refusal.wait().as_secs()).unwrap_or(u32::MAX);
        Self::too_many(seconds.saturating_add(1))
    }
}

impl From<PeerError> for HttpProblem {
    fn from(error: PeerError) -> Self {
        let (kind, title, status, detail, retry_after) = match error {
            PeerError::Overloaded => (
                "companion-busy",
                "The companion is busy",
                StatusCode::TOO_MANY_REQUESTS,
                "Many people are talking to the companion right now. Please try again in a moment.",
                Some(5),
            ),
            PeerError::TooLong => (
                "too-long",
                "That is more than the companion can read",
                StatusCode::UNPROCESSABLE_ENTITY,
                "Please send a shorter message.",
                None,
            ),
            PeerError::Timeout | PeerError::Unavailable | PeerError::Failed => (
                "companion-unavailable",
                "The companion cannot answer right now",
                StatusCode::SERVICE_UNAVAILABLE,
                "Your message is kept. Please try again in a moment; the helplines work all the \
                 time.",
                Some(5),
            ),
        };
        let mut problem = Self::new(kind, title, status, detail);
        problem.retry_after = retry_after;
        problem
    }
}
