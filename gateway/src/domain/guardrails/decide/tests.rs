//! The table of the one decision: signals and state in, route and next state out.

use super::*;
use crate::domain::{
    content::rules_file::RuleRoute,
    guardrails::{
        input::RiskLabels,
        rules::{RuleHit, Softening},
    },
};

fn rule(id: &str, route: RuleRoute, softened: Option<Softening>) -> RuleHit {
    RuleHit {
        id: id.to_owned(),
        route,
        softened,
        alarm: Alarm::default(),
        names_subject: false,
    }
}

fn labels(
    crisis: f64,
    distress: f64,
    harmful_request: f64,
    manipulation: f64,
) -> Option<RiskLabels> {
    Some(RiskLabels {
        crisis,
        distress,
        harmful_request,
        manipulation,
    })
}

struct Case {
    name: &'static str,
    rules: Vec<RuleHit>,
    labels: Option<RiskLabels>,
    retreats: bool,
    state: SafetyState,
    expected: (Route, &'static [&'static str], SafetyState),
}

impl Case {
    fn check(self) {
        let signals = Signals {
            rules: self.rules,
            labels: self.labels,
            retreats: self.retreats,
            words: 13,
            ..Signals::default()
        };
        let decision = decide(&signals, &Before::nothing(self.state));
        let (route, reasons, next_state) = self.expected;
        let reasons: Vec<String> = reasons.iter().map(|reason| (*reason).to_owned()).collect();
        assert_eq!(
            (decision.route, decision.reasons, decision.next_state),
            (route, reasons, next_state),
            "{}",
            self.name
        );
    }
}

fn case(
    name: &'static str,
    rules: &[(&str, RuleRoute)],
    labels: Option<RiskLabels>,
    state: SafetyState,
    expected: (Route, &'static [&'static str], SafetyState),
) {
    let rules = rules.iter();
    let rules = rules.map(|(id, route)| rule(id, *route, None)).collect();
    Case {
        name,
        rules,
        labels,
        retreats: false,
        state,
        expected,
    }
    .check();
}

use RuleRoute::{Crisis as C, Decline as D, Support as S};
use SafetyState::{Clear, Crisis, Distress};

#[test]
fn rules_alone_decide_in_order_of_precedence() {
    case("nothing", &[], None, Clear, (Route::Answer, &[], Clear));
    case(
        "support",
        &[("s", S)],
        None,
        Clear,
        (Route::Support, &["s"], Distress),
    );
    case(
        "decline",
        &[("d", D)],
        None,
        Clear,
        (Route::Decline, &["d"], Clear),
    );
    case(
        "decline over support",
        &[("s", S), ("d", D)],
        None,
        Clear,
        (Route::Decline, &["d", "s"], Clear),
    );
    case(
        "crisis over all",
        &[("s", S), ("d", D), ("c", C)],
        None,
        Clear,
        (Route::Crisis, &["c", "d", "s"], Crisis),
    );
}

#[test]
fn the_classifier_raises_and_never_clears() {
    case(
        "calm",
        &[("c", C)],
        labels(0.0, 0.0, 0.0, 0.0),
        Clear,
        (Route::Crisis, &["c"], Crisis),
    );
    case(
        "sure",
        &[],
        labels(0.2, 0.0, 0.0, 0.0),
        Clear,
        (Route::Crisis, &["classifier-crisis"], Crisis),
    );
    case(
        "unsure",
        &[],
        labels(0.19, 0.0, 0.0, 0.0),
        Clear,
        (
            Route::CheckIn,
            &["classifier-ask", "classifier-distress"],
            Clear,
        ),
    );
    case(
        "unlikely",
        &[],
        labels(0.07, 0.59, 0.0, 0.0),
        Clear,
        (Route::Answer, &[], Clear),
    );
    case(
        "unsure, with a sign",
        &[("s", S)],
        labels(0.3, 0.0, 0.0, 0.0),
        Clear,
        (Route::Crisis, &["classifier-crisis", "s"], Crisis),
    );
    case(
        "unsure, in distress",
        &[],
        labels(0.3, 0.0, 0.0, 0.0),
        Distress,
        (Route::Crisis, &["classifier-crisis"], Crisis),
    );
    case(
        "distress",
        &[],
        labels(0.0, 0.6, 0.0, 0.0),
        Clear,
        (Route::Support, &["classifier-distress"], Distress),
    );
}

#[test]
fn harmful_intent_is_declined_unless_the_person_is_hurting() {
    case(
        "request",
        &[],
        labels(0.0, 0.0, 0.35, 0.0),
        Clear,
        (Route::Decline, &["classifier-harmful-request"], Clear),
    );
    case(
        "a bit of both",
        &[],
        labels(0.0, 0.0, 0.3, 0.3),
        Clear,
        (Route::Decline, &["classifier-harmful-request"], Clear),
    );
    case(
        "manipulation",
        &[],
        labels(0.0, 0.0, 0.0, 0.9),
        Clear,
        (Route::Decline, &["classifier-manipulation"], Clear),
    );
    case(
        "hurting",
        &[("s", S)],
        labels(0.0, 0.0, 0.7, 0.15),
        Clear,
        (Route::Support, &["s"], Distress),
    );
    case(
        "hurting, and surely asking for harm",
        &[("s", S)],
        labels(0.0, 0.0, 0.92, 0.0),
        Clear,
        (Route::Decline, &["classifier-harmful-request", "s"], Clear),
    );
    case(
        "perhaps in crisis",
        &[],
        labels(0.3, 0.0, 0.99, 0.0),
        Clear,
        (Route::Crisis, &["classifier-crisis"], Crisis),
    );
    case(
        "crisis",
        &[("c", C)],
        labels(0.0, 0.0, 0.99, 0.0),
        Clear,
        (Route::Crisis, &["c", "classifier-harmful-request"], Crisis),
    );
}

#[test]
fn an_open_crisis_stays_open_and_gets_no_ordinary_answer() {
    case(
        "another subject",
        &[],
        None,
        Crisis,
        (Route::Support, &["state-open"], Crisis),
    );
    case(
        "support",
        &[("s", S)],
        None,
        Crisis,
        (Route::Support, &["s"], Crisis),
    );
    case(
        "decline",
        &[("d", D)],
        None,
        Crisis,
        (Route::Decline, &["d"], Crisis),
    );
    case(
        "again",
        &[("c", C)],
        None,
        Crisis,
        (Route::Crisis, &["c"], Crisis),
    );
    let denial = Case {
        name: "denial",
        rules: vec![rule("c", RuleRoute::Crisis, Some(Softening::Negated))],
        labels: labels(0.0, 0.0, 0.0, 0.0),
        retreats: true,
        state: Crisis,
        expected: (Route::Crisis, &["recheck", "c"], Crisis),
    };
    denial.check();
    let denial_before_any_sign = Case {
        name: "nothing to take back",
        rules: Vec::new(),
        labels: None,
        retreats: true,
        state: Clear,
        expected: (Route::Answer, &[], Clear),
    };
    denial_before_any_sign.check();
}

#[test]
fn asking_for_means_in_an_open_crisis_is_a_new_sign() {
    let ask = [("D-methods", D)];
    case(
        "before",
        &ask,
        None,
        Clear,
        (Route::Decline, &["D-methods"], Clear),
    );
    case(
        "open",
        &ask,
        None,
        Crisis,
        (Route::Crisis, &["D-methods"], Crisis),
    );
}
