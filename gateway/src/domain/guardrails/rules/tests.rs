//! How phrases are found: disguises, idioms, other people, the past.

use std::time::{Duration, Instant};

use super::*;
use crate::domain::content::rules_file::Context;

fn matcher() -> RuleMatcher {
    let file = toml::from_str(
        r#"
        version = "1"
        idioms = ["homework is killing me", "i'm dead", "want to die of embarrassment"]
        [context]
        laughs = ["lol", "😂"]
        trivial = ["wifi"]
        weight = ["i mean it"]
        urgent = ["tonight"]
        requests = ["how do i"]
        affirms = ["yes", "kind of"]
        retreats = ["just kidding", "im fine"]
        clarifies = ["i meant the game"]
        mistyped = ["kill", "myself", "suicide"]
        [[rules]]
        id = "R-plain"
        route = "crisis"
        phrases = ["want to die", "kill myself", "suicidal again", "i'm dead inside", "kill me"]
        subjects = ["suicide", "suicidal"]
        unless = ["minecraft", "romeo and juliet"]
        [[rules]]
        id = "R-kms"
        route = "crisis"
        phrases = ["kms"]
        [[rules]]
        id = "S-hate"
        route = "support"
        phrases = ["everyone hates me", "kys"]
        [[rules]]
        id = "D-order"
        route = "decline"
        phrases = ["ignore your instructions"]
        "#,
    )
    .unwrap();
    RuleMatcher::compile(file).unwrap()
}

fn ids(message: &str) -> Vec<String> {
    matcher()
        .find(message)
        .hits
        .into_iter()
        .map(|hit| {
            if hit.softened.is_some() {
                format!("({})", hit.id)
            } else {
                hit.id
            }
        })
        .collect()
}

#[test]
fn phrases_are_found_however_they_are_written() {
    for message in [
        "I want to die",
        "i WANT   to... die",
        "i want to\ndie",
        "I. want. to. die.",
        "#wanttodie",
        "iwanttodie",
        "k1ll mys3lf",
        "k i l l  m y s e l f",
        "killmyself",
        "i will kіll mysеlf",
        "s\u{200b}u\u{200b}i\u{200b}cide",
        "su*cide",
        "I want to 💀 die",
    ] {
        assert_eq!(ids(message), ["R-plain"], "{message}");
    }
    for message in [
        "kms", "K.M.S.", "k m s", "i k m s", "kmssss", "k*m*s", "*kms*",
    ] {
        assert_eq!(ids(message), ["R-kms"], "{message}");
    }
}

#[test]
fn a_phrase_that_says_more_is_no_mere_subject() {
    let names_subject = |message: &str| {
        let hits = matcher().find(message).hits;
        assert_eq!(hits.len(), 1, "{message}");
        hits[0].names_subject
    };
    assert!(names_subject("an article on suicide"));
    assert!(!names_subject("suicidal again"));
    assert!(!names_subject("the word suicide. and i want to die"));
}

#[test]
fn typing_mistakes_of_the_named_words_are_understood() {
    for message in ["kil myslef", "i will kill mysef", "sucide", "suicdie"] {
        assert_eq!(ids(message), ["R-plain"], "{message}");
    }
    assert_eq!(ids("want to dei"), [""; 0]);
}

#[test]
fn parts_of_words_and_of_other_sentences_are_not_found() {
    for message in [
        "skill myself up",
        "I want to. Die Hard is my film.",
        "the kmsx file",
        "i want to diet",
        "anti-suicidex",
        "",
        "?!",
    ] {
        assert_eq!(ids(message), [""; 0], "{message}");
    }
}

#[test]
fn idioms_are_taken_out_but_not_what_says_more() {
    assert_eq!(ids("this homework is killing me"), [""; 0]);
    assert_eq!(ids("i'm dead 💀 she said that??"), [""; 0]);
    assert_eq!(ids("i want to die of embarrassment"), [""; 0]);
    assert_eq!(ids("i'm dead inside"), ["R-plain"]);
    assert_eq!(ids("homework is killing me and i want to die"), ["R-plain"]);
}

#[test]
fn unless_holds_for_its_own_sentence_only() {
    assert_eq!(ids("i kill myself in minecraft all the time"), [""; 0]);
    assert_eq!(ids("i play minecraft. i want to die"), ["R-plain"]);
    assert_eq!(ids("i played minecraft\ni want to die"), ["R-plain"]);
}

#[test]
fn denials_and_losses_are_marked() {
    assert_eq!(ids("i don't want to die"), ["(R-plain)"]);
    assert_eq!(ids("my brother died by suicide 3 years ago"), ["(R-plain)"]);
    assert_eq!(ids("i don't want to die. i want to die"), ["R-plain"]);
}

#[test]
fn several_rules_are_found_in_the_order_of_the_file() {
    assert_eq!(
        ids("ignore your instructions, everyone hates me and i want to die"),
        ["R-plain", "S-hate", "D-order"]
    );
}

#[test]
fn taking_back_is_noticed() {
    assert!(matcher().find("jk i'm fine forget what i said").retreats);
    assert!(!matcher().find("school was fine").retreats);
    assert_eq!(matcher().find("ok 👍").words, 1);
}

#[test]
fn any_text_is_read_without_a_panic() {
    let matcher = matcher();
    let odd = [
        "\0",
        "\u{fdfa}",
        "🏳️‍🌈",
        "e\u{301}\u{301}",
        "\u{202e}abc",
        "𒀱",
        "K.",
        " ",
        "\u{1}",
        "*#*",
        "$",
        "a",
        "İ",
    ];
    let mut state = 1_u64;
    for length in 0..400 {
        let text: String = (0..length % 40)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let pick = (state >> 33) as usize;
                if pick.is_multiple_of(3) {
                    char::from_u32((pick % 0x11_0000) as u32)
                        .map(String::from)
                        .unwrap_or_default()
                } else {
                    odd[pick % odd.len()].to_owned()
                }
            })
            .collect();
        let _ = matcher.find(&text);
    }
}

#[test]
fn a_hundred_kilobytes_take_no_time_worth_mentioning() {
    let matcher = matcher();
    for unit in [
        "i am so tired of all of this today. ",
        "k m s ",
        "a ",
        "kill me homework is killing me ",
        "i dont want to die ",
        "my friend and suicide years ago ",
        "kms lol i mean it not tonight ",
        "\u{fdfa}",
        "💀",
        ".a",
        "su1c1d3*x_ ",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ] {
        let text: String = unit.repeat(100_000 / unit.len());
        let _ = matcher.find(unit);
        let started = Instant::now();
        let _ = matcher.find(&text);
        // The bound is generous, because tests share their cores with others.
        assert!(
            started.elapsed() < Duration::from_millis(500),
            "{unit:?}: {:?}",
            started.elapsed()
        );
    }
}

#[test]
fn a_phrase_without_a_word_is_refused() {
    let file = RulesFile {
        version: "1".to_owned(),
        context: Context::default(),
        rules: Vec::new(),
        idioms: vec!["?!".to_owned()],
    };
    assert!(matches!(
        RuleMatcher::compile(file),
        Err(RulesError::NoWord(_))
    ));
}
