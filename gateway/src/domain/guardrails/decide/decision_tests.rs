//! How a decision is raised, and what it says of itself.

use SafetyState::{Clear, Crisis, Distress, Immediate};

use super::*;
use crate::domain::{
    content::rules_file::RuleRoute,
    guardrails::{
        before::Earlier,
        concern::Alarm,
        input::RiskLabels,
        rules::{RuleHit, Softening},
    },
};

#[test]
fn only_an_open_state_without_a_new_sign_is_a_recheck() {
    let open = Signals {
        retreats: true,
        ..Signals::default()
    };
    assert!(decide(&open, &Before::nothing(Crisis)).is_recheck());
    let sign = Signals {
        rules: vec![RuleHit {
            id: "c".to_owned(),
            route: RuleRoute::Crisis,
            softened: None,
            alarm: Alarm::default(),
            names_subject: false,
        }],
        ..open
    };
    assert!(!decide(&sign, &Before::nothing(Crisis)).is_recheck());
}

#[test]
fn what_is_known_from_elsewhere_only_raises() {
    let mut decision = Decision::answer();
    decision.escalate(Route::Support, "answers-distress");
    assert_eq!(
        (decision.route, decision.next_state),
        (Route::Support, Distress)
    );
    decision.escalate(Route::Crisis, "answers-crisis");
    decision.escalate(Route::Support, "later");
    assert_eq!(
        (decision.route, decision.next_state),
        (Route::Crisis, Crisis)
    );
    assert_eq!(
        decision.reasons,
        ["answers-distress", "answers-crisis", "later"]
    );
}

fn hit(id: &str, route: RuleRoute, softened: Option<Softening>, level: Option<Level>) -> RuleHit {
    RuleHit {
        id: id.to_owned(),
        route,
        softened,
        alarm: Alarm {
            level,
            ..Alarm::default()
        },
        names_subject: false,
    }
}

fn signals(hits: &[RuleHit]) -> Signals {
    Signals {
        rules: hits.to_vec(),
        words: 4,
        ..Signals::default()
    }
}

fn before(state: SafetyState, routes: &[Route]) -> Before {
    let earlier = routes.iter().map(|route| Earlier {
        text: "words".to_owned(),
        route: *route,
    });
    Before {
        state,
        earlier: earlier.collect(),
    }
}

#[test]
fn a_past_loss_asks_for_warmth() {
    let loss = signals(&[hit("c", RuleRoute::Crisis, Some(Softening::PastLoss), None)]);
    let decision = decide(&loss, &before(Clear, &[]));
    assert_eq!(
        (decision.route, decision.next_state),
        (Route::Support, Distress)
    );
}

#[test]
fn a_joke_is_asked_about_and_the_third_one_counts() {
    let joke = signals(&[hit("c", RuleRoute::Crisis, Some(Softening::Joking), None)]);
    let asked = decide(&joke, &before(Clear, &[Route::Answer]));
    assert_eq!((asked.route, asked.next_state), (Route::CheckIn, Clear));
    let again = decide(&joke, &before(Clear, &[Route::CheckIn, Route::Answer]));
    assert_eq!(again.route, Route::CheckIn);
    let third = decide(
        &joke,
        &before(Clear, &[Route::CheckIn, Route::Answer, Route::CheckIn]),
    );
    assert_eq!((third.route, third.next_state), (Route::Crisis, Crisis));
    assert_eq!(third.reasons, ["repeated", "c"]);
}

#[test]
fn yes_to_the_question_is_a_crisis_and_yes_to_anything_else_is_not() {
    let yes = Signals {
        affirms: true,
        words: 2,
        ..Signals::default()
    };
    for route in [Route::CheckIn, Route::Crisis] {
        assert_eq!(decide(&yes, &before(Clear, &[route])).route, Route::Crisis);
    }
    for route in [Route::Answer, Route::Support, Route::Decline] {
        assert_eq!(decide(&yes, &before(Clear, &[route])).route, Route::Answer);
    }
    let long = Signals {
        words: 40,
        ..yes.clone()
    };
    assert_eq!(
        decide(&long, &before(Clear, &[Route::CheckIn])).route,
        Route::Answer
    );
    let tonight = Signals {
        is_urgent: true,
        ..yes
    };
    let near = decide(&tonight, &before(Crisis, &[Route::Crisis]));
    assert_eq!((near.route, near.next_state), (Route::Crisis, Immediate));
}

