//! Everything the decision is made from: signs found by rules, and what the classifier says, when
//! it can be asked. Input is what a person wrote; the outcome carries codes and numbers only.

use super::{
    rules::{RuleHit, RuleMatcher},
    sentences,
};
use crate::domain::ports::Classification;

/// Most texts that one message is classified as.
const MAXIMUM_TEXTS: usize = 8;
/// A sentence with fewer words is not classified on its own: it says too little.
const MINIMUM_SENTENCE_WORDS: usize = 3;
/// A message of at most this many words says too little to be taken as a change of subject.
const SHORT_WORDS: usize = 2;
/// "I'm fine" in a message longer than this is about something else.
const RETREAT_WORDS: usize = 15;

/// What is known about a message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Signals {
    /// Rules that were found.
    pub rules: Vec<RuleHit>,
    /// What the classifier says; none when it could not be asked.
    pub labels: Option<RiskLabels>,
    /// The person takes something back, says that nothing is wrong, or says next to nothing.
    pub retreats: bool,
}

/// Highest probability of each label that matters for safety, over the message and its sentences.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RiskLabels {
    /// Head "risk", label "crisis".
    pub crisis: f64,
    /// Head "risk", label "distress".
    pub distress: f64,
    /// Head "intent", label "`harmful_request`".
    pub harmful_request: f64,
    /// Head "intent", label "manipulation".
    pub manipulation: f64,
}

/// The texts to classify: the whole message first, then its sentences, because what is harmful is
/// easily missed among much that is not.
#[must_use]
pub fn texts_to_classify(message: &str) -> Vec<String> {
    let mut texts = vec![message.to_owned()];
    let sentences = sentences::split(message);
    if sentences.len() > 1 {
        let long_enough = sentences.iter().filter(|sentence| {
            sentence
                .text
                .split_whitespace()
                .take(MINIMUM_SENTENCE_WORDS)
                .count()
                == MINIMUM_SENTENCE_WORDS
        });
        texts.extend(
            long_enough
                .map(|sentence| sentence.text.to_owned())
                .take(MAXIMUM_TEXTS - 1),
        );
    }
    texts
}

/// Reads a message with the rules and takes over what the classifier says of its texts.
#[must_use]
pub fn inspect(rules: &RuleMatcher, message: &str, labels: &[Classification]) -> Signals {
    let found = rules.find(message);
    let says_little = (1..=SHORT_WORDS).contains(&found.words);
    Signals {
        rules: found.hits,
        labels: (!labels.is_empty()).then(|| risk_labels(labels)),
        retreats: says_little || (found.retreats && found.words <= RETREAT_WORDS),
    }
}

fn risk_labels(labels: &[Classification]) -> RiskLabels {
    let highest = |head: &str, label: &str| {
        labels
            .iter()
            .filter_map(|heads| heads.get(head))
            .map(|scores| scores.probability(label))
            .filter(|probability| probability.is_finite())
            .fold(0.0, f64::max)
    };
    RiskLabels {
        crisis: highest("risk", "crisis"),
        distress: highest("risk", "distress"),
        harmful_request: highest("intent", "harmful_request"),
        manipulation: highest("intent", "manipulation"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::ports::HeadScores;

    #[test]
    fn a_message_is_classified_as_a_whole_and_by_sentence() {
        assert_eq!(
            texts_to_classify("how are you today"),
            ["how are you today"]
        );
        assert_eq!(
            texts_to_classify("I had a bad day. Nobody wrote to me. Ok bye."),
            [
                "I had a bad day. Nobody wrote to me. Ok bye.",
                "I had a bad day.",
                "Nobody wrote to me.",
            ]
        );
        assert_eq!(
            texts_to_classify(&"One more sentence here. ".repeat(100)).len(),
            8
        );
    }

    #[test]
    fn the_highest_probability_of_all_texts_counts() {
        let text = |crisis: f64| {
            let scores = BTreeMap::from([("crisis".to_owned(), crisis)]);
            let head = HeadScores {
                label: "crisis".to_owned(),
                scores,
            };
            Classification::from([("risk".to_owned(), head)])
        };
        let labels = risk_labels(&[text(0.1), text(0.9), text(f64::NAN)]);
        assert!((labels.crisis - 0.9).abs() < f64::EPSILON);
        assert!(labels.manipulation.abs() < f64::EPSILON);
    }
}
