//! The encoder from outside: folders on disk, texts in, probabilities out. The models are tiny and
//! random; what they should compute is worked out by `reference`.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod classification;
mod folders;
mod reference;

use encoder::{Encoder, testing};
use tempfile::TempDir;

/// Some texts of different lengths; the last one is longer than the model's limit.
const TEXTS: [&str; 4] = [
    "They laugh at me.",
    "alone",
    "i am happy i am alone they laugh",
    "they laugh at me they laugh at me they laugh at me they laugh at me they laugh at me they laugh at",
];

fn multi_head() -> (TempDir, Encoder) {
    let folder = tempfile::tempdir().unwrap();
    testing::write_multi_head(folder.path(), 7).unwrap();
    let encoder = Encoder::load_exact(folder.path()).unwrap();
    (folder, encoder)
}

fn assert_close(found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len());
    for (found_value, expected_value) in found.iter().zip(expected) {
        assert!(
            (found_value - expected_value).abs() < tolerance,
            "{found:?} is not {expected:?}"
        );
    }
}
