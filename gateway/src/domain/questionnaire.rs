//! Answers to the questionnaire: what is accepted, how partial answers come together, how far a
//! person is, and which answers ask for help at once.

use std::collections::BTreeMap;

pub use super::content::questionnaire::Flag;
use super::content::questionnaire::{Question, QuestionKind, QuestionOption, Questionnaire};

/// Question id to chosen option ids.
pub type Answers = BTreeMap<String, Vec<String>>;

/// Longest part of an id that an error repeats.
const SHOWN_ID_CHARS: usize = 40;

/// Why answers cannot be saved. Nothing of the request is saved then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswersError {
    /// The questions have changed since they were shown.
    #[error("the questionnaire has changed, its version is now {current}; load it again")]
    StaleVersion {
        /// Version in use.
        current: String,
    },
    /// No question has this id.
    #[error("there is no question {0:?}")]
    UnknownQuestion(String),
    /// The question has no such option.
    #[error("question {question:?} has no option {option:?}")]
    UnknownOption {
        /// The question.
        question: String,
        /// What was sent.
        option: String,
    },
    /// Several options where one may be chosen.
    #[error("question {0:?} takes one option")]
    OneOptionOnly(String),
    /// The same option twice.
    #[error("question {question:?} has option {option:?} more than once")]
    RepeatedOption {
        /// The question.
        question: String,
        /// What was sent twice.
        option: String,
    },
}

/// How far a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Required questions with an answer.
    pub answered: usize,
    /// Required questions in all.
    pub required: usize,
    /// Nothing required is missing.
    pub complete: bool,
}

/// Checks answers against the questions. They may be partial; an empty list takes an answer back.
///
/// # Errors
/// The first thing that does not fit.
pub fn validate(
    questionnaire: &Questionnaire,
    version: &str,
    answers: &Answers,
) -> Result<(), AnswersError> {
    if version != questionnaire.version {
        return Err(AnswersError::StaleVersion {
            current: questionnaire.version.clone(),
        });
    }
    answers.iter().try_for_each(|(id, chosen)| {
        let question = questionnaire
            .question(id)
            .ok_or_else(|| AnswersError::UnknownQuestion(shown(id)))?;
        validate_choice(question, chosen)
    })
}

fn validate_choice(question: &Question, chosen: &[String]) -> Result<(), AnswersError> {
    for (index, option) in chosen.iter().enumerate() {
        if question.option(option).is_none() {
            return Err(AnswersError::UnknownOption {
                question: question.id.clone(),
                option: shown(option),
            });
        }
        if chosen[..index].contains(option) {
            return Err(AnswersError::RepeatedOption {
                question: question.id.clone(),
                option: option.clone(),
            });
        }
    }
    match question.kind {
        QuestionKind::Single | QuestionKind::Scale if chosen.len() > 1 => {
            Err(AnswersError::OneOptionOnly(question.id.clone()))
        }
        _ => Ok(()),
    }
}

fn shown(id: &str) -> String {
    id.chars().take(SHOWN_ID_CHARS).collect()
}

/// Puts new answers over the kept ones. Questions that are not named stay as they are.
pub fn merge(kept: &mut Answers, new: Answers) {
    for (question, chosen) in new {
        if chosen.is_empty() {
            kept.remove(&question);
        } else {
            kept.insert(question, chosen);
        }
    }
}

/// How far a person is. Answers to questions or options that no longer exist do not count.
#[must_use]
pub fn progress(questionnaire: &Questionnaire, answers: &Answers) -> Progress {
    let required = questionnaire
        .questions()
        .filter(|question| question.required);
    let (answered, required) = required.fold((0, 0), |(answered, required), question| {
        let has_answer = chosen_options(question, answers).next().is_some();
        (answered + usize::from(has_answer), required + 1)
    });
    Progress {
        answered,
        required,
        complete: answered == required,
    }
}

/// The options a person chose for a question, as far as they exist.
pub fn chosen_options<'a>(
    question: &'a Question,
    answers: &'a Answers,
) -> impl Iterator<Item = &'a QuestionOption> {
    answers
        .get(&question.id)
        .into_iter()
        .flatten()
        .filter_map(|option| question.option(option))
}

