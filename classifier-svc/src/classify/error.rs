//! Why a text was not classified. Texts are named by their position, never quoted.

/// Errors of a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClassifyError {
    /// A batch without texts.
    #[error("the request has no texts")]
    NoTexts,
    /// A text that is empty or only white space.
    #[error("text {position} is empty")]
    EmptyText {
        /// From 0.
        position: usize,
    },
    /// A text beyond the limit.
    #[error("text {position} has {bytes} bytes, the limit is {limit}")]
    TextTooLong {
        /// From 0.
        position: usize,
        /// Its length.
        bytes: usize,
        /// The longest that is taken.
        limit: usize,
    },
    /// A batch beyond the limit.
    #[error("the request has {count} texts, the limit is {limit}")]
    TooManyTexts {
        /// How many came.
        count: usize,
        /// The most that is taken.
        limit: usize,
    },
    /// A head that the model does not have.
    #[error("unknown head at position {position}; the model has: {known}")]
    UnknownHead {
        /// From 0, in the request's list.
        position: usize,
        /// What there is, separated by commas.
        known: String,
    },
    /// No place in the queue.
    #[error("the queue is full")]
    QueueFull,
    /// The caller's deadline passed before the text's turn came or its batch ended.
    #[error("the deadline has passed")]
    DeadlineExceeded,
    /// The service is ending.
    #[error("the service is shutting down")]
    ShuttingDown,
    /// The model failed.
    #[error("the model could not classify")]
    Failed,
}
