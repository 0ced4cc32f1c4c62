//! How cargo is called, and the build sets. Comes in: what to build; goes out: programs in the target folders.
//!
//! Cargo compiles a dependency again whenever the set of packages built together asks for other features of it, and
//! mistral.rs alone takes a quarter of an hour. So every command of this tool builds one of these sets, never less:
//!
//! - set A: the default members (everything but inference-svc and web), in the target folder. A single program is
//!   chosen with `--bin`, not with `-p`: that keeps the features of the whole set.
//! - set B: `-p inference-svc`, in <target>/inference.
//! - web for the browser: `-p web` for wasm32, in <target>/wasm; and for its lints and unit tests on this machine, in
//!   <target>/web-host.

use std::{
    ffi::OsString,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, variable, variable_names};

/// Which packages a cargo command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BuildSet {
    /// The default members.
    Main,
    /// inference-svc, with mistral.rs.
    Inference,
    /// The front end, compiled for this machine.
    WebHost,
}

impl BuildSet {
    /// The arguments that select this set, to be put after the subcommand.
    pub(crate) fn arguments(self, workspace: &Workspace) -> Vec<OsString> {
        let package = |name: &str, folder: PathBuf| {
            [
                "-p".into(),
                name.into(),
                "--target-dir".into(),
                folder.into_os_string(),
            ]
            .to_vec()
        };
        match self {
            Self::Main => Vec::new(),
            Self::Inference => package("inference-svc", workspace.inference_target()),
            Self::WebHost => package("web", workspace.target.join("web-host")),
        }
    }
}

/// A cargo command in the checkout, free of the variables that `cargo run` set for this program.
pub(crate) fn command(workspace: &Workspace) -> Command {
    let mut command = Command::new(variable("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(&workspace.root)
        .env("CARGO_TARGET_DIR", &workspace.target);
    for name in variable_names().filter(|name| belongs_to_this_run(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    command
}

/// Whether cargo set this variable for the program it started (and not the person for cargo).
fn belongs_to_this_run(name: &str) -> bool {
    const PREFIXES: [&str; 5] = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
        "CARGO_PRIMARY_PACKAGE",
    ];
    name == "LD_LIBRARY_PATH" || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Builds the named programs of set A.
pub(crate) fn build_programs(workspace: &Workspace, names: &[&str]) -> Result<()> {
    let mut build = command(workspace);
    build.arg("build");
    for name in names {
        build.args(["--bin", name]);
    }
    run(&mut build, &format!("building {}", names.join(", ")))
}

/// Builds inference-svc (set B) and returns the program's path.
pub(crate) fn build_inference(workspace: &Workspace) -> Result<PathBuf> {
    let mut build = command(workspace);
    build
        .arg("build")
        .args(BuildSet::Inference.arguments(workspace));
    run(&mut build, "building inference-svc")?;
    Ok(workspace.inference_target().join("debug/inference-svc"))
}

/// Runs `command` with this program's own output; fails with `what` when it cannot start or reports failure.
pub(crate) fn run(command: &mut Command, what: &str) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("{what}: cannot start {}", command.get_program().display()))?;
    if !status.success() {
        bail!("{what} failed ({status})");
    }
    Ok(())
}

/// Runs `command` and returns what it wrote on standard output, trimmed.
pub(crate) fn read(command: &mut Command, what: &str) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("{what}: cannot start {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!("{what} failed ({})", output.status);
    }
    let text = String::from_utf8(output.stdout)
        .with_context(|| format!("{what}: the output is not UTF-8"))?;
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_own_cargo_settings_are_passed_on() {
        assert!(!belongs_to_this_run("CARGO_TARGET_DIR"));
        assert!(!belongs_to_this_run("CARGO_HOME"));
        assert!(!belongs_to_this_run("CARGO_TERM_COLOR"));
        assert!(belongs_to_this_run("CARGO_PKG_VERSION"));
        assert!(belongs_to_this_run("CARGO_MANIFEST_DIR"));
    }

    #[test]
    fn a_failing_command_says_what_was_being_done() {
        let error = run(&mut Command::new("false"), "building nothing")
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("building nothing failed"), "{error}");
    }
}
