//! Loading: a small, complete folder, with one thing at a time made wrong; then the real one.

mod sample;

use std::fs;

use self::sample::folder;
pub(crate) use self::sample::real_folder;
use super::*;
use crate::domain::assessment::{Severity, Topic};

/// The error after replacing `from` by `to` once in one file.
fn error_after(name: &str, from: &str, to: &str) -> String {
    let folder = folder();
    let file = folder.path().join(name);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{name} has no {from:?}");
    fs::write(&file, text.replacen(from, to, 1)).unwrap();
    Content::load(folder.path()).unwrap_err().to_string()
}

#[test]
fn a_complete_folder_loads() {
    let folder = folder();
    let content = Content::load(folder.path()).unwrap();
    assert_eq!(content.prompts.companion.text, "You talk to {name}.");
    assert_eq!(content.prompts.companion.hash.len(), 12);
    assert_ne!(content.prompts.companion.hash, content.prompts.support.hash);
}

/// File, what stands there, what it becomes, and a part of the error.
const MISTAKES: [(&str, &str, &str, &str); 24] = [
    (
        "training-data.json",
        "[{\"label\": \"a\", \"value\": 2}]",
        "[]",
        "themes needs bars",
    ),
    (
        "training-data.json",
        "\"pairs\": 2",
        "\"pairs\": -2",
        "training-data.json",
    ),
    (
        "questionnaire.toml",
        "id = \"y\"",
        "id = \"n\"",
        "option of question \"cyberbullying\" \"n\" appears twice",
    ),
    (
        "questionnaire.toml",
        "id = \"social_isolation\"",
        "id = \"cyberbullying\"",
        "question \"cyberbullying\" appears twice",
    ),
    (
        "questionnaire.toml",
        "cyberbullying = 4",
        "cyberbullying = 5",
        "more than 4 points",
    ),
    (
        "questionnaire.toml",
        "cyberbullying = 4,",
        "",
        "no question gives points to cyberbullying",
    ),
    (
        "questionnaire.toml",
        "severity = 4",
        "sevrity = 4",
        "unknown field `sevrity`",
    ),
    (
        "guidance.toml",
        "topic = \"other\"",
        "topic = \"weather\"",
        "unknown variant `weather`",
    ),
    (
        "guidance.toml",
        "[[steps]]\nid = \"other-0\"\ntopic = \"other\"",
        "[[steps]]\nid = \"other-0\"\ntopic = \"cyberbullying\"",
        "fewer than 3 steps for other, mild",
    ),
    (
        "guidance.toml",
        "not a diagnosis",
        "a result",
        "must say that this is a screening",
    ),
    (
        "guidance.toml",
        "id = \"other-0\"",
        "id = \"other-1\"",
        "step \"other-1\" appears twice",
    ),
    (
        "insights.toml",
        "topic = \"cyberbullying\"",
        "topic = \"weather\"",
        "unknown topic \"weather\"",
    ),
    (
        "insights.toml",
        "url = \"https://example.org\"",
        "url = \"\"",
        "statistic \"s-cyberbullying\" has no source",
    ),
    (
        "insights.toml",
        "value = 46",
        "value = 146",
        "146 % is not possible",
    ),
    (
        "helplines.toml",
        "contacts = [{ kind = \"call\", label = \"L\", href = \"tel:1\" }]",
        "contacts = []",
        "helpline \"INTL-1\" has no contact",
    ),
    (
        "helplines.toml",
        "href = \"tel:1\"",
        "href = \"javascript:1\"",
        "href must begin with",
    ),
    (
        "helplines.toml",
        "country = \"INTL\"\nname",
        "country = \"FR\"\nname",
        "no helpline for INTL",
    ),
    (
        "safety/crisis.toml",
        "[[cards.messages]]\nid = \"thoughts-false-0\"\ntext = \"thoughts 0\"\n",
        "",
        "messages: 3 given, at least 4 needed",
    ),
    (
        "safety/rules.toml",
        "phrases = [\"want to die\"]",
        "phrases = []",
        "phrases of \"c\": 0 given",
    ),
    (
        "safety/rules.toml",
        "phrases = [\"want to die\"]",
        "phrases = [\"?!\"]",
        "\"?!\" contains no word",
    ),
    (
        "safety/rules.toml",
        "route = \"crisis\"",
        "route = \"support\"",
        "no rule with route \"crisis\"",
    ),
    (
        "safety/replies.toml",
        "\"default\"",
        "\"methods\"",
        "decline \"default\" is missing",
    ),
    (
        "safety/output.toml",
        "version",
        "versions",
        "unknown field `versions`",
    ),
    ("prompts/support.md", "s", " \n", "the prompt is empty"),
];

#[test]
fn what_is_wrong_is_told_with_file_and_reason() {
    for (name, from, to, expected) in MISTAKES {
        let error = error_after(name, from, to);
        let file = name.rsplit('/').next().unwrap();
        assert!(
            error.contains(file) && error.contains(expected),
            "{name}: {error}"
        );
    }
}

#[test]
fn a_missing_file_is_named() {
    let folder = folder();
    fs::remove_file(folder.path().join("prompts/assessment.md")).unwrap();
    let error = Content::load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("assessment.md"), "{error}");
}

#[test]
fn helplines_of_the_country_come_first_and_the_directory_last() {
    let folder = folder();
    let content = Content::load(folder.path()).unwrap();
    let ids = |country| {
        let directory = content.helplines_for(country);
        let ids: Vec<String> = directory
            .helplines
            .into_iter()
            .map(|line| line.id)
            .collect();
        (
            ids.join(" "),
            directory.country,
            directory.emergency,
            directory.countries.join(" "),
        )
    };
    let everywhere = "Call your local emergency number.".to_owned();
    let germany = ids(Some(" de "));
    assert_eq!(germany.0, "DE-1 EU-1 INTL-1");
    assert_eq!(
        (germany.1.as_deref(), germany.2.as_str()),
        (Some("DE"), "Call 112.")
    );
    assert_eq!(germany.3, "EU US");
    assert_eq!(ids(Some("US")).2, everywhere);
    for unknown in [None, Some("XX"), Some("INTL"), Some("")] {
        let (ids, country, emergency, countries) = ids(unknown);
        assert_eq!((ids.as_str(), country), ("INTL-1", None));
        assert_eq!(
            (emergency, countries.as_str()),
            (everywhere.clone(), "DE EU US")
        );
    }
}

#[test]
fn the_reviewed_folder_is_valid_and_has_steps_for_every_result() {
    let content = Content::load(&real_folder()).unwrap();
    for topic in Topic::ALL {
        for severity in Severity::ALL {
            let count = guidance_steps(&content, topic, severity);
            assert!((3..=5).contains(&count), "{topic:?} {severity:?}: {count}");
        }
    }
    assert!(
        content
            .questionnaire
            .questions()
            .filter(|question| question.seed)
            .count()
            >= 5
    );
}

fn guidance_steps(content: &Content, topic: Topic, severity: Severity) -> usize {
    crate::domain::assessment::guidance::steps(&content.guidance, topic, severity).len()
}
