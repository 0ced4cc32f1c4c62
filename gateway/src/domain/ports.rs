//! What the domain needs from the outside: a classifier, a generator and a store. The clients and
//! stores rooms implement these; the domain never learns how.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use futures::stream::BoxStream;

use super::{
    chat::prompt::PromptMessage,
    session::{
        NewMessage, SessionAccess, SessionChange, SessionId, SessionRecord, SessionSecret,
        StoredMessage, TurnFeedback,
    },
};

/// A peer could not do its part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// It has more work than it accepts; waiting helps.
    #[error("the service is at its limit")]
    Overloaded,
    /// It cannot be reached, or is not ready.
    #[error("the service cannot be reached")]
    Unavailable,
    /// It took longer than it may.
    #[error("the service took too long")]
    Timeout,
    /// The words and the conversation together are longer than the model can read.
    #[error("the conversation is longer than the model can read")]
    TooLong,
    /// It answered in a way that cannot be used.
    #[error("the service answered with an error")]
    Failed,
}

/// One head of the classifier on one text.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadScores {
    /// Most probable label.
    pub label: String,
    /// Label to probability; they sum to 1.
    pub scores: BTreeMap<String, f64>,
}

impl HeadScores {
    /// Probability of a label; 0 for a label that the head does not have.
    #[must_use]
    pub fn probability(&self, label: &str) -> f64 {
        self.scores.get(label).copied().unwrap_or(0.0)
    }
}

/// All heads on one text: head name to scores.
pub type Classification = BTreeMap<String, HeadScores>;

/// Labels texts.
#[async_trait]
pub trait TextClassifier: Send + Sync {
    /// Classifies each text with all heads; answers are in the order of the texts.
    ///
    /// # Errors
    /// The service is unreachable, overloaded or too slow.
    async fn classify(&self, texts: Vec<String>) -> Result<Vec<Classification>, PeerError>;

    /// Whether the service answers.
    async fn is_ready(&self) -> bool;
}

/// Why generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GenerationEnd {
    /// The model ended its turn.
    Stop,
    /// The length limit was reached.
    Length,
}

/// What a generator sends, in this order: one `Started`, deltas, one `Finished`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GenerationEvent {
    /// The request has a sequence of its own.
    Started {
        /// Time spent waiting for it.
        queued: Duration,
        /// Name of the model.
        model: String,
    },
    /// More text, whole characters.
    Delta(String),
    /// The end.
    Finished {
        /// Why.
        end: GenerationEnd,
        /// Tokens of the prompt.
        prompt_tokens: u32,
        /// Tokens generated.
        completion_tokens: u32,
    },
}

/// A reply while it is generated. Dropping it stops the generation.
pub type Generation = BoxStream<'static, Result<GenerationEvent, PeerError>>;

/// Writes replies.
#[async_trait]
pub trait TextGenerator: Send + Sync {
    /// Starts a reply of at most `max_tokens` tokens.
    ///
    /// # Errors
    /// The service refuses at once: overloaded, unreachable, or the prompt is too long.
    async fn generate(
        &self,
        prompt: Vec<PromptMessage>,
        max_tokens: u32,
    ) -> Result<Generation, PeerError>;

    /// Which of `options` fits a prompt best, as its position.
    ///
    /// # Errors
    /// As [`Self::generate`], or the answer is none of the options.
    async fn choose(
        &self,
        prompt: Vec<PromptMessage>,
        options: Vec<String>,
    ) -> Result<usize, PeerError>;

    /// Tokens that prompt and reply may take together, once the service has said so.
    async fn context_length(&self) -> Option<u32>;

    /// Whether the service answers.
    async fn is_ready(&self) -> bool;
}

/// The store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Trying again later may help.
    #[error("the database cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The session was removed meanwhile.
    #[error("the session was removed")]
    Gone,
    /// A row does not open, or does not have the form that this version writes.
    #[error("a stored record cannot be read: {0}")]
    Corrupt(&'static str),
}

/// Keeps what a person agreed to have kept. Times are milliseconds since the Unix epoch. What a person said or
/// wrote can be read only with the key in [`SessionAccess`]; the safety state needs none, so that it survives.
#[async_trait]
pub trait Store: Send + Sync {
    /// Adds a session that `secret` opens.
    async fn create_session(
        &self,
        session: &SessionRecord,
        secret: &SessionSecret,
    ) -> Result<(), StoreError>;
    /// The session that a secret opens, unless it expired before `now_ms`.
    async fn open_session(
        &self,
        secret: &SessionSecret,
        now_ms: i64,
    ) -> Result<Option<SessionRecord>, StoreError>;
    /// Lets one more secret open the session, and gives the identifier of this way in.
    async fn add_secret(
        &self,
        access: &SessionAccess,
        secret: &SessionSecret,
        now_ms: i64,
    ) -> Result<Vec<u8>, StoreError>;
    /// Closes a way in.
    async fn remove_secret(&self, id: SessionId, lookup: &[u8]) -> Result<(), StoreError>;
    /// Moves the expiry further away; it never comes closer, whatever the clock does.
    async fn extend_session(&self, id: SessionId, expires_ms: i64) -> Result<(), StoreError>;
    /// Puts a change over the newest record and gives the record then.
    async fn change_session(
        &self,
        access: &SessionAccess,
        change: SessionChange,
    ) -> Result<SessionRecord, StoreError>;
    /// Raises the safety state; another writer's higher state is never lowered.
    async fn raise_safety(&self, id: SessionId, state: i64) -> Result<(), StoreError>;
    /// Lowers the safety state from `from` to `to` after a clarification; a state that is another one by
    /// now stays as it is.
    async fn settle_safety(&self, id: SessionId, from: i64, to: i64) -> Result<(), StoreError>;
    /// Removes the session and everything that belongs to it, from the file as well as from its logs.
    async fn delete_session(&self, id: SessionId) -> Result<(), StoreError>;
    /// Adds a message at the end of the conversation and gives its sequence number.
    async fn append_message(
        &self,
        access: &SessionAccess,
        message: &NewMessage,
    ) -> Result<i64, StoreError>;
    /// Replaces the message with this sequence number; nothing happens when it was deleted.
    async fn replace_message(
        &self,
        access: &SessionAccess,
        sequence: i64,
        message: &NewMessage,
    ) -> Result<(), StoreError>;
    /// The conversation, oldest first.
    async fn conversation(&self, access: &SessionAccess) -> Result<Vec<StoredMessage>, StoreError>;
    /// Removes the conversation; the session and its safety state stay.
    async fn delete_conversation(&self, id: SessionId) -> Result<(), StoreError>;
    /// Keeps what a person thought of an answer; false when the turn is not theirs.
    async fn save_feedback(
        &self,
        access: &SessionAccess,
        feedback: &TurnFeedback,
    ) -> Result<bool, StoreError>;
    /// What a person thought of the answers: the newest opinion of each turn.
    async fn feedback(&self, access: &SessionAccess) -> Result<Vec<TurnFeedback>, StoreError>;
    /// Removes what expired before `now_ms`; gives the number of sessions.
    async fn sweep(&self, now_ms: i64) -> Result<u64, StoreError>;
    /// Whether the database answers.
    async fn is_ready(&self) -> bool;
}
