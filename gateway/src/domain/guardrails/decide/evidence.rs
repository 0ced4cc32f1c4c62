//! What speaks for each route: rules first, then what the classifier says of the message, of its sentences
//! and of the last messages together.

use super::SafetyState;
use crate::domain::{
    content::rules_file::RuleRoute,
    guardrails::{
        concern::Alarm,
        input::{RiskLabels, Signals},
        rules::{RuleHit, Softening},
    },
};

/// Probability of "crisis" that is enough on its own. This and the ones below are read off the
/// precision and recall by probability in `models/minilm-distil-heads/MODEL_CARD.md` and the suites of
/// `tests/safety`.
pub(super) const CRISIS_ALONE: f64 = 0.60;
/// Probability of "crisis" that is enough with a support rule or while the state is not clear.
pub(super) const CRISIS_WITH_SIGN: f64 = 0.30;
/// Probability of "crisis" that asks for a question.
pub(super) const CRISIS_ASK: f64 = 0.30;
/// Probability of "crisis" that asks for a warmer answer with resources.
pub(super) const CRISIS_HINT: f64 = 0.15;
/// Probability of "distress" that asks for a warmer answer.
pub(super) const DISTRESS: f64 = 0.60;
/// Probability of a harmful intent that is declined.
pub(super) const INTENT: f64 = 0.85;
/// The same when the person is hurting: more is needed to turn somebody down.
pub(super) const INTENT_HURTING: f64 = 0.97;

/// Part of the id of decline rules about means of self-harm.
const MEANS: &str = "method";
const CLASSIFIER_CRISIS: &str = "classifier-crisis";
const CLASSIFIER_ASK: &str = "classifier-ask";
const CLASSIFIER_DISTRESS: &str = "classifier-distress";
const CLASSIFIER_HARMFUL: &str = "classifier-harmful-request";
const CLASSIFIER_MANIPULATION: &str = "classifier-manipulation";
/// Added to what was found in several messages together.
const TOGETHER: &str = "-together";

/// Reasons for each route.
#[derive(Default)]
pub(super) struct Evidence {
    pub(super) crisis: Vec<String>,
    pub(super) alarm: Alarm,
    pub(super) decline: Vec<String>,
    pub(super) redirect: Vec<String>,
    pub(super) check_in: Vec<String>,
    pub(super) support: Vec<String>,
}

impl Evidence {
    pub(super) fn weigh(signals: &Signals, state: SafetyState) -> Self {
        let mut evidence = Self::default();
        for hit in &signals.rules {
            evidence.add_rule(hit, "", state);
        }
        for hit in &signals.together {
            evidence.add_rule(hit, TOGETHER, state);
        }
        if let Some(labels) = signals.labels {
            evidence.add_labels(labels, state);
        }
        if let Some(labels) = signals.labels_together {
            evidence.add_labels_together(labels);
        }
        evidence
    }

    fn add_rule(&mut self, hit: &RuleHit, suffix: &str, state: SafetyState) {
        let code = format!("{}{suffix}", hit.id);
        // Whoever showed signs of crisis and now asks for means is in danger.
        if state.is_open() && hit.id.to_ascii_lowercase().contains(MEANS) {
            self.crisis.push(code);
            return;
        }
        match (hit.route, hit.softened) {
            (RuleRoute::Crisis, None) => {
                self.alarm = if self.crisis.is_empty() {
                    hit.alarm
                } else {
                    self.alarm.or(hit.alarm)
                };
                self.crisis.push(code);
            }
            (RuleRoute::Crisis, Some(Softening::Joking)) | (RuleRoute::CheckIn, _) => {
                self.check_in.push(code)
            }
            // What was said not to be so, or to be long past, still asks for warmth.
            (RuleRoute::Crisis, Some(_)) | (RuleRoute::Support, _) => self.support.push(code),
            (RuleRoute::Redirect, _) => self.redirect.push(code),
            (RuleRoute::Decline, _) => self.decline.push(code),
        }
    }

    fn add_labels(&mut self, labels: RiskLabels, state: SafetyState) {
        let has_sign =
            !self.support.is_empty() || !self.check_in.is_empty() || state != SafetyState::Clear;
        if labels.crisis >= CRISIS_ALONE || (labels.crisis >= CRISIS_WITH_SIGN && has_sign) {
            self.crisis.push(CLASSIFIER_CRISIS.to_owned());
        } else if labels.crisis >= CRISIS_ASK {
            self.check_in.push(CLASSIFIER_ASK.to_owned());
        }
        // A person who is hurting talks about harm. The label alone must not turn them away.
        let is_distressed =
            labels.distress >= DISTRESS || (self.crisis.is_empty() && labels.crisis >= CRISIS_HINT);
        let enough = match (
            labels.crisis >= CRISIS_HINT,
            is_distressed || !self.support.is_empty(),
        ) {
            (true, _) => f64::INFINITY,
            (false, true) => INTENT_HURTING,
            (false, false) => INTENT,
        };
        if labels.harmful_request >= enough {
            self.decline.push(CLASSIFIER_HARMFUL.to_owned());
        }
        if labels.manipulation >= enough {
            self.decline.push(CLASSIFIER_MANIPULATION.to_owned());
        }
        if is_distressed {
            self.support.push(CLASSIFIER_DISTRESS.to_owned());
        }
    }

    /// The last messages together count when the new one shows at least a sign.
    fn add_labels_together(&mut self, labels: RiskLabels) {
        let has_sign = !self.support.is_empty() || !self.check_in.is_empty();
        if labels.crisis >= CRISIS_ALONE && has_sign {
            self.crisis.push(format!("{CLASSIFIER_CRISIS}{TOGETHER}"));
        }
        let is_hurting = !self.support.is_empty();
        for (probability, code) in [
            (labels.harmful_request, CLASSIFIER_HARMFUL),
            (labels.manipulation, CLASSIFIER_MANIPULATION),
        ] {
            if probability >= INTENT_HURTING && !is_hurting {
                self.decline.push(format!("{code}{TOGETHER}"));
            }
        }
    }
}
