//! How a decision is raised, and what it says of itself.

use SafetyState::{Clear, Crisis, Distress};

use super::*;
use crate::domain::guardrails::rules::RuleHit;

#[test]
fn only_an_open_state_without_a_new_sign_is_a_recheck() {
    let open = Signals {
        retreats: true,
        ..Signals::default()
    };
    assert!(decide(&open, Crisis).is_recheck());
    let sign = Signals {
        rules: vec![RuleHit {
            id: "c".to_owned(),
            route: RuleRoute::Crisis,
            softened: None,
        }],
        ..open
    };
    assert!(!decide(&sign, Crisis).is_recheck());
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

#[test]
fn states_and_routes_survive_storage() {
    for state in [Clear, Distress, Crisis] {
        assert_eq!(SafetyState::from_level(state.level()), state);
    }
    assert_eq!(SafetyState::from_level(99), Crisis);
    for route in [Route::Answer, Route::Support, Route::Decline, Route::Crisis] {
        assert_eq!(Route::from_code(route.code()), Some(route));
    }
}
