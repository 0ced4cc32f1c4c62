//! From which probability of the classifier on something follows.

use SafetyState::{Clear, Crisis, Distress};

use super::*;
use crate::domain::{
    content::rules_file::RuleRoute,
    guardrails::{concern::Alarm, input::RiskLabels, rules::RuleHit},
};

/// A message of so many words that no rule knows.
fn heard(words: usize, labels: RiskLabels) -> Signals {
    Signals {
        labels: Some(labels),
        words,
        ..Signals::default()
    }
}

fn crisis(crisis: f64) -> RiskLabels {
    RiskLabels {
        crisis,
        ..RiskLabels::default()
    }
}

fn route(signals: &Signals, state: SafetyState) -> Route {
    decide(signals, &Before::nothing(state)).route
}

#[test]
fn a_brief_turn_that_no_rule_knows_is_asked_about() {
    for (words, probability, state, expected) in [
        (6, 0.41, Clear, Route::Crisis),
        (6, 0.39, Clear, Route::CheckIn),
        (6, 0.29, Clear, Route::Support),
        (6, 0.29, Crisis, Route::Crisis),
        (13, 0.39, Clear, Route::Crisis),
        (13, 0.19, Clear, Route::CheckIn),
    ] {
        assert_eq!(
            route(&heard(words, crisis(probability)), state),
            expected,
            "{words} words, {probability}, {state:?}"
        );
    }
}

#[test]
fn a_brief_request_for_harm_by_somebody_who_may_be_in_danger_asks_for_means() {
    let labels = RiskLabels {
        harmful_request: 0.99,
        ..crisis(0.21)
    };
    assert_eq!(route(&heard(6, labels), Clear), Route::Crisis);
    let labels = RiskLabels {
        harmful_request: 0.99,
        ..crisis(0.02)
    };
    assert_eq!(route(&heard(6, labels), Clear), Route::Decline);
}

#[test]
fn what_makes_light_of_a_message_counts_in_a_short_one_only() {
    let light = |words| Signals {
        is_light: true,
        ..heard(words, crisis(0.5))
    };
    assert_eq!(route(&light(20), Clear), Route::CheckIn);
    assert_eq!(route(&light(21), Clear), Route::Crisis);
}

#[test]
fn a_saying_explains_what_the_classifier_hears_unless_it_is_very_sure() {
    let saying = |probability| Signals {
        has_idiom: true,
        is_light: true,
        ..heard(8, crisis(probability))
    };
    assert_eq!(route(&saying(0.89), Clear), Route::CheckIn);
    assert_eq!(route(&saying(0.91), Clear), Route::Crisis);
}

#[test]
fn more_is_needed_to_turn_somebody_down_while_the_state_is_open() {
    let manipulation = RiskLabels {
        manipulation: 0.99,
        ..RiskLabels::default()
    };
    assert_eq!(route(&heard(8, manipulation), Clear), Route::Decline);
    assert_ne!(route(&heard(8, manipulation), Crisis), Route::Decline);
    let harmful = |harmful_request| RiskLabels {
        harmful_request,
        ..RiskLabels::default()
    };
    assert_eq!(route(&heard(8, harmful(0.85)), Clear), Route::Decline);
    assert_ne!(route(&heard(8, harmful(0.85)), Crisis), Route::Decline);
    assert_eq!(route(&heard(8, harmful(0.95)), Crisis), Route::Decline);
}

#[test]
fn a_word_that_names_a_subject_is_asked_about_when_the_classifier_sees_nothing_of_a_crisis() {
    let crisis_rule = |id: &str| RuleHit {
        id: id.to_owned(),
        route: RuleRoute::Crisis,
        softened: None,
        alarm: Alarm::default(),
        names_subject: false,
    };
    let word = RuleHit {
        names_subject: true,
        ..crisis_rule("word")
    };
    let other = crisis_rule("other");
    let route = |hits: &[RuleHit], crisis: Option<f64>, state| {
        let signals = Signals {
            rules: hits.to_vec(),
            labels: crisis.map(self::crisis),
            ..Signals::default()
        };
        self::route(&signals, state)
    };
    let words = std::slice::from_ref(&word);
    assert_eq!(route(words, Some(0.02), Clear), Route::CheckIn);
    assert_eq!(route(words, Some(0.06), Clear), Route::Crisis);
    assert_eq!(route(words, None, Clear), Route::Crisis);
    assert_eq!(route(words, Some(0.0), Clear), Route::Crisis);
    assert_eq!(route(words, Some(0.02), Distress), Route::Crisis);
    assert_eq!(
        route(&[word.clone(), other], Some(0.02), Clear),
        Route::Crisis
    );
}
