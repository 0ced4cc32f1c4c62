//! `cargo xtask test`: every check there is, in the order of what fails fastest.
//!
//! Comes in: what to leave out; goes out: a verdict, the wall time of each step and the number of tests that ran. The
//! first step that fails ends the run.

mod browser;
mod counts;
mod journey;
mod manifests;
mod report;
mod supply_chain;
mod tools;

use std::process::Command;

use anyhow::Result;

use self::report::Report;
use crate::{
    cargo::{self, BuildSet},
    cli::TestArgs,
    tidy, up,
    workspace::Workspace,
};

/// The default model, which the end-to-end tests expect.
const LLM: &str = "companion-135m";

/// Runs the command.
pub(crate) fn run(workspace: &Workspace, args: &TestArgs) -> Result<()> {
    let mut report = Report::default();
    let result = run_steps(workspace, args, &mut report);
    report.print(result.is_ok());
    result
}

fn run_steps(workspace: &Workspace, args: &TestArgs, report: &mut Report) -> Result<()> {
    let with_browser = !args.quick && !args.no_browser;
    let tools = report.step("tools", || {
        tools::check(workspace, !args.quick, with_browser)
    })?;
    report.step("format", || {
        cargo::run(
            cargo::command(workspace).args(["fmt", "--all", "--check"]),
            "checking the format",
        )
    })?;
    report.step("tidy", || tidy::run(workspace))?;
    if !args.quick {
        report.step("manifests", || manifests::run(workspace))?;
        report.noted("supply chain", || supply_chain::run(workspace))?;
    }
    for (name, set) in sets(args) {
        report.step(&format!("lints of {name}"), || lint(workspace, set))?;
    }
    for (name, set) in sets(args) {
        let filter = (set == BuildSet::Main).then_some("not package(e2e)");
        report.tests(&format!("tests of {name}"), || {
            counts::run(&mut tools.test_command(workspace, set, filter)?)
        })?;
    }
    if args.quick {
        return Ok(());
    }
    if with_browser {
        // Before the bundle is built: it brings wasm-opt as well.
        report.step("browser packages", || browser::install(workspace))?;
    }
    let parts = report.step("models, builds and web", || {
        up::build_parts(workspace, LLM, true)
    })?;
    up::runtime()?.block_on(journey::run(workspace, parts, &tools, with_browser, report))
}

/// The sets that are linted and tested, with their names.
fn sets(args: &TestArgs) -> Vec<(&'static str, BuildSet)> {
    let mut sets = vec![
        ("the workspace", BuildSet::Main),
        ("web", BuildSet::WebHost),
    ];
    if !args.quick {
        sets.push(("inference-svc", BuildSet::Inference));
    }
    sets
}

fn lint(workspace: &Workspace, set: BuildSet) -> Result<()> {
    let mut clippy: Command = cargo::command(workspace);
    clippy.args(["clippy", "--all-targets"]);
    if set != BuildSet::Main {
        // The packages it depends on were linted with the main set.
        clippy.arg("--no-deps");
    }
    clippy
        .args(set.arguments(workspace))
        .args(["--", "-D", "warnings"]);
    cargo::run(&mut clippy, "clippy")
}
