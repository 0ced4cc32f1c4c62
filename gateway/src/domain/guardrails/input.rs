//! Everything the decision is made from: signs found by rules, and what the classifier says, when
//! it can be asked. Input is what a person wrote; the outcome carries codes and numbers only.

use super::{
    before::Before,
    decode::hidden_texts,
    rules::{RuleHit, RuleMatcher},
    sentences,
};
use crate::domain::ports::Classification;

/// Most texts that one message is classified as.
const MAXIMUM_TEXTS: usize = 32;
/// A message of at most this many words is classified as a whole. A longer one is read in passages of whole sentences
/// with at most as many: what is dangerous is easily missed among much that is not, and on the suites of
/// `tests/safety` reading the whole as well found one crisis more and took half as long again.
const WORDS_READ_AT_ONCE: usize = 40;
/// A message of at most this many words says too little to be taken as a change of subject.
const SHORT_WORDS: usize = 2;
/// "I'm fine" in a message longer than this is about something else.
const RETREAT_WORDS: usize = 15;

/// What is known about a message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Signals {
    /// Rules that were found.
    pub rules: Vec<RuleHit>,
    /// Rules that only the last messages together show.
    pub together: Vec<RuleHit>,
    /// What the classifier says; none when it could not be asked.
    pub labels: Option<RiskLabels>,
    /// What the classifier says of the last messages together.
    pub labels_together: Option<RiskLabels>,
    /// The person takes something back, says that nothing is wrong, or says next to nothing.
    pub retreats: bool,
    /// The message begins with a yes.
    pub affirms: bool,
    /// A time that is near is named.
    pub is_urgent: bool,
    /// The person says what was meant instead.
    pub clarifies: bool,
    /// Something makes light of what is said: laughter, an idiom, words that take a rule back.
    pub is_light: bool,
    /// There is a saying that only sounds like a crisis.
    pub has_idiom: bool,
    /// The person wants to protect themself or to make up for something.
    pub protects: bool,
    /// Number of words.
    pub words: usize,
}

/// Highest probability of each label that matters for safety, over the message or its passages.
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

/// The texts to classify: the message, or the passages of a long one. What was hidden in the message comes with them, and what was
/// said before together with the message comes last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// For the classifier.
    pub texts: Vec<String>,
    /// Whether the last of them is the conversation.
    has_window: bool,
}

impl Texts {
    /// The texts of a message.
    #[must_use]
    pub fn of(rules: &RuleMatcher, message: &str, before: &Before) -> Self {
        let mut texts = vec![message.to_owned()];
        if message.split_whitespace().count() > WORDS_READ_AT_ONCE {
            let passages = passages(message);
            if passages.len() > 1 {
                texts = passages;
            }
        }
        // First, so that a long message does not crowd it out.
        if let Some(plain) = rules.plain_text(message) {
            texts.insert(1, plain);
        }
        texts.extend(hidden_texts(message));
        texts.truncate(MAXIMUM_TEXTS);
        let window = before.window();
        let has_window = !window.is_empty();
        if has_window {
            texts.push(format!("{window}\n{message}"));
        }
        Self { texts, has_window }
    }
}

/// Sentences that follow each other, as many in a passage as stay within [`WORDS_READ_AT_ONCE`] words.
fn passages(message: &str) -> Vec<String> {
    let mut passages: Vec<(usize, String)> = Vec::new();
    for sentence in sentences::split(message) {
        let words = sentence.text.split_whitespace().count();
        match passages.last_mut() {
            Some((count, passage)) if *count + words <= WORDS_READ_AT_ONCE => {
                *count += words;
                passage.push(' ');
                passage.push_str(sentence.text);
            }
            _ => passages.push((words, sentence.text.to_owned())),
        }
    }
    passages.into_iter().map(|(_, passage)| passage).collect()
}

/// Reads a message with the rules and takes over what the classifier says of its texts.
#[must_use]
pub fn inspect(
    rules: &RuleMatcher,
    message: &str,
    before: &Before,
    texts: &Texts,
    labels: &[Classification],
) -> Signals {
    let found = rules.find(message);
    let says_little = (1..=SHORT_WORDS).contains(&found.words);
    let window = before.window();
    let together = if window.is_empty() {
        Vec::new()
    } else {
        rules.find_across(&window, message)
    };
    let (own, of_window) = match labels.split_last() {
        Some((last, own)) if texts.has_window && labels.len() == texts.texts.len() => {
            (own, Some(last))
        }
        _ => (labels, None),
    };
    Signals {
        rules: found.hits,
        together,
        labels: (!own.is_empty()).then(|| risk_labels(own)),
        labels_together: of_window.map(|labels| risk_labels(std::slice::from_ref(labels))),
        retreats: says_little || (found.retreats && found.words <= RETREAT_WORDS),
        affirms: found.affirms,
        is_urgent: found.is_urgent,
        clarifies: found.clarifies,
        is_light: found.is_light,
        has_idiom: found.has_idiom,
        protects: found.protects,
        words: found.words,
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
    use crate::domain::{
        content::{Content, tests::real_folder},
        guardrails::{before::Earlier, route::Route},
        ports::HeadScores,
    };

    fn texts(message: &str, before: &Before) -> Vec<String> {
        let content = Content::load(&real_folder()).unwrap();
        Texts::of(&content.rules, message, before).texts
    }

    #[test]
    fn a_message_is_classified_as_a_whole_and_a_long_one_by_passage() {
        let before = Before::default();
        for short in ["how are you today", "I had a bad day. Nobody wrote to me."] {
            assert_eq!(texts(short, &before), [short]);
        }
        let first = format!("I had a {}bad day.", "very ".repeat(40));
        let long = format!("{first} Nobody wrote to me. Ok bye.");
        assert_eq!(
            texts(&long, &before),
            [first.as_str(), "Nobody wrote to me. Ok bye."]
        );
        let endless = "word ".repeat(60);
        assert_eq!(texts(&endless, &before), [endless.as_str()]);
        let many = texts(&"One more sentence here. ".repeat(1000), &before);
        assert_eq!(many.len(), 32);
        assert!(
            many.iter()
                .all(|text| text.split_whitespace().count() <= 40)
        );
    }

    #[test]
    fn what_was_said_before_is_classified_with_the_message() {
        let earlier = Earlier {
            text: "first half".to_owned(),
            route: Route::Answer,
        };
        let before = Before {
            earlier: vec![earlier],
            ..Before::default()
        };
        assert_eq!(
            texts("second half", &before),
            ["second half", "first half\nsecond half"]
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
