//! The one place that decides what follows from a message. Pure: signals and the safety state in,
//! a route with its reasons and the next state out. Crisis goes before decline, decline before
//! support, support before an ordinary answer; a rule alone is enough for any of them.

use super::input::{RiskLabels, Signals};
use crate::domain::content::safety::RuleRoute;

/// Probability of "crisis" that is enough on its own. This and the two below are read off the
/// precision and recall by probability in `models/minilm-distil-heads/MODEL_CARD.md`.
pub const CRISIS_ALONE: f64 = 0.60;
/// Probability of "crisis" that is enough with a support rule or while the state is not clear.
pub const CRISIS_WITH_SIGN: f64 = 0.30;
/// Probability of "crisis" that asks for a warmer answer with resources.
pub const CRISIS_HINT: f64 = 0.15;
/// Probability of "distress" that asks for a warmer answer.
pub const DISTRESS: f64 = 0.60;
/// Probability of a harmful intent that is declined.
pub const INTENT: f64 = 0.85;

/// A second look at an open state, with the gentle variant of the card.
pub const RECHECK: &str = "recheck";
/// The state is open; nothing new was said.
pub const STATE_OPEN: &str = "state-open";
/// Part of the id of decline rules about means of self-harm.
const MEANS: &str = "method";
const CLASSIFIER_CRISIS: &str = "classifier-crisis";
const CLASSIFIER_DISTRESS: &str = "classifier-distress";
const CLASSIFIER_HARMFUL: &str = "classifier-harmful-request";
const CLASSIFIER_MANIPULATION: &str = "classifier-manipulation";

/// What happens with a message. Ordered by precedence, the highest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// The model answers.
    Answer,
    /// The model answers in a warmer frame, with resources.
    Support,
    /// Reviewed words say no, kindly.
    Decline,
    /// The fixed card; the model is not asked.
    Crisis,
}

impl Route {
    /// The name in stored messages and metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Support => "support",
            Self::Decline => "decline",
            Self::Crisis => "crisis",
        }
    }

    /// The route of that name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Answer, Self::Support, Self::Decline, Self::Crisis]
            .into_iter()
            .find(|route| route.code() == code)
    }
}

/// What is known about a person's safety. It only rises by itself; deleting the conversation does
/// not lower it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SafetyState {
    /// No sign so far.
    #[default]
    Clear,
    /// Signs of distress: less is needed to see a crisis.
    Distress,
    /// A sign of crisis was seen and is not cleared by saying that all is well.
    Crisis,
}

impl SafetyState {
    /// The number that is stored.
    #[must_use]
    pub const fn level(self) -> i64 {
        match self {
            Self::Clear => 0,
            Self::Distress => 1,
            Self::Crisis => 2,
        }
    }

    /// The state of a stored number; a number beyond the known ones is taken as the highest.
    #[must_use]
    pub const fn from_level(level: i64) -> Self {
        match level {
            i64::MIN..=0 => Self::Clear,
            1 => Self::Distress,
            _ => Self::Crisis,
        }
    }
}

/// What follows from a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What happens now.
    pub route: Route,
    /// Codes of rules and labels, the deciding ones first; never words of the person.
    pub reasons: Vec<String>,
    /// What to remember.
    pub next_state: SafetyState,
}

impl Decision {
    /// Nothing speaks against an ordinary answer.
    #[must_use]
    pub const fn answer() -> Self {
        Self {
            route: Route::Answer,
            reasons: Vec::new(),
            next_state: SafetyState::Clear,
        }
    }

    /// Adds something that is known from elsewhere, for example from the questionnaire. Routes and
    /// states only rise.
    pub fn escalate(&mut self, route: Route, reason: &str) {
        self.route = self.route.max(route);
        self.reasons.push(reason.to_owned());
        let state = match route {
            Route::Crisis => SafetyState::Crisis,
            Route::Support => SafetyState::Distress,
            Route::Decline | Route::Answer => SafetyState::Clear,
        };
        self.next_state = self.next_state.max(state);
    }

