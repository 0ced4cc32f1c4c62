//! Where the person is in the questionnaire. In: the questionnaire and the answers so far. Out:
//! what is missing, how far it is, and what a tap on an option changes.

use std::collections::BTreeMap;

use api_types::{QuestionKind, Questionnaire, Section};

/// Question id to chosen option ids.
pub(crate) type Answers = BTreeMap<String, Vec<String>>;

fn is_answered(answers: &Answers, question_id: &str) -> bool {
    answers
        .get(question_id)
        .is_some_and(|chosen| !chosen.is_empty())
}

/// Ids of the required questions of the section that have no answer.
pub(crate) fn missing(section: &Section, answers: &Answers) -> Vec<String> {
    let open = section
        .questions
        .iter()
        .filter(|q| q.required && !is_answered(answers, &q.id));
    open.map(|question| question.id.clone()).collect()
}

/// Required questions with an answer, and required questions in all.
pub(crate) fn answered_required(
    questionnaire: &Questionnaire,
    answers: &Answers,
) -> (usize, usize) {
    let all = questionnaire
        .sections
        .iter()
        .flat_map(|section| &section.questions);
    let required: Vec<_> = all.filter(|question| question.required).collect();
    let answered = required
        .iter()
        .filter(|question| is_answered(answers, &question.id))
        .count();
    (answered, required.len())
}

/// Index of the first section with something missing; the last one when nothing is.
pub(crate) fn first_open_step(questionnaire: &Questionnaire, answers: &Answers) -> usize {
    let open = questionnaire
        .sections
        .iter()
        .position(|section| !missing(section, answers).is_empty());
    open.unwrap_or_else(|| questionnaire.sections.len().saturating_sub(1))
}

/// What is chosen after the option was chosen or taken back.
pub(crate) fn choose(kind: QuestionKind, before: &[String], option: &str, on: bool) -> Vec<String> {
    let mut chosen: Vec<String> = match kind {
        QuestionKind::Single | QuestionKind::Scale => Vec::new(),
        QuestionKind::Multi => before.iter().filter(|id| *id != option).cloned().collect(),
    };
    if on {
        chosen.push(option.to_owned());
    }
    chosen
}

/// The answers whose question and options still exist, so that a changed questionnaire never gets
/// an id it would refuse.
pub(crate) fn known_answers(questionnaire: &Questionnaire, answers: &Answers) -> Answers {
    let mut known = Answers::new();
    for question in questionnaire
        .sections
        .iter()
        .flat_map(|section| &section.questions)
    {
        let Some(chosen) = answers.get(&question.id) else {
            continue;
        };
        let chosen: Vec<String> = chosen
            .iter()
            .filter(|id| question.options.iter().any(|option| option.id == **id))
            .cloned()
            .collect();
        if !chosen.is_empty() {
            known.insert(question.id.clone(), chosen);
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;
    use api_types::{Question, QuestionOption};

    fn question(id: &str, required: bool) -> Question {
        let option = |id: &str| QuestionOption {
            id: id.into(),
            label: id.into(),
        };
        Question {
            id: id.into(),
            kind: QuestionKind::Single,
            prompt: id.into(),
            help: None,
            required,
            options: vec![option("yes"), option("no")],
        }
    }

    fn two_sections() -> Questionnaire {
        let section = |id: &str, questions| Section {
            id: id.into(),
            title: id.into(),
            questions,
        };
        Questionnaire {
            version: "1".into(),
            sections: vec![
                section("a", vec![question("a1", true), question("a2", false)]),
                section("b", vec![question("b1", true), question("b2", true)]),
            ],
        }
    }

    fn answers(pairs: &[(&str, &[&str])]) -> Answers {
        let own = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        pairs
            .iter()
            .map(|(id, ids)| ((*id).to_owned(), own(ids)))
            .collect()
    }

    #[test]
    fn only_required_questions_count_and_an_empty_answer_is_none() {
        let given = answers(&[("a1", &["yes"]), ("a2", &["no"]), ("b1", &[])]);
        assert_eq!(answered_required(&two_sections(), &given), (1, 3));
        assert_eq!(missing(&two_sections().sections[1], &given), ["b1", "b2"]);
    }

    #[test]
    fn a_person_who_comes_back_continues_at_the_first_gap() {
        let questionnaire = two_sections();
        assert_eq!(first_open_step(&questionnaire, &Answers::new()), 0);
        assert_eq!(
            first_open_step(&questionnaire, &answers(&[("a1", &["no"])])),
            1
        );
        let all = answers(&[("a1", &["no"]), ("b1", &["no"]), ("b2", &["no"])]);
        assert_eq!(first_open_step(&questionnaire, &all), 1);
    }

    #[test]
    fn one_option_replaces_the_other_and_several_add_up() {
        let before = ["x".to_owned()];
        assert_eq!(choose(QuestionKind::Single, &before, "y", true), ["y"]);
        assert_eq!(choose(QuestionKind::Scale, &before, "y", true), ["y"]);
        assert_eq!(choose(QuestionKind::Multi, &before, "y", true), ["x", "y"]);
        assert_eq!(choose(QuestionKind::Multi, &before, "x", true), ["x"]);
        assert!(choose(QuestionKind::Multi, &before, "x", false).is_empty());
    }

    #[test]
    fn answers_that_the_questionnaire_does_not_know_are_dropped() {
        let given = answers(&[
            ("a1", &["yes", "maybe"]),
            ("b1", &["maybe"]),
            ("z", &["yes"]),
        ]);
        assert_eq!(
            known_answers(&two_sections(), &given),
            answers(&[("a1", &["yes"])])
        );
    }
}
