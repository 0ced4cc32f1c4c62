//! The formula of the screening: its figures, its monotony, and what it does without a classifier.

use super::*;

fn questionnaire() -> Questionnaire {
    let item = |id: &str, theme: &str| {
        format!(
            r#"
            [[sections.questions]]
            id = "{id}"
            kind = "scale"
            prompt = "Prompt of {id}"
            required = true
            options = [
              {{ id = "0", label = "Never" }},
              {{ id = "1", label = "Rarely", points = {{ {theme} = 1, severity = 1 }} }},
              {{ id = "2", label = "Sometimes", points = {{ {theme} = 2, severity = 2 }} }},
              {{ id = "3", label = "Often", points = {{ {theme} = 3, severity = 3 }} }},
              {{ id = "4", label = "Always", points = {{ {theme} = 4, severity = 4 }} }},
            ]
            "#
        )
    };
    let themes = [
        ("b1", "cyberbullying"),
        ("b2", "cyberbullying"),
        ("a1", "social_media_addiction"),
        ("a2", "social_media_addiction"),
        ("i1", "social_isolation"),
        ("i2", "social_isolation"),
    ];
    let items: String = themes.iter().map(|(id, theme)| item(id, theme)).collect();
    let safe = r#"
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
    "#;
    let head = "version = \"1\"\n[[sections]]\nid = \"s\"\ntitle = \"S\"\n";
    toml::from_str(&format!("{head}{items}{safe}")).unwrap()
}

const ITEMS: [&str; 6] = ["b1", "b2", "a1", "a2", "i1", "i2"];

fn answers(levels: [usize; 6], safe: &str) -> Answers {
    let items = ITEMS
        .iter()
        .zip(levels)
        .map(|(id, level)| ((*id).to_owned(), vec![level.to_string()]));
    items
        .chain([("safe".to_owned(), vec![safe.to_owned()])])
        .collect()
}

fn head(pairs: &[(&str, f64)]) -> HeadScores {
    let scores = pairs
        .iter()
        .map(|(label, p)| ((*label).to_owned(), *p))
        .collect();
    HeadScores {
        label: String::new(),
        scores,
    }
}

fn level(score: &AssessmentScore) -> Severity {
    Severity::from_name(&score.severity.label).unwrap()
}

fn assert_distribution(scored: &Scored) {
    let sum: f64 = scored.scores.values().sum();
    assert!((sum - 1.0).abs() < 1e-9, "scores sum to {sum}");
    assert!(
        scored
            .scores
            .values()
            .all(|score| (0.0..=1.0).contains(score))
    );
    let highest = scored.scores.values().copied().fold(0.0, f64::max);
    assert!(
        (scored.scores[&scored.label] - highest).abs() < 1e-9,
        "the label has the top score"
    );
}

/// Every combination of levels at 0, 2 and 4, and a pseudo-random walk over the rest.
fn sheets() -> Vec<[usize; 6]> {
    let mut sheets = Vec::new();
    for code in 0..729_usize {
        sheets.push(std::array::from_fn(|place| {
            2 * (code / 3_usize.pow(place as u32) % 3)
        }));
    }
    let mut state = 12_345_u64;
    for _ in 0..500 {
        sheets.push(std::array::from_fn(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695);
            (state >> 33) as usize % 5
        }));
    }
    sheets
}

#[test]
fn each_theme_and_level_can_be_reached_from_answers_alone() {
    let questionnaire = questionnaire();
    let check = |levels, topic: &str, severity: &str| {
        let score = assess(&questionnaire, &answers(levels, "yes"), None);
        assert_eq!(
            (score.topic.label.as_str(), score.severity.label.as_str()),
            (topic, severity)
        );
    };
    check([0, 0, 0, 0, 0, 0], "other", "mild");
    check([1, 0, 0, 0, 0, 1], "other", "mild");
    check([4, 4, 0, 0, 0, 0], "cyberbullying", "severe");
    check([0, 0, 2, 2, 1, 0], "social_media_addiction", "moderate");
    check([0, 1, 0, 0, 2, 1], "social_isolation", "moderate");
}

#[test]
fn scores_are_probabilities_whatever_was_answered() {
    let questionnaire = questionnaire();
    for sheet in sheets() {
        let score = assess(&questionnaire, &answers(sheet, "yes"), None);
        assert_distribution(&score.topic);
        assert_distribution(&score.severity);
    }
    let nothing = assess(&questionnaire, &Answers::new(), None);
    assert_distribution(&nothing.topic);
    assert_eq!(
        (nothing.topic.label.as_str(), level(&nothing)),
        ("other", Severity::Mild)
    );
}

