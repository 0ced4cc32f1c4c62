//! The committed evidence belongs to what is committed beside it.

use std::path::Path;

use guard_eval::evidence::{Evidence, hashes};

#[test]
fn the_evidence_is_about_the_rules_prompts_and_models_that_are_here() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("tests/safety/evidence.json")).unwrap();
    let evidence: Evidence = serde_json::from_str(&text).unwrap();
    let now = hashes(&root).unwrap();
    let changed: Vec<&String> = now
        .iter()
        .filter(|(file, hash)| evidence.hashes.get(*file) != Some(hash))
        .map(|(file, _)| file)
        .collect();
    assert!(
        changed.is_empty() && now.len() == evidence.hashes.len(),
        "changed since the guards were measured: {changed:?}; run \
         `cargo xtask eval guard --gate --cases tests/safety/suites/*.jsonl` and read its report"
    );
}
