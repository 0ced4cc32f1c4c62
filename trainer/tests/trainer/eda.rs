//! From raw pairs to figures, as a person does it: prepare, then eda.

use std::{fs, path::Path};

use clap::Parser;
use tempfile::tempdir;
use trainer::{
    data::prepare::{PrepareOptions, prepare},
    eda::{EdaOptions, REPORT, WEB, explore},
};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    options: EdaOptions,
}

fn run(data: &Path, out: &Path) -> anyhow::Result<String> {
    let words = ["eda", "--data"].map(Into::into);
    let line = Line::parse_from(words.into_iter().chain([
        data.as_os_str().to_owned(),
        "--out".into(),
        out.as_os_str().to_owned(),
    ]));
    let mut report = Vec::new();
    explore(&line.options, &mut report)?;
    Ok(String::from_utf8(report)?)
}

fn prepared(folder: &Path) {
    let raw = folder.join("raw.jsonl");
    let rows = [
        (
            "they posted my picture in the group again",
            "Cyber-Bullying",
            "severe",
        ),
        (
            "scrolling until three every night, picture after picture",
            "social media addiction",
            "moderate",
        ),
        ("nobody sits beside me at lunch", "Social Isolation", "mild"),
    ];
    let lines = rows.map(|(prompt, category, severity)| {
        serde_json::json!({
            "prompt": prompt,
            "chat_response": format!("warm words about {}", prompt.len()),
            "rejected_response": format!("cold <words> {category}"),
            "category": category,
            "severity": severity,
        })
        .to_string()
    });
    fs::write(&raw, lines.join("\n")).unwrap();
    let options = PrepareOptions {
        from: vec![raw],
        test: Vec::new(),
        out: folder.join("prepared"),
        validation: 0.0,
        similarity: 0.6,
        classifier: None,
        seed: 1,
    };
    prepare(&options, &mut Vec::new()).unwrap();
}

#[test]
fn prepared_pairs_become_figures_a_report_and_the_numbers_of_the_web_page() {
    let folder = tempdir().unwrap();
    prepared(folder.path());
    let out = folder.path().join("eda");
    let report = run(&folder.path().join("prepared"), &out).unwrap();
    assert_eq!(report, "3 pairs, 22 figures\n");

    let page = fs::read_to_string(out.join(REPORT)).unwrap();
    let drawings: Vec<_> = page
        .split("src=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(drawings.len(), 22);
    for drawing in drawings {
        let svg = fs::read_to_string(out.join(drawing)).unwrap();
        assert!(svg.starts_with("<svg"), "{drawing}");
    }

    let web: serde_json::Value = serde_json::from_slice(&fs::read(out.join(WEB)).unwrap()).unwrap();
    assert_eq!(web["pairs"], 3);
    assert_eq!(web["charts"][0]["points"][0]["label"], "cyberbullying");
    assert_eq!(web["charts"][0]["points"][0]["value"], 1.0);
    let words = web["charts"][3]["points"].to_string();
    assert!(
        words.contains("picture") && !words.contains("they"),
        "{words}"
    );
    assert_eq!(web["lengths"][0]["points"][0][0], 41);
}

#[test]
fn a_folder_without_prepared_files_is_named_and_nothing_is_written() {
    let folder = tempdir().unwrap();
    let out = folder.path().join("eda");
    let error = format!("{:#}", run(folder.path(), &out).unwrap_err());
    assert!(
        error.contains("trainer prepare") && error.contains("train.jsonl"),
        "{error}"
    );
    assert!(!out.exists());
}

#[test]
fn a_broken_line_is_named_with_its_file_and_keeps_the_old_report() {
    let folder = tempdir().unwrap();
    prepared(folder.path());
    let (data, out) = (folder.path().join("prepared"), folder.path().join("eda"));
    run(&data, &out).unwrap();
    let before = fs::read(out.join(WEB)).unwrap();
    let train = data.join("train.jsonl");
    let text = fs::read_to_string(&train).unwrap();
    fs::write(&train, format!("{text}{{\"prompt\": 1}}\n")).unwrap();
    let error = format!("{:#}", run(&data, &out).unwrap_err());
    assert!(error.contains("train.jsonl, line 4"), "{error}");
    assert_eq!(fs::read(out.join(WEB)).unwrap(), before);
}