#[test]
fn only_a_clarification_right_after_one_sign_closes_the_state() {
    let clarifies = Signals {
        clarifies: true,
        words: 6,
        ..Signals::default()
    };
    let once = decide(&clarifies, &before(Crisis, &[Route::Answer, Route::Crisis]));
    assert!(once.is_clarified());
    assert_eq!((once.route, once.next_state), (Route::Support, Distress));
    let twice = decide(&clarifies, &before(Crisis, &[Route::Crisis, Route::Crisis]));
    assert_eq!(twice.next_state, Crisis);
    let late = decide(
        &clarifies,
        &before(Crisis, &[Route::Crisis, Route::Support]),
    );
    assert_eq!(late.next_state, Crisis);
    let deleted = decide(&clarifies, &before(Crisis, &[]));
    assert_eq!(deleted.next_state, Crisis);
    let immediate = decide(&clarifies, &before(Immediate, &[Route::Crisis]));
    assert_eq!(immediate.next_state, Immediate);
    let new_sign = Signals {
        rules: vec![hit("c", RuleRoute::Crisis, None, None)],
        ..clarifies
    };
    assert_eq!(
        decide(&new_sign, &before(Crisis, &[Route::Crisis])).route,
        Route::Crisis
    );
}

#[test]
fn a_plan_is_immediate_and_stays_so() {
    let plan = signals(&[hit("c", RuleRoute::Crisis, None, Some(Level::Plan))]);
    let decision = decide(&plan, &before(Clear, &[]));
    assert!(decision.alarm.is_immediate());
    assert_eq!(decision.next_state, Immediate);
    let denial = Signals {
        retreats: true,
        words: 2,
        ..Signals::default()
    };
    let denied = decide(&denial, &before(Immediate, &[Route::Crisis]));
    assert!(denied.is_recheck() && denied.alarm.is_immediate());
    assert_eq!(denied.next_state, Immediate);
}

#[test]
fn an_open_state_is_looked_at_again_after_a_while() {
    let ordinary = signals(&[]);
    let mut routes = vec![Route::Crisis];
    routes.extend([Route::Support; 5]);
    assert_eq!(
        decide(&ordinary, &before(Crisis, &routes)).route,
        Route::Support
    );
    routes.push(Route::Support);
    assert!(decide(&ordinary, &before(Crisis, &routes)).is_recheck());
}

#[test]
fn referrals_go_before_questions_and_after_refusals() {
    let referral = hit("G-legal", RuleRoute::Redirect, None, None);
    let question = hit("C-unclear", RuleRoute::CheckIn, None, None);
    let refusal = hit("D-order", RuleRoute::Decline, None, None);
    let route = |hits: &[RuleHit]| decide(&signals(hits), &before(Clear, &[])).route;
    assert_eq!(
        route(&[question.clone(), referral.clone()]),
        Route::Redirect
    );
    assert_eq!(
        route(&[question.clone(), referral, refusal]),
        Route::Decline
    );
    assert_eq!(route(&[question]), Route::CheckIn);
}

#[test]
fn a_referral_is_better_than_a_no_that_only_the_classifier_asks_for() {
    let labels = RiskLabels {
        crisis: 0.0,
        distress: 0.0,
        harmful_request: 0.1,
        manipulation: 0.99,
    };
    let asks = |hits: &[RuleHit]| {
        let signals = Signals {
            labels: Some(labels),
            ..signals(hits)
        };
        decide(&signals, &before(Clear, &[])).route
    };
    let diagnosis = hit("G-diagnosis", RuleRoute::Redirect, None, None);
    let method = hit("D-methods", RuleRoute::Decline, None, None);
    assert_eq!(asks(std::slice::from_ref(&diagnosis)), Route::Redirect);
    assert_eq!(asks(&[diagnosis, method]), Route::Decline);
    assert_eq!(asks(&[]), Route::Decline);
}
