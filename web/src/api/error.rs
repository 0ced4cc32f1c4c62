//! What can go wrong between the browser and the gateway, and how it is told to a person.
//! In: a problem document or a broken connection. Out: a [`Problem`] with words that help.

use api_types::Problem;

/// Why a call gave no answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ApiError {
    /// The gateway explained what is wrong.
    Problem(Box<Problem>),
    /// No answer came: offline, refused, or too slow.
    Unreachable,
    /// An answer came that this page does not understand.
    Unreadable,
    /// A stream ended before its last event.
    Interrupted,
    /// The person stopped it.
    Stopped,
}

impl ApiError {
    /// True when there is no session (any more): the person starts at the welcome page.
    pub(crate) fn session_missing(&self) -> bool {
        matches!(self, Self::Problem(problem) if problem.status == 401)
    }

    /// True when the answers belong to an older questionnaire.
    pub(crate) fn conflict(&self) -> bool {
        matches!(self, Self::Problem(problem) if problem.status == 409)
    }

    /// The words to show.
    pub(crate) fn into_problem(self) -> Problem {
        match self {
            Self::Problem(problem) => *problem,
            Self::Unreachable => local(
                "unreachable",
                "We could not reach the server",
                "Check your connection and try again. Nothing you wrote here is lost.",
            ),
            Self::Unreadable => local(
                "unreadable",
                "We did not understand the answer",
                "Reload the page and try again.",
            ),
            Self::Interrupted => local(
                "interrupted",
                "The connection was lost",
                "The answer stopped before it was whole. You can try again.",
            ),
            Self::Stopped => local("stopped", "Stopped", "You stopped this answer."),
        }
    }
}

fn local(kind: &str, title: &str, detail: &str) -> Problem {
    Problem {
        kind: kind.to_owned(),
        title: title.to_owned(),
        status: 0,
        detail: detail.to_owned(),
        request_id: String::new(),
        retry_after: None,
        helplines: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_401_means_that_the_session_is_gone() {
        let mut problem = local("unauthorized", "No session", "Start again.");
        problem.status = 401;
        assert!(ApiError::Problem(Box::new(problem.clone())).session_missing());
        problem.status = 503;
        assert!(!ApiError::Problem(Box::new(problem)).session_missing());
        assert!(!ApiError::Unreachable.session_missing());
    }

    #[test]
    fn the_gateways_own_words_are_shown_unchanged() {
        let problem = local("age-gate", "Too young", "Talk to someone you trust.");
        assert_eq!(
            ApiError::Problem(Box::new(problem.clone())).into_problem(),
            problem
        );
    }
}
