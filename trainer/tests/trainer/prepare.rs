//! Raw pairs in, clean parts out; what cannot be used is named with file and line.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};
use trainer::data::prepare::{PrepareOptions, prepare};

fn row(prompt: &str, category: &str, severity: &str) -> Value {
    json!({"prompt": prompt, "chat_response": format!("A kind answer to {prompt}"),
           "rejected_response": format!("A cold answer to {prompt}"), "category": category,
           "severity": severity})
}

fn write(folder: &Path, name: &str, rows: &[Value]) -> PathBuf {
    let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

fn options(from: Vec<PathBuf>, test: Vec<PathBuf>, out: &Path) -> PrepareOptions {
    PrepareOptions {
        from,
        test,
        out: out.to_owned(),
        validation: 0.25,
        similarity: 0.6,
        classifier: None,
        seed: 1,
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Words that occur in one row only, so that no two are alike.
fn distinct(number: usize) -> String {
    let letter = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap());
    let words = (0..8).map(|word| {
        let letters = [letter(number), letter(number / 26), letter(word)];
        letters.iter().collect::<String>()
    });
    words.collect::<Vec<_>>().join(" ")
}

fn prepared() -> (TempDir, Value) {
    let folder = tempdir().unwrap();
    let mut rows: Vec<Value> = (0..40)
        .map(|n| row(&distinct(n), "CYBER-BULLYING", "Mild"))
        .collect();
    rows.push(rows[0].clone());
    let nearly = format!("{} and this", rows[1]["prompt"].as_str().unwrap());
    rows.push(
        json!({"prompt": nearly, "chat_response": rows[1]["chat_response"],
                     "rejected_response": rows[1]["rejected_response"],
                     "category": "cyberbullying", "severity": "mild"}),
    );
    rows.push(row("I fail at maths", "exam stress", "mild"));
    rows.push(
        json!({"prompt": "alone", "chat_response": null, "rejected_response": "no",
                     "category": "social isolation", "severity": "mild"}),
    );
    let train = write(folder.path(), "a.jsonl", &rows);
    let held = write(
        folder.path(),
        "b.jsonl",
        &[row("\"Nobody calls me\"", "isolation", "severe")],
    );
    let out = folder.path().join("out");
    prepare(&options(vec![train], vec![held], &out), &mut Vec::new()).unwrap();
    let manifest = fs::read(out.join("manifest.json")).unwrap();
    (folder, serde_json::from_slice(&manifest).unwrap())
}

#[test]
fn rows_are_cleaned_counted_and_split() {
    let (folder, manifest) = prepared();
    assert_eq!(
        manifest["removed"],
        json!({"missing": 1, "irrelevant": 1, "duplicates": 1, "near_duplicates": 1})
    );
    let rows = |part: &str| manifest["parts"][part]["rows"].as_u64().unwrap();
    assert_eq!(
        (rows("train"), rows("validation"), rows("test")),
        (30, 10, 1)
    );
    let out = folder.path().join("out");
    let test = &lines(&out.join("test.jsonl"))[0];
    assert_eq!(test["prompt"], "Nobody calls me");
    assert_eq!(test["category"], "social isolation");
    assert_eq!(
        (&test["prompt_len"], &test["prompt_words"]),
        (&json!(15), &json!(3))
    );
    assert_eq!(test["id"], "b-001");
    let table = fs::read_to_string(out.join("train.csv")).unwrap();
    assert!(table.starts_with("id,prompt,chosen,rejected,category,severity,prompt_len"));
    assert_eq!(table.lines().count(), 31);
}

#[test]
fn the_same_seed_gives_the_same_files() {
    let (_one, first) = prepared();
    let (_other, second) = prepared();
    assert_eq!(first["parts"], second["parts"]);
}

#[test]
fn a_line_that_cannot_be_used_is_named_and_nothing_is_written() {
    let long = row(&"a".repeat(1_000_000), "cyberbullying", "mild").to_string();
    let unknown = row("x", "cyberbullying", "terrible").to_string();
    let cases: [(&[u8], &str); 5] = [
        (b"{\"prompt\": \"a\"", "EOF"),
        (b"{\"prompt\": \"a\", \"answer\": \"b\"}", "unknown field"),
        (b"{\"prompt\": \"\xff\"}", "UTF-8"),
        (long.as_bytes(), "1000000 bytes"),
        (unknown.as_bytes(), "terrible"),
    ];
    for (line, reason) in cases {
        let folder = tempdir().unwrap();
        let good = row("fine", "cyberbullying", "mild").to_string();
        let path = folder.path().join("raw.jsonl");
        fs::write(&path, [good.as_bytes(), b"\n", line, b"\n"].concat()).unwrap();
        let out = folder.path().join("out");
        let error = prepare(&options(vec![path], Vec::new(), &out), &mut Vec::new()).unwrap_err();
        let error = format!("{error:#}");
        assert!(
            error.contains("raw.jsonl, line 2") && error.contains(reason),
            "{error}"
        );
        assert!(!out.exists(), "{reason}");
    }
}

#[test]
fn rows_of_no_theme_alone_are_an_error() {
    let folder = tempdir().unwrap();
    let path = write(folder.path(), "raw.jsonl", &[row("x", "money", "mild")]);
    let out = folder.path().join("out");
    let error = prepare(&options(vec![path], Vec::new(), &out), &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("no row is left"), "{error}");
}

#[test]
fn a_file_that_is_given_for_training_and_test_is_the_test() {
    let folder = tempdir().unwrap();
    let rows = |from: usize| -> Vec<Value> {
        (from..from + 4)
            .map(|n| row(&distinct(n), "isolation", "mild"))
            .collect()
    };
    let one = write(folder.path(), "one.jsonl", &rows(0));
    let other = write(folder.path(), "other.jsonl", &rows(10));
    let out = folder.path().join("out");
    let options = options(vec![one, other.clone()], vec![other], &out);
    prepare(&options, &mut Vec::new()).unwrap();
    let test = lines(&out.join("test.jsonl"));
    let ids: Vec<&Value> = test.iter().map(|row| &row["id"]).collect();
    assert_eq!(ids, ["other-001", "other-002", "other-003", "other-004"]);
    assert_eq!(lines(&out.join("train.jsonl")).len(), 3);
}
