//! Every range, at its borders and beyond.

use super::*;

type Change = fn(&mut SamplingRequest);

/// The field that is refused after a change to an empty request.
fn refused(change: Change) -> Option<&'static str> {
    let mut request = SamplingRequest::default();
    change(&mut request);
    match request.validate() {
        Ok(_) => None,
        Err(GenerationError::Invalid { field, .. }) => Some(field),
        Err(other) => panic!("expected an invalid field, got {other:?}"),
    }
}

fn check(field: &'static str, changes: &[Change]) {
    for (index, change) in changes.iter().enumerate() {
        assert_eq!(refused(*change), Some(field), "case {index}");
    }
}

#[test]
fn nothing_set_takes_the_defaults() {
    let sampling = SamplingRequest::default().validate();
    assert_eq!(sampling, Ok(Sampling::default()));
}

#[test]
fn temperature_and_masses_outside_their_range_are_refused() {
    check(
        "sampling.temperature",
        &[
            |r| r.temperature = Some(f32::NAN),
            |r| r.temperature = Some(2.1),
            |r| r.temperature = Some(-0.1),
        ],
    );
    check(
        "sampling.top_p",
        &[
            |r| r.top_p = Some(f32::NAN),
            |r| r.top_p = Some(0.0),
            |r| r.top_p = Some(1.1),
        ],
    );
    check("sampling.top_k", &[|r| r.top_k = Some(0)]);
    check(
        "sampling.min_p",
        &[|r| r.min_p = Some(f32::NAN), |r| r.min_p = Some(1.5)],
    );
}

#[test]
fn penalties_outside_their_range_are_refused() {
    check(
        "sampling.repetition_penalty",
        &[
            |r| r.repetition_penalty = Some(f32::NAN),
            |r| r.repetition_penalty = Some(0.0),
            |r| r.repetition_penalty = Some(2.5),
        ],
    );
    check(
        "sampling.frequency_penalty",
        &[
            |r| r.frequency_penalty = Some(f32::INFINITY),
            |r| r.frequency_penalty = Some(-2.5),
        ],
    );
}

#[test]
fn lengths_stop_strings_and_seeds_outside_their_range_are_refused() {
    check("sampling.max_tokens", &[|r| r.max_tokens = Some(0)]);
    check(
        "sampling.stop",
        &[
            |r| r.stop = vec![String::new()],
            |r| r.stop = vec!["x".to_owned(); MAX_STOP_STRINGS + 1],
            |r| r.stop = vec!["x".repeat(MAX_STOP_BYTES + 1)],
        ],
    );
    check("sampling.seed", &[|r| r.seed = Some(1)]);
}

#[test]
fn a_choice_needs_two_different_short_texts() {
    check(
        "choice.options",
        &[
            |r| r.choice = vec!["mild".to_owned()],
            |r| r.choice = vec!["mild".to_owned(), " ".to_owned()],
            |r| r.choice = vec!["mild".to_owned(), "mild".to_owned()],
            |r| r.choice = vec!["mild".to_owned(), "x".repeat(MAX_CHOICE_BYTES + 1)],
            |r| r.choice = (0..=MAX_CHOICES).map(|n| n.to_string()).collect(),
        ],
    );
    let taken: Change = |r| r.choice = vec!["mild".to_owned(), "severe".to_owned()];
    assert_eq!(refused(taken), None);
}

#[test]
fn values_at_the_borders_are_taken() {
    let borders: [Change; 6] = [
        |r| r.temperature = Some(0.0),
        |r| r.temperature = Some(2.0),
        |r| r.top_p = Some(1.0),
        |r| r.min_p = Some(1.0),
        |r| r.repetition_penalty = Some(2.0),
        |r| r.frequency_penalty = Some(-2.0),
    ];
    for (index, change) in borders.iter().enumerate() {
        assert_eq!(refused(*change), None, "case {index}");
    }
}

#[test]
fn a_seed_is_honoured_together_with_greedy_decoding() {
    let taken: Change = |r| {
        r.seed = Some(7);
        r.temperature = Some(0.0);
    };
    assert_eq!(refused(taken), None);
}
