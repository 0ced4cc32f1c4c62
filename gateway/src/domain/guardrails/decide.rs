//! The one place that decides what follows from a message. Pure: signals and what came before in, a route
//! with its reasons and the next state out. Crisis goes before decline, decline before redirect, a question
//! before support, support before an ordinary answer; a rule alone is enough for any of them.

mod evidence;

use self::evidence::Evidence;
pub use super::route::{Route, SafetyState};
use super::{
    before::Before,
    concern::{Alarm, Level},
    input::Signals,
};

/// A second look at an open state, with the gentle variant of the card.
pub const RECHECK: &str = "recheck";
/// The state is open; nothing new was said.
pub const STATE_OPEN: &str = "state-open";
/// A question about dying was answered with yes.
const ANSWERED_YES: &str = "answered-yes";
/// An unclear sign came back often enough to be one.
const REPEATED: &str = "repeated";
/// What was meant was something else; the state is no longer open.
pub const CLARIFIED: &str = "clarified";
/// Questions after which the next unclear sign counts.
const CHECK_INS_BEFORE_CRISIS: usize = 2;
/// Messages after a card before the state is looked at once more.
const MESSAGES_UNTIL_RECHECK: usize = 6;
/// Longest answer to a question that can be a plain yes, in words.
const SHORT_ANSWER: usize = 8;

/// What follows from a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What happens now.
    pub route: Route,
    /// Codes of rules and labels, the deciding ones first; never words of the person.
    pub reasons: Vec<String>,
    /// What to remember.
    pub next_state: SafetyState,
    /// What a crisis is about.
    pub alarm: Alarm,
}

impl Decision {
    /// Nothing speaks against an ordinary answer.
    #[must_use]
    pub fn answer() -> Self {
        Self::new(Route::Answer, Vec::new(), SafetyState::Clear)
    }

    fn new(route: Route, reasons: Vec<String>, next_state: SafetyState) -> Self {
        Self {
            route,
            reasons,
            next_state,
            alarm: Alarm::default(),
        }
    }

    /// Adds something that is known from elsewhere, for example from the questionnaire. Routes and
    /// states only rise.
    pub fn escalate(&mut self, route: Route, reason: &str) {
        self.route = self.route.max(route);
        self.reasons.push(reason.to_owned());
        let state = match route {
            Route::Crisis => SafetyState::Crisis,
            Route::Support | Route::CheckIn => SafetyState::Distress,
            Route::Decline | Route::Redirect | Route::Answer => SafetyState::Clear,
        };
        self.next_state = self.next_state.max(state);
    }

    /// Whether this is a second look at an open state, not a new sign.
    #[must_use]
    pub fn is_recheck(&self) -> bool {
        self.route == Route::Crisis && self.reasons.iter().any(|reason| reason == RECHECK)
    }

    /// Whether a clarification took the open state back.
    #[must_use]
    pub fn is_clarified(&self) -> bool {
        self.reasons.iter().any(|reason| reason == CLARIFIED)
    }
}

/// Decides what follows from a message.
#[must_use]
pub fn decide(signals: &Signals, before: &Before) -> Decision {
    let evidence = Evidence::weigh(signals, before.state);
    let mut decision = evidence.decision(signals, before);
    if !decision.is_clarified() {
        decision.next_state = decision.next_state.max(before.state);
    }
    decision
}

impl Evidence {
    fn decision(mut self, signals: &Signals, before: &Before) -> Decision {
        self.add_answer_to_question(signals, before);
        self.add_repetition(before);
        let is_open = before.state.is_open();
        if !self.crisis.is_empty() {
            return self.into_crisis();
        }
        if !self.decline.is_empty() {
            return Decision::new(
                Route::Decline,
                [self.decline, self.support].concat(),
                SafetyState::Clear,
            );
        }
        if clarifies(signals, before) {
            return Decision::new(
                Route::Support,
                vec![CLARIFIED.to_owned()],
                SafetyState::Distress,
            );
        }
        let is_due = is_open
            && before
                .since_card()
                .is_some_and(|count| count >= MESSAGES_UNTIL_RECHECK);
        if is_open && (signals.retreats || !self.check_in.is_empty() || is_due) {
            let reasons = [vec![RECHECK.to_owned()], self.check_in, self.support].concat();
            let level = (before.state == SafetyState::Immediate).then_some(Level::IMMEDIATE);
            return Decision {
                alarm: Alarm {
                    level,
                    ..Alarm::default()
                },
                ..Decision::new(Route::Crisis, reasons, SafetyState::Crisis)
            };
        }
        if !self.redirect.is_empty() {
            return Decision::new(
                Route::Redirect,
                [self.redirect, self.support].concat(),
                SafetyState::Clear,
            );
        }
        if !self.check_in.is_empty() {
            return Decision::new(
                Route::CheckIn,
                [self.check_in, self.support].concat(),
                SafetyState::Clear,
            );
        }
        if !self.support.is_empty() {
            return Decision::new(Route::Support, self.support, SafetyState::Distress);
        }
        if is_open {
            return Decision::new(
                Route::Support,
                vec![STATE_OPEN.to_owned()],
                SafetyState::Crisis,
            );
        }
        Decision::answer()
    }

    /// "yes", right after somebody was asked whether they think of dying.
    fn add_answer_to_question(&mut self, signals: &Signals, before: &Before) {
        let was_asked = matches!(before.last_route(), Some(Route::CheckIn | Route::Crisis));
        if was_asked && signals.affirms && signals.words <= SHORT_ANSWER {
            self.crisis.push(ANSWERED_YES.to_owned());
            // "yes, tonight" names a time: the card for immediate danger.
            let level = if signals.is_urgent {
                Level::Plan
            } else {
                Level::Thoughts
            };
            self.alarm = self.alarm.or(Alarm {
                level: Some(level),
                ..Alarm::default()
            });
        }
    }

    fn add_repetition(&mut self, before: &Before) {
        if !self.check_in.is_empty() && before.count(Route::CheckIn) >= CHECK_INS_BEFORE_CRISIS {
            self.crisis.push(REPEATED.to_owned());
            self.crisis.append(&mut self.check_in);
        }
    }

    fn into_crisis(self) -> Decision {
        let state = if self.alarm.is_immediate() {
            SafetyState::Immediate
        } else {
            SafetyState::Crisis
        };
        let reasons = [self.crisis, self.decline, self.check_in, self.support].concat();
        Decision {
            alarm: self.alarm,
            ..Decision::new(Route::Crisis, reasons, state)
        }
    }
}

/// Whether the person says that the one sign so far was not what it seemed, right after they were asked.
/// A denial alone is none, and what pointed to an immediate danger is not taken back.
fn clarifies(signals: &Signals, before: &Before) -> bool {
    before.state == SafetyState::Crisis
        && signals.clarifies
        && matches!(before.last_route(), Some(Route::Crisis | Route::CheckIn))
        && before.count(Route::Crisis) <= 1
}

#[cfg(test)]
mod border_tests;
#[cfg(test)]
mod decision_tests;
#[cfg(test)]
mod tests;
