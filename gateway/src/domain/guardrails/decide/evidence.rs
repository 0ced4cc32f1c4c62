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
/// precision and recall by probability in `models/bge-small-heads/MODEL_CARD.md` and the suites of
/// `tests/safety`.
pub(super) const CRISIS_ALONE: f64 = 0.20;
/// The same when something makes light of what is said, or next to nothing is said.
pub(super) const CRISIS_WEAK: f64 = 0.60;
/// The same when a saying explains what the classifier hears.
pub(super) const CRISIS_EXPLAINED: f64 = 0.90;
/// Words of a message that a saying may explain as a whole.
const SHORT_MESSAGE: usize = 20;
/// Words of a message that say too little for the classifier to be sure.
const FEW_WORDS: usize = 4;
/// Words of a message that need a high probability when no rule and no earlier sign says the same: in turns of
/// a conversation the classifier hears more than was said. Below it the person is asked.
const BRIEF_TURN: usize = 12;
/// Probability of "crisis" that is enough for a message of at most [`BRIEF_TURN`] words that no rule knows.
pub(super) const CRISIS_BRIEF: f64 = 0.40;
/// Probability of "crisis" that is enough with an unclear sign or while the state is not clear.
pub(super) const CRISIS_WITH_SIGN: f64 = 0.20;
/// Probability of "crisis" of the last messages together that is enough when the new one has a sign. It is
/// higher than that of one message: what several ordinary complaints add up to is easily heard as more.
pub(super) const CRISIS_TOGETHER: f64 = 0.50;
/// Probability of "crisis" that asks for a question.
pub(super) const CRISIS_ASK: f64 = 0.12;
/// The same for a brief message that no rule knows and without a sign before: one in ten ordinary ones has 0.12, and
/// a question about dying must not come out of the blue.
pub(super) const CRISIS_ASK_BRIEF: f64 = 0.30;
/// Probability of "crisis" that asks for a warmer answer with resources.
pub(super) const CRISIS_HINT: f64 = 0.08;
/// Probability of "crisis" below which a word that names a subject as well asks for a question only.
pub(super) const CRISIS_DOUBT: f64 = 0.05;
/// Probability of "distress" that asks for a warmer answer.
pub(super) const DISTRESS: f64 = 0.60;
/// Probability that a message is not benign, harmful and manipulative together, that is declined.
pub(super) const INTENT: f64 = 0.35;
/// The same when the classifier finds distress: more is needed to turn somebody down.
pub(super) const INTENT_DISTRESSED: f64 = 0.80;
/// The same when a rule finds that the person is hurting, or wants to protect themself, and while the state is open.
pub(super) const INTENT_HURTING: f64 = 0.90;
/// Probability of one harmful intent in the last messages together that is declined.
pub(super) const INTENT_TOGETHER: f64 = 0.97;

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
        let is_doubted = is_doubted(signals, state);
        for hit in &signals.rules {
            evidence.add_rule(hit, "", state, is_doubted);
        }
        for hit in &signals.together {
            evidence.add_rule(hit, TOGETHER, state, is_doubted);
        }
        if let Some(labels) = signals.labels {
            evidence.add_labels(labels, state, signals);
        }
        if let Some(labels) = signals.labels_together {
            evidence.add_labels_together(labels);
        }
        evidence
    }

    fn add_rule(&mut self, hit: &RuleHit, suffix: &str, state: SafetyState, is_doubted: bool) {
        let code = format!("{}{suffix}", hit.id);
        // Whoever showed signs of crisis and now asks for means is in danger.
        if state.is_open() && hit.id.to_ascii_lowercase().contains(MEANS) {
            self.crisis.push(code);
            return;
        }
        match (hit.route, hit.softened) {
            (RuleRoute::Crisis, None) if hit.names_subject && is_doubted => {
                self.check_in.push(code);
            }
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

    fn add_labels(&mut self, labels: RiskLabels, state: SafetyState, signals: &Signals) {
        let has_sign = !self.check_in.is_empty() || state != SafetyState::Clear;
        let is_brief = !has_sign && is_unknown_within(signals, BRIEF_TURN);
        // Whoever asks for harm and may be in danger asks for means.
        let asks_for_harm = labels.harmful_request >= INTENT;
        let enough = match (is_weak(signals), has_sign) {
            _ if is_explained(signals, state) => CRISIS_EXPLAINED,
            (true, _) => CRISIS_WEAK,
            (false, true) => CRISIS_WITH_SIGN,
            (false, false) if is_brief && !asks_for_harm => CRISIS_BRIEF,
            (false, false) => CRISIS_ALONE,
        };
        let ask = if is_brief {
            CRISIS_ASK_BRIEF
        } else {
            CRISIS_ASK
        };
        if labels.crisis >= enough {
            self.crisis.push(CLASSIFIER_CRISIS.to_owned());
        } else if labels.crisis >= ask {
            self.check_in.push(CLASSIFIER_ASK.to_owned());
        }
        // A person who is hurting talks about harm. The label alone must not turn them away.
        let is_distressed =
            labels.distress >= DISTRESS || (self.crisis.is_empty() && labels.crisis >= CRISIS_HINT);
        // A referral is reviewed words as well, and says who can answer: better than a no.
        let enough = if labels.crisis >= CRISIS_ALONE || !self.redirect.is_empty() {
            f64::INFINITY
        } else if !self.support.is_empty() || signals.protects || state.is_open() {
            INTENT_HURTING
        } else if is_distressed {
            INTENT_DISTRESSED
        } else {
            INTENT
        };
        // Pleading ("you can't tell anyone, promise") is no attack by somebody who is in danger.
        let manipulation = if state.is_open() {
            0.0
        } else {
            labels.manipulation
        };
        if labels.harmful_request + manipulation >= enough {
            let code = if labels.harmful_request >= manipulation {
                CLASSIFIER_HARMFUL
            } else {
                CLASSIFIER_MANIPULATION
            };
            self.decline.push(code.to_owned());
        }
        if is_distressed {
            self.support.push(CLASSIFIER_DISTRESS.to_owned());
        }
    }

    /// The last messages together count when the new one shows at least a sign.
    fn add_labels_together(&mut self, labels: RiskLabels) {
        let has_sign = !self.support.is_empty() || !self.check_in.is_empty();
        if labels.crisis >= CRISIS_TOGETHER && has_sign {
            self.crisis.push(format!("{CLASSIFIER_CRISIS}{TOGETHER}"));
        }
        let is_hurting = !self.support.is_empty();
        for (probability, code) in [
            (labels.harmful_request, CLASSIFIER_HARMFUL),
            (labels.manipulation, CLASSIFIER_MANIPULATION),
        ] {
            if probability >= INTENT_TOGETHER && !is_hurting {
                self.decline.push(format!("{code}{TOGETHER}"));
            }
        }
    }
}

/// Whether the classifier is at hand and sees next to nothing of a crisis. An answer without that label is none.
fn is_doubted(signals: &Signals, state: SafetyState) -> bool {
    let is_low = |labels: RiskLabels| labels.crisis > 0.0 && labels.crisis < CRISIS_DOUBT;
    state == SafetyState::Clear && signals.labels.is_some_and(is_low)
}

/// Whether the classifier alone should be believed less.
fn is_weak(signals: &Signals) -> bool {
    (signals.is_light && signals.words <= SHORT_MESSAGE) || is_unknown_within(signals, FEW_WORDS)
}

/// Whether a message of at most so many words has nothing that a rule knows.
fn is_unknown_within(signals: &Signals, words: usize) -> bool {
    signals.words <= words && signals.rules.is_empty()
}

/// Whether a short message has a saying in it and no other sign.
fn is_explained(signals: &Signals, state: SafetyState) -> bool {
    signals.has_idiom && is_unknown_within(signals, SHORT_MESSAGE) && state == SafetyState::Clear
}
