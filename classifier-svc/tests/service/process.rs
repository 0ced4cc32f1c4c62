//! The program itself: exit codes and the one line on standard error.

use std::{
    net::TcpListener,
    process::{Command, Output},
};

use encoder::testing;

/// Runs until it ends; each case here ends by itself.
fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_classifier-svc"));
    command.env_clear().args(arguments);
    command.args(["--log-filter", "error"]);
    command.output().unwrap()
}

fn assert_one_line(output: &Output, code: i32, expected: &str) {
    let line = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{line}");
    assert_eq!(line.trim_end().lines().count(), 1, "{line}");
    assert!(line.contains(expected), "{line}");
}

#[test]
fn a_missing_model_folder_is_bad_configuration() {
    assert_one_line(&run(&["--model", "/nowhere/model"]), 64, "/nowhere/model");
    assert_one_line(&run(&[]), 64, "--model");
    assert_one_line(
        &run(&["--model", "/tmp", "--max-queue", "0"]),
        64,
        "--max-queue",
    );
}

#[test]
fn tls_settings_that_cannot_be_used_are_bad_configuration() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.json"), "{}").unwrap();
    let model = ["--model", folder.path().to_str().unwrap()];
    let ca = ["--peer-tls-ca", "/nowhere/ca.pem"];
    assert_one_line(&run(&[model, ca].concat()), 64, "--peer-tls-key");
    let others = ["--peer-tls-cert", "a", "--peer-tls-key", "b"];
    let all = [&model[..], &ca[..], &others[..]].concat();
    assert_one_line(
        &run(&all),
        64,
        "--peer-tls-ca /nowhere/ca.pem cannot be read",
    );
}

#[test]
fn a_truncated_model_file_fails_the_start() {
    let folder = tempfile::tempdir().unwrap();
    testing::write_multi_head(folder.path(), 5).unwrap();
    let weights = folder.path().join("model.safetensors");
    let bytes = std::fs::read(&weights).unwrap();
    std::fs::write(&weights, &bytes[..bytes.len() / 2]).unwrap();
    let model = folder.path().to_str().unwrap();
    let free = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let output = run(&[&["--model", model], &free[..]].concat());
    assert_one_line(&output, 1, "model.safetensors");
}

#[test]
fn a_port_in_use_is_named() {
    let folder = tempfile::tempdir().unwrap();
    testing::write_multi_head(folder.path(), 5).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let model = folder.path().to_str().unwrap();
    let output = run(&["--model", model, "--listen", &address]);
    assert_one_line(&output, 1, &address);
}
