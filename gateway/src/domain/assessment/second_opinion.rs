//! What the chat model thinks of a person's own words, beside the classifier. In: the classifier's probabilities and
//! one label that the model chose. Out: probabilities in which both count. Asked only when the words are no crisis,
//! and only where it was measured to help: small models sort worse than the classifier.

use std::collections::BTreeMap;

use super::{Severity, Topic};
use crate::domain::{
    chat::prompt,
    content::prompts::Prompts,
    ports::{Classification, HeadScores, PeerError, TextGenerator},
};

/// Share of the model's choice in the result; the classifier has the rest.
pub const WEIGHT: f64 = 1.0 / 3.0;

/// The heads that the model is asked for, with their labels.
fn questions(prompts: &Prompts) -> [(&'static str, &str, Vec<&'static str>); 2] {
    [
        (
            "topic",
            &prompts.classify_topic.text,
            Topic::ALL.map(Topic::as_str).to_vec(),
        ),
        (
            "severity",
            &prompts.classify_severity.text,
            Severity::ALL.map(Severity::as_str).to_vec(),
        ),
    ]
}

/// Asks the model and counts its choices in. What was found before a failure stays.
///
/// # Errors
/// The model cannot be asked.
pub async fn add(
    generator: &dyn TextGenerator,
    prompts: &Prompts,
    words: &str,
    budget: usize,
    classification: &mut Classification,
) -> Result<(), PeerError> {
    for (head, system, labels) in questions(prompts) {
        let options = labels.iter().map(|label| label.replace('_', " "));
        let messages = prompt::build(system, &[], words, budget);
        let chosen = generator.choose(messages, options.collect()).await?;
        let label = labels.get(chosen).ok_or(PeerError::Failed)?;
        count_in(classification, head, label, &labels);
    }
    Ok(())
}

/// The mean of the classifier's probabilities and the choice, weighted by [`WEIGHT`]; the choice alone where the
/// classifier said nothing.
fn count_in(classification: &mut Classification, head: &str, chosen: &str, labels: &[&str]) {
    let before = classification.get(head);
    let share = |label: &str| {
        let choice = if label == chosen { 1.0 } else { 0.0 };
        match before {
            Some(scores) => scores
                .probability(label)
                .mul_add(1.0 - WEIGHT, choice * WEIGHT),
            None => choice,
        }
    };
    let scores: BTreeMap<String, f64> = labels
        .iter()
        .map(|label| ((*label).to_owned(), share(label)))
        .collect();
    let best = scores
        .iter()
        .max_by(|one, other| one.1.total_cmp(other.1))
        .map(|(label, _)| label.clone());
    let fused = HeadScores {
        label: best.unwrap_or_default(),
        scores,
    };
    classification.insert(head.to_owned(), fused);
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVELS: [&str; 3] = ["mild", "moderate", "severe"];

    fn classification(scores: [f64; 3]) -> Classification {
        let scores = LEVELS.map(str::to_owned).into_iter().zip(scores).collect();
        let label = "mild".to_owned();
        Classification::from([("severity".to_owned(), HeadScores { label, scores })])
    }

    #[test]
    fn both_count_and_probabilities_still_sum_to_one() {
        let mut found = classification([0.5, 0.4, 0.1]);
        count_in(&mut found, "severity", "moderate", &LEVELS);
        let fused = &found["severity"];
        assert_eq!(fused.label, "moderate");
        assert!((fused.scores.values().sum::<f64>() - 1.0).abs() < 1e-9);
        assert!((fused.probability("moderate") - 0.6).abs() < 1e-9);
    }

    #[test]
    fn a_sure_classifier_is_not_overruled() {
        let mut found = classification([0.9, 0.05, 0.05]);
        count_in(&mut found, "severity", "severe", &LEVELS);
        assert_eq!(found["severity"].label, "mild");
    }

    #[test]
    fn without_the_classifier_the_choice_stands_alone() {
        let mut found = Classification::new();
        count_in(&mut found, "severity", "severe", &LEVELS);
        assert_eq!(found["severity"].probability("severe"), 1.0);
    }
}
