//! The program itself: bad input is one clear line with the right exit code.

use std::{
    net::TcpListener,
    path::Path,
    process::{Command, Output},
};

use crate::support::{tiny::Script, tiny_files};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_inference-svc"))
        .args([
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
            "--log-filter",
            "error",
        ])
        .args(arguments)
        .output()
        .unwrap()
}

/// Checks the exit code and gives the only line on standard error.
fn only_line(output: &Output, code: i32) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1, "{text}");
    lines[0].to_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_missing_model_is_a_usage_error() {
    let line = only_line(&run(&["--model", "/no/such/model.gguf"]), 64);
    assert!(line.contains("/no/such/model.gguf"), "{line}");
    let line = only_line(&run(&[]), 64);
    assert!(line.contains("--model"), "{line}");
    let empty = tiny_files::folder("empty");
    let line = only_line(&run(&["--model", text(&empty)]), 64);
    assert!(line.contains("config.json"), "{line}");
}

#[test]
fn settings_that_contradict_each_other_are_usage_errors() {
    let model = tiny_files::gguf(&Script::says("ok"));
    only_line(&run(&["--model", text(&model), "--isq", "Q4K"]), 64);
    only_line(&run(&["--model", text(&model), "--adapter", "a/b"]), 64);
    only_line(&run(&["--model", text(&model), "--max-running", "0"]), 64);
    only_line(&run(&["--model", text(&model), "--log-filter", "=="]), 64);
    let folder = tiny_files::safetensors(&Script::says("ok"));
    only_line(&run(&["--model", text(&folder), "--isq", "Q99"]), 64);
    only_line(
        &run(&["--model", text(&folder), "--adapter", "/no/such"]),
        64,
    );
}

#[test]
fn a_truncated_or_foreign_file_says_so() {
    let model = tiny_files::gguf(&Script::says("ok"));
    let bytes = std::fs::read(&model).unwrap();
    std::fs::write(&model, &bytes[..bytes.len() - 100]).unwrap();
    let line = only_line(&run(&["--model", text(&model)]), 1);
    assert!(line.contains("truncated"), "{line}");
    std::fs::write(&model, "not a model").unwrap();
    let line = only_line(&run(&["--model", text(&model)]), 1);
    assert!(line.contains("not a GGUF file"), "{line}");
}

#[test]
fn a_port_in_use_is_one_clear_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let model = tiny_files::gguf(&Script::says("ok"));
    let output = Command::new(env!("CARGO_BIN_EXE_inference-svc"))
        .args([
            "--listen",
            &address,
            "--admin-listen",
            "127.0.0.1:0",
            "--model",
            text(&model),
        ])
        .args(["--log-filter", "error"])
        .output()
        .unwrap();
    let line = only_line(&output, 1);
    assert!(line.contains(&address), "{line}");
}
