//! Dialogues whose messages say what is expected: every message is compared, and the state after it.

use gateway::domain::guardrails::route::Route;

use crate::{
    cases::{Case, CaseTurn},
    pipeline::Outcome,
};

/// How many expectations held, and what did not.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Messages with an expectation.
    pub messages: usize,
    /// Messages that went elsewhere or left another state.
    pub differences: Vec<String>,
}

impl Comparison {
    /// The share of messages that went as expected.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.messages == 0 {
            return 1.0;
        }
        1.0 - self.differences.len() as f64 / self.messages as f64
    }

    /// Compares one case; a difference names the case, the message's number and codes, never words.
    pub fn add(&mut self, case: &Case, outcome: &Outcome) {
        for (number, (turn, outcome)) in case.turns.iter().zip(&outcome.turns).enumerate() {
            let CaseTurn::Expecting { expect, state, .. } = turn else {
                continue;
            };
            self.messages += 1;
            let decision = &outcome.decision;
            let is_route =
                expect.is_empty() || expect.iter().any(|code| code == decision.route.code());
            let is_open = decision.next_state.is_open();
            let is_state = match state.as_deref() {
                Some("open") => is_open,
                Some("clear") => !is_open,
                _ => true,
            };
            if !is_route || !is_state {
                self.differences.push(format!(
                    "{} message {}: {} (expected {}), state {} (expected {}), {}",
                    case.id,
                    number + 1,
                    decision.route.code(),
                    expect.join(" or "),
                    if is_open { "open" } else { "clear" },
                    state.as_deref().unwrap_or("any"),
                    decision.reasons.join(" ")
                ));
            }
        }
    }

    /// The dialogues in which a sign of crisis was missed: the card was the only right route, and another was taken.
    #[must_use]
    pub fn missed_crises(judged: &[(&Case, &Outcome)]) -> Vec<String> {
        let mut missed = Vec::new();
        for (case, outcome) in judged {
            for (turn, outcome) in case.turns.iter().zip(&outcome.turns) {
                let CaseTurn::Expecting { expect, .. } = turn else {
                    continue;
                };
                let only_card = expect.len() == 1 && expect[0] == Route::Crisis.code();
                if only_card && outcome.decision.route != Route::Crisis {
                    missed.push(case.id.clone());
                }
            }
        }
        missed
    }
}