    /// Whether this is a second look at an open state, not a new sign.
    #[must_use]
    pub fn is_recheck(&self) -> bool {
        self.route == Route::Crisis && self.reasons.iter().any(|reason| reason == RECHECK)
    }
}

/// Decides what follows from a message.
#[must_use]
pub fn decide(signals: &Signals, state: SafetyState) -> Decision {
    let evidence = Evidence::weigh(signals, state);
    let mut decision = evidence.decision(signals.retreats, state);
    decision.next_state = decision.next_state.max(state);
    decision
}

/// Reasons for each route.
#[derive(Default)]
struct Evidence {
    crisis: Vec<String>,
    decline: Vec<String>,
    support: Vec<String>,
}

impl Evidence {
    fn weigh(signals: &Signals, state: SafetyState) -> Self {
        let mut evidence = Self::default();
        for hit in &signals.rules {
            // Whoever showed signs of crisis and now asks for means is in danger.
            if state == SafetyState::Crisis && hit.id.to_ascii_lowercase().contains(MEANS) {
                evidence.crisis.push(hit.id.clone());
                continue;
            }
            match (hit.route, hit.softened) {
                (RuleRoute::Crisis, None) => evidence.crisis.push(hit.id.clone()),
                // What was said not to be so, or to be long past, still asks for warmth.
                (RuleRoute::Crisis, Some(_)) | (RuleRoute::Support, _) => {
                    evidence.support.push(hit.id.clone());
                }
                (RuleRoute::Decline, _) => evidence.decline.push(hit.id.clone()),
            }
        }
        if let Some(labels) = signals.labels {
            evidence.add_labels(labels, state);
        }
        evidence
    }

    fn add_labels(&mut self, labels: RiskLabels, state: SafetyState) {
        let has_sign = !self.support.is_empty() || state != SafetyState::Clear;
        if labels.crisis >= CRISIS_ALONE || (labels.crisis >= CRISIS_WITH_SIGN && has_sign) {
            self.crisis.push(CLASSIFIER_CRISIS.to_owned());
        }
        // A person who is hurting talks about harm. The label alone must not turn them away.
        let is_distressed =
            labels.distress >= DISTRESS || (self.crisis.is_empty() && labels.crisis >= CRISIS_HINT);
        let is_hurting = !self.support.is_empty() || is_distressed;
        if labels.harmful_request >= INTENT && !is_hurting {
            self.decline.push(CLASSIFIER_HARMFUL.to_owned());
        }
        if labels.manipulation >= INTENT && !is_hurting {
            self.decline.push(CLASSIFIER_MANIPULATION.to_owned());
        }
        if is_distressed {
            self.support.push(CLASSIFIER_DISTRESS.to_owned());
        }
    }

    fn decision(self, retreats: bool, state: SafetyState) -> Decision {
        let Self {
            crisis,
            decline,
            support,
        } = self;
        let is_open = state == SafetyState::Crisis;
        let decided = |route, reasons, next_state| Decision {
            route,
            reasons,
            next_state,
        };
        if !crisis.is_empty() {
            let reasons = [crisis, decline, support].concat();
            return decided(Route::Crisis, reasons, SafetyState::Crisis);
        }
        if !decline.is_empty() {
            return decided(
                Route::Decline,
                [decline, support].concat(),
                SafetyState::Clear,
            );
        }
        if is_open && retreats {
            let reasons = [vec![RECHECK.to_owned()], support].concat();
            return decided(Route::Crisis, reasons, SafetyState::Crisis);
        }
        if !support.is_empty() {
            return decided(Route::Support, support, SafetyState::Distress);
        }
        if is_open {
            return decided(
                Route::Support,
                vec![STATE_OPEN.to_owned()],
                SafetyState::Crisis,
            );
        }
        Decision::answer()
    }
}

#[cfg(test)]
mod decision_tests;
#[cfg(test)]
mod tests;
