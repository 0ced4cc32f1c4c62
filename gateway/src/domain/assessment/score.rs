//! The one formula of the screening: questionnaire points and classifier probabilities become a
//! theme and a severity, with what each answer added. Deterministic, never NaN, and complete
//! without a query and without the classifier.
//!
//! Theme. For each theme, the share of its points that the answers gave, out of the most that the
//! answered questions could give, is its weight (plus [`PRIOR`]); "no theme" weighs [`NO_THEME`].
//! The weights, divided by their sum, are the questionnaire's probabilities. When the classifier
//! read the person's own words, the result is the mean of both, weighted by [`QUERY_WEIGHT`].
//!
//! Severity. For each theme, the share of severity points over the questions about that theme and
//! those about none; the highest share counts, so that one theme alone can weigh heavily. The
//! person's own words can raise this value by [`QUERY_WEIGHT`] of the distance to the classifier's
//! expectation, never lower it. An answer flagged as distress or crisis sets a floor. With the
//! same questions answered, more points therefore never lower the severity.

mod sheet;

use std::collections::BTreeMap;

use self::sheet::AnswerSheet;
use super::{Severity, Topic};
use crate::domain::{
    content::questionnaire::{MAXIMUM_POINTS, Questionnaire},
    ports::{Classification, HeadScores},
    questionnaire::{Answers, Flag, highest_flag},
};

/// Weight of the person's own words beside the answers, when the classifier read them.
pub const QUERY_WEIGHT: f64 = 0.5;
/// Added to each theme, so that none is ever impossible.
pub const PRIOR: f64 = 0.02;
/// Weight of "no theme": a theme stands out when it has more than about a quarter of its points,
/// which is "rarely" on a scale from never to almost always.
pub const NO_THEME: f64 = 0.25;
/// Where each level is most itself on the scale from 0 to 1. Between two, their scores change
/// places evenly, so the cut-offs are at 1/3 (moderate) and 2/3 (severe).
pub const LEVEL_CENTRES: [(Severity, f64); 3] = [
    (Severity::Mild, 1.0 / 6.0),
    (Severity::Moderate, 0.5),
    (Severity::Severe, 5.0 / 6.0),
];
/// The id under which the person's own words contribute.
pub const QUERY_ID: &str = "query";
/// The name under which the person's own words contribute.
pub const QUERY_PROMPT: &str = "Your own words";
/// The name under which severity points contribute.
pub const SEVERITY: &str = "severity";

/// A label with the scores it was chosen from.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// The label with the highest score.
    pub label: String,
    /// Label to score in [0, 1]; the scores sum to 1.
    pub scores: BTreeMap<String, f64>,
}

/// What one answer added.
#[derive(Debug, Clone, PartialEq)]
pub struct Contribution {
    /// The question, or [`QUERY_ID`].
    pub question_id: String,
    /// Its words, so that the result can be read alone.
    pub prompt: String,
    /// The theme, or [`SEVERITY`].
    pub topic: String,
    /// Points of the questionnaire; for the query, as many points as would weigh the same.
    pub points: f64,
}

/// The result of the screening.
#[derive(Debug, Clone, PartialEq)]
pub struct AssessmentScore {
    /// Theme.
    pub topic: Scored,
    /// Level.
    pub severity: Scored,
    /// What each answer added, in the order of the questionnaire; the query last.
    pub contributions: Vec<Contribution>,
}

