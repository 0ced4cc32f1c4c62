//! The vocabulary of the HTTP API: what the browser sends, what the gateway answers.
//! Only serde types; compiles to WebAssembly. The contract in words is `docs/api.md`.

mod assessment;
mod chat;
mod content;
mod event;
mod problem;
mod questionnaire;
mod safety_plan;
mod session;

pub use assessment::{AssessmentRequest, Contribution, GuidanceStep, Scored};
pub use chat::{
    ChatHistory, ChatMessage, ChatRequest, FeedbackRequest, MessageRole, MessageState, Rating,
};
pub use content::{
    Chart, ChartPoint, Helpline, HelplineContact, HelplineDirectory, Insights, InsightsTopics,
    PointSeries, Statistic, StepSource, TrainingData,
};
pub use event::{
    ClassificationEvent, CrisisEvent, DeltaEvent, DoneEvent, FinishReason, GuardEvent, GuardRoute,
    GuidanceEvent, MetaEvent, StreamEvent, Usage,
};
pub use problem::{CSRF_HEADER, CSRF_HEADER_VALUE, Problem, ProblemHelplines};
pub use questionnaire::{
    AnswersProgress, AnswersRequest, Question, QuestionKind, QuestionOption, Questionnaire, Section,
};
pub use safety_plan::{SafetyPlan, SafetyPlanPart, SafetyPlanRequest};
pub use session::{
    AgeBand, Consent, CreateSession, RecoverSession, RecoveryPhrase, Session, SessionStatus,
    StorageConsent,
};
