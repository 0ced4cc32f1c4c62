//! The input guard on anything: it must not panic, and its time must not grow faster than the message.
#![no_main]

use std::{path::Path, sync::LazyLock};

use gateway::domain::{
    content::Content,
    guardrails::{
        before::{Before, Earlier},
        decide::decide,
        input::{Texts, inspect},
        route::{Route, SafetyState},
    },
};
use libfuzzer_sys::fuzz_target;

static CONTENT: LazyLock<Content> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../content");
    Content::load(&folder).expect("the content of the checkout is valid")
});

fuzz_target!(|input: (&str, &str, i64)| {
    let (earlier, message, state) = input;
    let before = Before {
        state: SafetyState::from_level(state % 4),
        earlier: vec![Earlier {
            text: earlier.to_owned(),
            route: Route::ALL[usize::from(state.unsigned_abs() as u8) % Route::ALL.len()],
        }],
    };
    let texts = Texts::of(&CONTENT.rules, message, &before);
    let signals = inspect(&CONTENT.rules, message, &before, &texts, &[]);
    let decision = decide(&signals, &before);
    assert!(decision.is_clarified() || decision.next_state >= before.state);
});