/// Scores answers and, when the classifier read one, the person's own words.
#[must_use]
pub fn assess(
    questionnaire: &Questionnaire,
    answers: &Answers,
    query: Option<&Classification>,
) -> AssessmentScore {
    let sheet = AnswerSheet::read(questionnaire, answers);
    let mut contributions = sheet.contributions.clone();

    let mut topics = sheet.topic_probabilities();
    let head = |name: &str| query.and_then(|heads| heads.get(name));
    if let Some(words) = head("topic").and_then(topic_distribution) {
        for (own, heard) in topics.iter_mut().zip(words) {
            *own = own.mul_add(1.0 - QUERY_WEIGHT, heard * QUERY_WEIGHT);
        }
        let equal = query_points(sheet.theme_points);
        let heard = Topic::ALL
            .into_iter()
            .zip(words)
            .filter(|(topic, _)| *topic != Topic::Other);
        contributions.extend(heard.map(|(topic, share)| from_query(topic.as_str(), share * equal)));
    }

    let mut level = sheet.severity;
    if let Some(words) = head("severity").and_then(severity_expectation) {
        level += QUERY_WEIGHT * (words - level).max(0.0);
        contributions.push(from_query(
            SEVERITY,
            words * query_points(sheet.severity_points),
        ));
    }
    let level = level.max(flag_floor(highest_flag(questionnaire, answers)));

    AssessmentScore {
        topic: choose(Topic::ALL.into_iter().map(Topic::as_str).zip(topics)),
        severity: choose(
            // From severe to mild, so that a tie goes to the higher level.
            level_scores(level)
                .into_iter()
                .rev()
                .map(|(level, score)| (level.as_str(), score)),
        ),
        contributions,
    }
}

fn from_query(topic: &str, points: f64) -> Contribution {
    Contribution {
        question_id: QUERY_ID.to_owned(),
        prompt: QUERY_PROMPT.to_owned(),
        topic: topic.to_owned(),
        points,
    }
}

/// Points that weigh as much as the answers' points together; without any, those of one answer.
fn query_points(answers: f64) -> f64 {
    let equal = answers * QUERY_WEIGHT / (1.0 - QUERY_WEIGHT);
    if equal > 0.0 {
        equal
    } else {
        f64::from(MAXIMUM_POINTS)
    }
}

/// The classifier's probabilities in the order of [`Topic::ALL`], made to sum to 1; none when the
/// head has nothing usable.
fn topic_distribution(head: &HeadScores) -> Option<[f64; 4]> {
    let usable = Topic::ALL.map(|topic| usable(head.probability(topic.as_str())));
    let total: f64 = usable.iter().sum();
    (total > 0.0).then(|| usable.map(|probability| probability / total))
}

/// Expected severity on the scale from 0 to 1; none when the head has nothing usable.
fn severity_expectation(head: &HeadScores) -> Option<f64> {
    let [mild, moderate, severe] =
        Severity::ALL.map(|severity| usable(head.probability(severity.as_str())));
    let total = mild + moderate + severe;
    (total > 0.0).then(|| moderate.mul_add(0.5, severe) / total)
}

fn usable(probability: f64) -> f64 {
    if probability.is_finite() {
        probability.clamp(0.0, 1.0)
    } else {
        0.0
    }
}

fn flag_floor(flag: Option<Flag>) -> f64 {
    let [_, (_, moderate), (_, severe)] = LEVEL_CENTRES;
    match flag {
        None => 0.0,
        Some(Flag::Distress) => moderate,
        Some(Flag::Crisis) => severe,
    }
}

/// Scores of the levels for a value from 0 to 1; they sum to 1.
fn level_scores(value: f64) -> [(Severity, f64); 3] {
    let [(_, low), (_, middle), (_, high)] = LEVEL_CENTRES;
    let severe = ((value - middle) / (high - middle)).clamp(0.0, 1.0);
    let mild = ((middle - value) / (middle - low)).clamp(0.0, 1.0);
    [
        (Severity::Mild, mild),
        (Severity::Moderate, 1.0 - mild - severe),
        (Severity::Severe, severe),
    ]
}

/// The first of the highest scores.
fn choose(scores: impl Iterator<Item = (&'static str, f64)>) -> Scored {
    let mut best = ("", f64::NEG_INFINITY);
    let mut map = BTreeMap::new();
    for (label, score) in scores {
        if score > best.1 {
            best = (label, score);
        }
        map.insert(label.to_owned(), score);
    }
    Scored {
        label: best.0.to_owned(),
        scores: map,
    }
}

#[cfg(test)]
mod tests;
