//! The output guard on anything, in pieces of any size: it must not panic, and what it releases must be a part of
//! what came in.
#![no_main]

use std::{path::Path, sync::LazyLock};

use gateway::domain::{content::Content, guardrails::output::SentenceGate};
use libfuzzer_sys::fuzz_target;

static CONTENT: LazyLock<Content> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../content");
    Content::load(&folder).expect("the content of the checkout is valid")
});

fuzz_target!(|pieces: Vec<&str>| {
    let mut gate = SentenceGate::new(&CONTENT.output, "You are the companion. Answer in two short, warm sentences.");
    let mut released = 0;
    for piece in &pieces {
        released += gate.push(piece).released.len();
    }
    released += gate.finish().released.len();
    assert!(released <= pieces.iter().map(|piece| piece.len()).sum());
});