/// The highest flag among the answers: whether an answer asks for help at once.
#[must_use]
pub fn highest_flag(questionnaire: &Questionnaire, answers: &Answers) -> Option<Flag> {
    questionnaire
        .questions()
        .flat_map(|question| chosen_options(question, answers))
        .filter_map(|option| option.flag)
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn questionnaire() -> Questionnaire {
        toml::from_str(
            r#"
            version = "1"
            [[sections]]
            id = "s"
            title = "S"
            [[sections.questions]]
            id = "often"
            kind = "scale"
            prompt = "How often?"
            required = true
            options = [{ id = "never", label = "Never" }, { id = "always", label = "Always" }]
            [[sections.questions]]
            id = "where"
            kind = "multi"
            prompt = "Where?"
            required = false
            options = [{ id = "chat", label = "Chat" }, { id = "game", label = "Game" }]
            [[sections.questions]]
            id = "safe"
            kind = "single"
            prompt = "Do you feel safe?"
            required = true
            options = [
              { id = "yes", label = "Yes" },
              { id = "unsure", label = "Not sure", flag = "distress" },
              { id = "no", label = "No", flag = "crisis" },
            ]
            "#,
        )
        .unwrap()
    }

    fn answers(pairs: &[(&str, &[&str])]) -> Answers {
        pairs
            .iter()
            .map(|(id, chosen)| {
                (
                    (*id).to_owned(),
                    chosen.iter().map(|option| (*option).to_owned()).collect(),
                )
            })
            .collect()
    }

    #[test]
    fn answers_that_do_not_fit_are_refused_with_the_reason() {
        let questionnaire = questionnaire();
        let check = |version: &str, pairs: &[(&str, &[&str])]| {
            validate(&questionnaire, version, &answers(pairs)).err()
        };
        assert_eq!(
            check("1", &[("often", &["always"]), ("where", &["chat", "game"])]),
            None
        );
        assert_eq!(
            check("1", &[("often", &[])]),
            None,
            "an empty list takes an answer back"
        );
        assert_eq!(
            check("0", &[]),
            Some(AnswersError::StaleVersion {
                current: "1".to_owned()
            })
        );
        assert_eq!(
            check("1", &[("else", &["x"])]),
            Some(AnswersError::UnknownQuestion("else".to_owned()))
        );
        assert_eq!(
            check("1", &[("often", &["x"])]),
            Some(AnswersError::UnknownOption {
                question: "often".to_owned(),
                option: "x".to_owned()
            })
        );
        assert_eq!(
            check("1", &[("often", &["never", "always"])]),
            Some(AnswersError::OneOptionOnly("often".to_owned()))
        );
        assert_eq!(
            check("1", &[("where", &["chat", "chat"])]),
            Some(AnswersError::RepeatedOption {
                question: "where".to_owned(),
                option: "chat".to_owned()
            })
        );
    }

    #[test]
    fn an_error_repeats_only_the_beginning_of_a_long_id() {
        let long = "x".repeat(10_000);
        let error = validate(&questionnaire(), "1", &answers(&[(&long, &["a"])])).unwrap_err();
        assert!(error.to_string().len() < 100);
    }

    #[test]
    fn partial_answers_come_together_and_can_be_taken_back() {
        let mut kept = answers(&[("often", &["never"]), ("where", &["chat"])]);
        merge(
            &mut kept,
            answers(&[("often", &["always"]), ("where", &[]), ("safe", &["yes"])]),
        );
        assert_eq!(kept, answers(&[("often", &["always"]), ("safe", &["yes"])]));
    }

    #[test]
    fn progress_counts_required_questions_with_an_answer_that_exists() {
        let questionnaire = questionnaire();
        let progress = |pairs: &[(&str, &[&str])]| progress(&questionnaire, &answers(pairs));
        let expect = |answered, complete| Progress {
            answered,
            required: 2,
            complete,
        };
        assert_eq!(progress(&[]), expect(0, false));
        assert_eq!(progress(&[("where", &["chat"])]), expect(0, false));
        assert_eq!(
            progress(&[("often", &["gone"]), ("safe", &["yes"])]),
            expect(1, false)
        );
        assert_eq!(
            progress(&[("often", &["never"]), ("safe", &["yes"])]),
            expect(2, true)
        );
    }

    #[test]
    fn the_highest_flag_counts() {
        let questionnaire = questionnaire();
        let flag = |option: &str| highest_flag(&questionnaire, &answers(&[("safe", &[option])]));
        assert_eq!(flag("yes"), None);
        assert_eq!(flag("unsure"), Some(Flag::Distress));
        assert_eq!(flag("no"), Some(Flag::Crisis));
    }
}
