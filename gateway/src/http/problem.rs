//! Everything that can go wrong, as RFC 9457 problem details. Causes go to the log; a person reads what
//! happened and what to do. `from_domain` is the one table from domain errors to these.

mod from_domain;

use api_types::{Helpline, Problem};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// A problem on its way to a client.
#[derive(Debug, Clone)]
pub struct HttpProblem {
    kind: &'static str,
    title: &'static str,
    status: StatusCode,
    detail: String,
    retry_after: Option<u32>,
    helplines: Option<Vec<Helpline>>,
}

impl HttpProblem {
    fn new(
        kind: &'static str,
        title: &'static str,
        status: StatusCode,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            title,
            status,
            detail: detail.into(),
            retry_after: None,
            helplines: None,
        }
    }

    /// 400: the request does not have the form that the contract asks for.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(
            "bad-request",
            "The request cannot be read",
            StatusCode::BAD_REQUEST,
            detail,
        )
    }

    /// 422: well formed, but a value cannot be accepted.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(
            "invalid-value",
            "A value cannot be accepted",
            StatusCode::UNPROCESSABLE_ENTITY,
            detail,
        )
    }

    /// 409: the request does not fit where things stand.
    pub fn conflict(kind: &'static str, detail: impl Into<String>) -> Self {
        Self::new(
            kind,
            "The request does not fit the current state",
            StatusCode::CONFLICT,
            detail,
        )
    }

    /// 401: no session, or one that has ended.
    pub fn no_session() -> Self {
        Self::new(
            "no-session",
            "There is no open session",
            StatusCode::UNAUTHORIZED,
            "Your session has ended or was never started. Start again from the first page.",
        )
    }

    /// 403 for children, never without someone to talk to.
    pub fn age_gate(helplines: Vec<Helpline>) -> Self {
        let mut problem = Self::new(
            "age-gate",
            "You are not old enough for this yet",
            StatusCode::FORBIDDEN,
            "This companion is for people of 13 and older, and nothing you wrote was kept. If \
             something online is hurting you, tell an adult you trust. These people listen too.",
        );
        problem.helplines = Some(helplines);
        problem
    }

    /// 403: a request from another site.
    pub fn cross_site() -> Self {
        Self::new(
            "cross-site",
            "The request did not come from this site",
            StatusCode::FORBIDDEN,
            "Requests that change something must come from this site and carry the header \
             X-Requested-With: digital-detox.",
        )
    }

    /// 404.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(
            "not-found",
            "There is nothing here",
            StatusCode::NOT_FOUND,
            detail,
        )
    }

    /// 404 for recovery words that open nothing.
    pub fn unknown_phrase() -> Self {
        Self::new(
            "unknown-phrase",
            "These words open nothing",
            StatusCode::NOT_FOUND,
            "Nothing is kept under these words. They may be misspelt, replaced by newer words, or what they \
             opened was deleted or has expired.",
        )
    }

    /// Any other client error that a layer found, with the status it chose.
    pub fn refused(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::new("request-refused", "The request was refused", status, detail)
    }

    /// 413.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(
            "too-large",
            "The request is too large",
            StatusCode::PAYLOAD_TOO_LARGE,
            detail,
        )
    }

    /// 429.
    pub fn too_many(retry_after: u32) -> Self {
        let mut problem = Self::new(
            "too-many-requests",
            "Too many requests",
            StatusCode::TOO_MANY_REQUESTS,
            format!("Please wait {retry_after} seconds and try again."),
        );
        problem.retry_after = Some(retry_after);
        problem
    }

    /// 500 without a cause.
    pub fn internal() -> Self {
        Self::new(
            "internal",
            "Something went wrong on our side",
            StatusCode::INTERNAL_SERVER_ERROR,
            "Your words were not the reason. Please try again.",
        )
    }

    /// The same problem as an event or a body, with the id that the log line carries.
    #[must_use]
    pub fn with_request_id(self, request_id: &str) -> Problem {
        Problem {
            kind: self.kind.to_owned(),
            title: self.title.to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            request_id: request_id.to_owned(),
            retry_after: self.retry_after,
            helplines: self.helplines,
        }
    }
}

impl IntoResponse for HttpProblem {
    fn into_response(self) -> Response {
        let status = self.status;
        let retry_after = self.retry_after;
        // The request id layer fills the id into the header; the body gets it from the middleware
        // that runs inside it.
        let request_id = crate::http::request_id::current();
        let mut response = (status, Json(self.with_request_id(&request_id))).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
