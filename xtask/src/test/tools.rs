//! What the tests need on this machine. Comes in: which tests; goes out: the tools, or every missing one with the line
//! that installs it.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Result, bail};

use crate::{
    cargo::{self, BuildSet},
    workspace::{self, Workspace},
};

const CHROMIUM_NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// What was found.
#[derive(Debug)]
pub(super) struct Tools {
    nextest: bool,
    /// Set when the browser journey runs.
    pub(super) chromium: Option<PathBuf>,
}

/// Looks for everything at once, so that one run names all that is missing.
pub(super) fn check(workspace: &Workspace, is_full: bool, with_browser: bool) -> Result<Tools> {
    let chromium = CHROMIUM_NAMES
        .iter()
        .find_map(|name| workspace::find_program(name));
    let mut tools = for_every_run(workspace);
    if is_full {
        tools.extend(for_full_runs(workspace));
    }
    if with_browser {
        tools.extend(for_the_browser(chromium.is_some()));
    }
    let missing: Vec<String> = tools
        .into_iter()
        .filter(|(present, ..)| !present)
        .map(|(_, name, line)| format!("{name}: {line}"))
        .collect();
    if !missing.is_empty() {
        bail!("these tools are missing:\n  {}", missing.join("\n  "));
    }
    let nextest = cargo_has(workspace, "nextest");
    if !nextest {
        println!("cargo-nextest is not installed (cargo install cargo-nextest); using cargo test");
    }
    Ok(Tools {
        nextest,
        chromium: chromium.filter(|_| with_browser),
    })
}

/// Whether it is there, its name, and the line that installs it.
type Tool = (bool, &'static str, &'static str);

fn for_every_run(workspace: &Workspace) -> Vec<Tool> {
    vec![
        (
            cargo_has(workspace, "fmt"),
            "rustfmt",
            "rustup component add rustfmt",
        ),
        (
            cargo_has(workspace, "clippy"),
            "clippy",
            "rustup component add clippy",
        ),
    ]
}

fn for_full_runs(workspace: &Workspace) -> Vec<Tool> {
    vec![
        (
            has_pip(),
            "python3 with pip",
            "apt-get install python3 python3-pip",
        ),
        (
            has("kubectl"),
            "kubectl",
            "apt-get install kubernetes-client",
        ),
        // It fetches the advisory database for cargo-deny.
        (has("git"), "git", "apt-get install git"),
        (
            cargo_has(workspace, "deny"),
            "cargo-deny",
            "cargo install --locked cargo-deny",
        ),
    ]
}

fn for_the_browser(has_chromium: bool) -> Vec<Tool> {
    vec![
        (
            has("node"),
            "node",
            "apt-get install nodejs (or pass --no-browser)",
        ),
        (
            has("npm"),
            "npm",
            "apt-get install npm (or pass --no-browser)",
        ),
        (
            has_chromium,
            "chromium",
            "apt-get install chromium (or pass --no-browser)",
        ),
    ]
}

fn has(program: &str) -> bool {
    workspace::find_program(program).is_some()
}

fn cargo_has(workspace: &Workspace, tool: &str) -> bool {
    succeeds(cargo::command(workspace).args([tool, "--version"]))
}

impl Tools {
    /// The command that runs the tests of a set. `filter` is a nextest expression: `package(e2e)` or its negation.
    pub(super) fn test_command(
        &self,
        workspace: &Workspace,
        set: BuildSet,
        filter: Option<&str>,
    ) -> Result<Command> {
        let mut command = cargo::command(workspace);
        if self.nextest {
            command.args(["nextest", "run", "--no-fail-fast"]);
            if let Some(filter) = filter {
                command.args(["-E", filter]);
            }
        } else {
            command.args(["test", "--no-fail-fast"]);
            for package in packages_for(workspace, filter)? {
                command.args(["-p", &package]);
            }
        }
        command.args(set.arguments(workspace));
        Ok(command)
    }
}

/// What the two filters mean to `cargo test`, which knows no expressions.
fn packages_for(workspace: &Workspace, filter: Option<&str>) -> Result<Vec<String>> {
    match filter {
        None => Ok(Vec::new()),
        Some("package(e2e)") => Ok(vec!["e2e".to_owned()]),
        Some(_) => {
            let mut names = crate::tidy::default_member_names(workspace)?;
            names.retain(|name| name != "e2e");
            Ok(names)
        }
    }
}

fn has_pip() -> bool {
    succeeds(Command::new("python3").args(["-m", "pip", "--version"]))
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
