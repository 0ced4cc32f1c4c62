//! The answers in points: per theme and for severity, given out of attainable.

use super::{Contribution, NO_THEME, PRIOR, SEVERITY};
use crate::domain::{
    assessment::Topic,
    content::questionnaire::{Points, Question, Questionnaire},
    questionnaire::{Answers, chosen_options},
};

/// The answers in points.
pub(super) struct AnswerSheet {
    /// Share of attainable points of each theme, in the order of [`Topic::THEMES`].
    theme_shares: [f64; 3],
    pub(super) theme_points: f64,
    pub(super) severity: f64,
    pub(super) severity_points: f64,
    pub(super) contributions: Vec<Contribution>,
}

#[derive(Clone, Copy, Default)]
struct Tally {
    given: f64,
    attainable: f64,
}

impl Tally {
    fn add(&mut self, given: f64, attainable: f64) {
        self.given += given;
        self.attainable += attainable;
    }

    fn share(self) -> f64 {
        if self.attainable > 0.0 {
            (self.given / self.attainable).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }
}

impl AnswerSheet {
    pub(super) fn read(questionnaire: &Questionnaire, answers: &Answers) -> Self {
        let mut themes = [Tally::default(); 3];
        let mut severities = [Tally::default(); 3];
        let mut severity_points = 0.0;
        let mut contributions = Vec::new();
        for question in questionnaire.questions() {
            let Some(answer) = QuestionPoints::of(question, answers) else {
                continue;
            };
            let general = !Topic::THEMES
                .into_iter()
                .any(|theme| question.is_about(theme));
            for (index, theme) in Topic::THEMES.into_iter().enumerate() {
                themes[index].add(answer.themes[index].given, answer.themes[index].attainable);
                if general || question.is_about(theme) {
                    severities[index].add(answer.severity.given, answer.severity.attainable);
                }
                contribute(
                    &mut contributions,
                    question,
                    theme.as_str(),
                    answer.themes[index],
                );
            }
            severity_points += answer.severity.given;
            contribute(&mut contributions, question, SEVERITY, answer.severity);
        }
        Self {
            theme_shares: themes.map(Tally::share),
            theme_points: themes.iter().map(|tally| tally.given).sum(),
            severity: severities.into_iter().map(Tally::share).fold(0.0, f64::max),
            severity_points,
            contributions,
        }
    }

    /// In the order of [`Topic::ALL`]; they sum to 1.
    pub(super) fn topic_probabilities(&self) -> [f64; 4] {
        let [bullying, addiction, isolation] = self.theme_shares.map(|share| share + PRIOR);
        let weights = [bullying, addiction, isolation, NO_THEME];
        let total: f64 = weights.iter().sum();
        weights.map(|weight| weight / total)
    }
}

/// Points that the answer to one question gave, out of those it could give.
struct QuestionPoints {
    themes: [Tally; 3],
    severity: Tally,
}

impl QuestionPoints {
    /// None without an answer. Several options count as the highest of them, so that ticking more
    /// boxes never gives more than one question can.
    fn of(question: &Question, answers: &Answers) -> Option<Self> {
        chosen_options(question, answers).next()?;
        let tally = |points: &dyn Fn(Points) -> u8| Tally {
            given: chosen_options(question, answers)
                .map(|option| f64::from(points(option.points)))
                .fold(0.0, f64::max),
            attainable: question
                .options
                .iter()
                .map(|option| f64::from(points(option.points)))
                .fold(0.0, f64::max),
        };
        Some(Self {
            themes: Topic::THEMES.map(|theme| tally(&|points| points.topic(theme))),
            severity: tally(&|points| points.severity),
        })
    }
}

fn contribute(list: &mut Vec<Contribution>, question: &Question, topic: &str, tally: Tally) {
    if tally.given > 0.0 {
        list.push(Contribution {
            question_id: question.id.clone(),
            prompt: question.prompt.clone(),
            topic: topic.to_owned(),
            points: tally.given,
        });
    }
}
