//! Errors as RFC 9457 problem details.

use serde::{Deserialize, Serialize};

use crate::content::Helpline;

/// Header that every state-changing request carries, against cross-site requests.
pub const CSRF_HEADER: &str = "x-requested-with";
/// Its only accepted value.
pub const CSRF_HEADER_VALUE: &str = "digital-detox";

/// `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Stable code of the kind of problem, for example "age-gate".
    #[serde(rename = "type")]
    pub kind: String,
    /// Short and the same for every problem of the kind.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What happened and what to do; without internals and without words of the person.
    pub detail: String,
    /// To name when asking for help.
    pub request_id: String,
    /// Seconds to wait before trying again, when waiting helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// Shown with the age gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helplines: Option<ProblemHelplines>,
}

/// Helplines inside a problem, so that nobody is turned away without one.
pub type ProblemHelplines = Vec<Helpline>;
