//! What the output guard lets through, what it drops, and when it ends an answer.

use std::time::{Duration, Instant};

use super::*;

const PROMPT: &str = "You are a warm companion. You are an AI and not a therapist. \
                      Answer in two to four short sentences and offer one small step.";

fn guard() -> OutputGuard {
    let file = toml::from_str(
        r#"
        version = "1"
        [[blocks]]
        id = "N5-diagnosis"
        phrases = ["you have depression", "symptoms of bipolar"]
        [[blocks]]
        id = "N11-secrecy"
        phrases = ["i won't tell anyone"]
        "#,
    )
    .unwrap();
    OutputGuard::compile(&file).unwrap()
}

/// Released text, blocked codes, and whether the answer ended, for text in pieces of `size` bytes.
fn run(text: &str, size: usize) -> (String, Vec<String>, bool) {
    let guard = guard();
    let mut gate = SentenceGate::new(&guard, PROMPT);
    let (mut released, mut ended) = (String::new(), false);
    let characters: Vec<char> = text.chars().collect();
    let mut take = |step: GateStep| {
        released.push_str(&step.released);
        ended |= step.ended;
    };
    for piece in characters.chunks(size) {
        take(gate.push(&piece.iter().collect::<String>()));
    }
    take(gate.finish());
    (released, gate.blocked().to_vec(), ended)
}

fn blocked(text: &str) -> Vec<String> {
    let whole = run(text, 10_000);
    assert_eq!(whole, run(text, 1), "the same in pieces of one character");
    whole.1
}

#[test]
fn good_text_passes_unchanged() {
    let text = "That sounds really hard. I'm an AI, and I'm here to listen!\n\n\
                1. Take 3 slow breaths.\n2. Tell one person you trust… today 😊\n\nHow was school?";
    for size in [1, 3, 7, 1000] {
        assert_eq!(
            run(text, size),
            (text.to_owned(), Vec::new(), false),
            "{size}"
        );
    }
}

#[test]
fn nothing_is_released_before_its_sentence_is_whole() {
    let guard = guard();
    let mut gate = SentenceGate::new(&guard, PROMPT);
    assert_eq!(gate.push("I am sorry").released, "");
    assert_eq!(gate.push(" to hear that.").released, "");
    assert_eq!(gate.push(" Do you").released, "I am sorry to hear that. ");
    assert_eq!(gate.finish().released, "Do you");
}

#[test]
fn a_blocked_sentence_is_dropped_and_the_second_ends_the_answer() {
    let once = run("That is hard. You have depression. Let us take a walk.", 5);
    assert_eq!(once.0, "That is hard. Let us take a walk.");
    assert_eq!((once.1, once.2), (vec!["N5-diagnosis".to_owned()], false));

    let twice = run("Call 988 now. You have depression. Let us take a walk.", 5);
    assert_eq!((twice.0.as_str(), twice.2), ("", true));
    assert_eq!(twice.1, ["contact", "N5-diagnosis"]);

    let guard = guard();
    let mut gate = SentenceGate::new(&guard, PROMPT);
    gate.push("Call 988 now. Call 911 now. ");
    assert_eq!(
        gate.push("Hello there. "),
        GateStep {
            ended: true,
            ..GateStep::default()
        }
    );
}

#[test]
fn each_kind_of_fault_is_found() {
    for (text, code) in [
        ("It seems you have dеpression.", "N5-diagnosis"),
        ("You h a v e depression, I think.", "N5-diagnosis"),
        ("I won’t tell anyone.", "N11-secrecy"),
        ("See https://example.org.", "contact"),
        ("Sure <|im_end|> thing.", "template"),
        ("Assistant: hello.", "template"),
        (
            "My rules say: answer in two to four short sentences and offer help.",
            "leak",
        ),
        ("I am here for you and I am here for you and", "loop"),
        ("zzzzzzzzzzzzzzzzzzzzzzzz ok", "gibberish"),
        ("{}[];;==>>## $$ %% a ^^ && ||", "gibberish"),
        ("bad \u{fffd}\u{fffd} bytes", "gibberish"),
    ] {
        assert_eq!(blocked(text), [code], "{text}");
    }
}

#[test]
fn the_same_sentence_again_is_a_loop() {
    let (released, blocked, ended) = run(
        "I am here for you. I am here for you. I am here for you. Ok.",
        4,
    );
    assert_eq!(released, "I am here for you. ");
    assert_eq!((blocked.len(), ended), (2, true));
}

#[test]
fn a_long_sentence_goes_out_in_clauses_and_is_still_checked_across_the_cut() {
    let part = "some days are like this and it is not your fault at all, ";
    let clause = format!(
        "{part}other times people write kind things that you may save, and it helps to put the screen away for one evening, "
    );
    let guard = guard();
    let mut gate = SentenceGate::new(&guard, PROMPT);
    assert!(
        !gate.push(&clause).released.is_empty(),
        "a clause is released early"
    );
    let long = format!("{clause}i think what you describe means that you have");
    let mut gate = SentenceGate::new(&guard, PROMPT);
    for piece in [
        long.as_str(),
        " depression and more of the same words here.",
    ] {
        gate.push(piece);
    }
    gate.finish();
    assert_eq!(gate.blocked(), ["N5-diagnosis"]);
}

#[test]
fn a_number_is_never_cut_in_two() {
    let filler = "word ".repeat(29);
    for digits in ["1 800 273 8255", "116 123", "74 17 41"] {
        for shift in 0..30 {
            let text = format!("{}{filler}{digits} now", "x".repeat(shift));
            let (released, ..) = run(&text, 1);
            assert!(!released.chars().any(|c| c.is_ascii_digit()), "{released}");
        }
    }
}

#[test]
fn time_is_linear_in_the_text() {
    let words: String = (0..20_000_u32)
        .map(|number| {
            let letters = (0..4).map(|place| char::from(b'a' + (number >> (4 * place)) as u8 % 16));
            let end = if number % 9 == 8 { ". " } else { " " };
            format!("{}{end}", letters.collect::<String>())
        })
        .collect();
    for text in [
        words,
        "💀".repeat(25_000),
        ".".repeat(100_000),
        "a, ".repeat(30_000),
    ] {
        let guard = guard();
        let mut gate = SentenceGate::new(&guard, PROMPT);
        let started = Instant::now();
        for piece in text.as_bytes().chunks(4) {
            gate.push(&String::from_utf8_lossy(piece));
        }
        gate.finish();
        // The bound is generous, because tests share their cores with others.
        assert!(
            started.elapsed() < Duration::from_secs(1),
            "{:?}",
            started.elapsed()
        );
    }
}