#[test]
fn more_points_never_lower_the_severity_nor_the_theme_they_count_for() {
    let questionnaire = questionnaire();
    for sheet in sheets() {
        let before = assess(&questionnaire, &answers(sheet, "yes"), None);
        for place in 0..sheet.len() {
            if sheet[place] == 4 {
                continue;
            }
            let mut raised = sheet;
            raised[place] += 1;
            let after = assess(&questionnaire, &answers(raised, "yes"), None);
            assert!(level(&after) >= level(&before), "{sheet:?} to {raised:?}");
            assert!(after.severity.scores["severe"] >= before.severity.scores["severe"] - 1e-9);
            let theme = Topic::THEMES[place / 2].as_str();
            assert!(after.topic.scores[theme] > before.topic.scores[theme]);
        }
    }
}

#[test]
fn a_flagged_answer_sets_a_floor() {
    let questionnaire = questionnaire();
    let with = |safe| level(&assess(&questionnaire, &answers([0; 6], safe), None));
    assert_eq!(with("yes"), Severity::Mild);
    assert_eq!(with("unsure"), Severity::Moderate);
    assert_eq!(with("no"), Severity::Severe);
}

#[test]
fn own_words_weigh_half_for_the_theme_and_can_only_raise_the_severity() {
    let questionnaire = questionnaire();
    let words = Classification::from([
        (
            "topic".to_owned(),
            head(&[("social_isolation", 0.9), ("other", 0.1)]),
        ),
        ("severity".to_owned(), head(&[("mild", 1.0)])),
    ]);
    let sheet = answers([4, 4, 0, 0, 0, 0], "yes");
    let alone = assess(&questionnaire, &sheet, None);
    let both = assess(&questionnaire, &sheet, Some(&words));
    let expected = f64::midpoint(alone.topic.scores["social_isolation"], 0.9);
    assert!((both.topic.scores["social_isolation"] - expected).abs() < 1e-9);
    assert_eq!(
        both.severity, alone.severity,
        "mild words do not lower severe answers"
    );
    let severe = Classification::from([("severity".to_owned(), head(&[("severe", 1.0)]))]);
    let raised = assess(&questionnaire, &answers([0; 6], "yes"), Some(&severe));
    assert_eq!(level(&raised), Severity::Moderate);
    let query = |score: &AssessmentScore| {
        score
            .contributions
            .iter()
            .filter(|c| c.question_id == QUERY_ID)
            .count()
    };
    assert_eq!((query(&alone), query(&both)), (0, 4));
}

#[test]
fn a_classifier_that_answers_nonsense_is_ignored() {
    let questionnaire = questionnaire();
    let sheet = answers([3, 2, 1, 0, 0, 0], "yes");
    let alone = assess(&questionnaire, &sheet, None);
    for nonsense in [
        Classification::new(),
        Classification::from([("topic".to_owned(), head(&[("weather", 1.0)]))]),
        Classification::from([
            ("topic".to_owned(), head(&[("other", f64::NAN)])),
            (
                "severity".to_owned(),
                head(&[("severe", f64::NAN), ("mild", f64::INFINITY)]),
            ),
        ]),
    ] {
        assert_eq!(assess(&questionnaire, &sheet, Some(&nonsense)), alone);
    }
}

#[test]
fn contributions_name_each_answer_that_counted() {
    let score = assess(&questionnaire(), &answers([4, 0, 0, 0, 1, 0], "yes"), None);
    let seen: Vec<_> = score
        .contributions
        .iter()
        .map(|c| (c.question_id.as_str(), c.topic.as_str(), c.points))
        .collect();
    assert_eq!(
        seen,
        [
            ("b1", "cyberbullying", 4.0),
            ("b1", "severity", 4.0),
            ("i1", "social_isolation", 1.0),
            ("i1", "severity", 1.0),
        ]
    );
    assert_eq!(score.contributions[0].prompt, "Prompt of b1");
}

#[test]
fn ties_go_to_the_first_theme_and_the_higher_level() {
    let score = assess(&questionnaire(), &answers([3; 6], "yes"), None);
    assert_eq!(score.topic.label, "cyberbullying");
    assert_eq!(
        choose([("severe", 0.5), ("moderate", 0.5)].into_iter()).label,
        "severe"
    );
}
