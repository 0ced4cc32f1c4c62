//! The tests that need the whole product: starts the real stack on free ports, runs the end-to-end tests and the
//! browser journey against it, and stops it.
//!
//! The test runners block a thread of their own; this one keeps reading what the services print.

use std::{fs, path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, bail};

use super::{
    browser,
    counts::{self, Counts},
    report::{Report, announce},
    tools::Tools,
};
use crate::{
    cargo::BuildSet,
    up::{Parts, PortChoice, Sink, Stack, StackOptions, StopSignals},
    workspace::Workspace,
};

const READY_TIMEOUT: Duration = Duration::from_secs(300);

/// Runs both journeys; the stack is stopped however they end.
pub(super) async fn run(
    workspace: &Workspace,
    parts: Parts,
    tools: &Tools,
    with_browser: bool,
    report: &mut Report,
) -> Result<()> {
    let data = tempfile::tempdir().context("cannot make a folder for the database")?;
    let logs = workspace.target.join("e2e-logs");
    fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
    let mut signals = StopSignals::listen()?;
    let started = announce("start the stack");
    let mut stack = Stack::start(
        parts,
        &StackOptions {
            port: PortChoice::Any,
            internal_ports: PortChoice::Any,
            data_dir: data.path().to_path_buf(),
            ready_timeout: READY_TIMEOUT,
            sink: Sink::Folder(logs.clone()),
            // No word of a person may be in any line, so all of them are written and searched.
            log_filter: Some("trace"),
        },
    )?;
    let ready = tokio::select! {
        result = stack.wait_until_ready() => result,
        () = signals.next() => Err(anyhow::anyhow!("interrupted")),
    };
    report.record("start the stack", started, ready.is_ok(), None);
    let mut result = ready;
    if result.is_ok() {
        let command = end_to_end(workspace, tools, &stack, &logs)?;
        result = supervised(
            "end-to-end tests",
            command,
            &mut stack,
            &mut signals,
            report,
        )
        .await;
    }
    if let (true, true, Some(chromium)) = (result.is_ok(), with_browser, &tools.chromium) {
        let command = browser::command(workspace, chromium, &stack.addresses().gateway.url());
        result = supervised("browser journey", command, &mut stack, &mut signals, report).await;
    }
    let started = announce("stop the stack");
    stack.stop().await;
    report.record("stop the stack", started, true, None);
    result.with_context(|| format!("the services' logs are in {}", logs.display()))
}

/// Runs a test command while watching the services and the signals.
async fn supervised(
    name: &str,
    mut command: Command,
    stack: &mut Stack,
    signals: &mut StopSignals,
    report: &mut Report,
) -> Result<()> {
    let started = announce(name);
    let runner = tokio::task::spawn_blocking(move || counts::run(&mut command));
    let result: Result<Counts> = tokio::select! {
        counts = runner => counts.context("the test runner's thread failed").and_then(|counts| counts),
        ended = stack.watch() => ended.and_then(|()| bail!("the stack stopped")),
        () = signals.next() => Err(anyhow::anyhow!("interrupted")),
    };
    report.record_tests(name, started, result)
}

fn end_to_end(workspace: &Workspace, tools: &Tools, stack: &Stack, logs: &Path) -> Result<Command> {
    let addresses = stack.addresses();
    let mut command = tools.test_command(workspace, BuildSet::Main, Some("package(e2e)"))?;
    command
        .env("E2E_BASE_URL", addresses.gateway.url())
        .env("E2E_INFERENCE_URL", addresses.inference.url())
        .env("E2E_CLASSIFIER_URL", addresses.classifier.url())
        .env("E2E_GATEWAY_ADMIN_URL", addresses.gateway.admin_url())
        .env("E2E_INFERENCE_ADMIN_URL", addresses.inference.admin_url())
        .env("E2E_CLASSIFIER_ADMIN_URL", addresses.classifier.admin_url())
        .env("E2E_LOG_DIR", logs);
    Ok(command)
}
