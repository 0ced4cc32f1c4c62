//! The conversation.

use serde::{Deserialize, Serialize};

use crate::event::{CrisisEvent, GuardRoute};

/// Body of `POST /chat`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChatRequest {
    /// 1 to 4,000 characters.
    pub message: String,
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MessageRole {
    /// The person.
    User,
    /// The companion.
    Assistant,
}

/// How a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// Whole.
    Complete,
    /// The person stopped it, or the connection broke.
    Cancelled,
    /// Something failed before it was whole.
    CutOff,
}

/// One message of the conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChatMessage {
    /// The turn it belongs to; a message and its answer share one.
    pub turn_id: String,
    /// Which answer of the turn this is; regenerating makes a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant_id: Option<String>,
    /// Who wrote it.
    pub role: MessageRole,
    /// The words. Empty when `crisis` is set.
    pub text: String,
    /// How it ended.
    pub state: MessageState,
    /// How the turn was routed (answers only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<GuardRoute>,
    /// The crisis card that was shown instead of words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crisis: Option<CrisisEvent>,
    /// RFC 3339.
    pub at: String,
}

/// Answer to `GET /chat`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChatHistory {
    /// Oldest first.
    pub messages: Vec<ChatMessage>,
}

/// What the person thought of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Rating {
    /// It helped.
    Up,
    /// It did not.
    Down,
}

/// Body of `POST /feedback`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FeedbackRequest {
    /// The turn that is rated.
    pub turn_id: String,
    /// What the person thought.
    pub rating: Rating,
    /// The answer that was preferred among several of the turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefer: Option<String>,
}
