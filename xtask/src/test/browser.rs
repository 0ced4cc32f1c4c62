//! The browser journey's packages and command. Comes in: addresses; goes out: a Node command.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{cargo, hashing, workspace::Workspace};

/// Holds the hash of the lock file that node_modules was installed from.
const STAMP: &str = "node_modules/.installed-from";

/// Installs what package-lock.json names, unless that is what is there.
pub(super) fn install(workspace: &Workspace) -> Result<()> {
    let folder = folder(workspace);
    let wanted = hashing::sha256_of_file(&folder.join("package-lock.json"))?;
    let stamp = folder.join(STAMP);
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.current_dir(&folder)
        .args(["ci", "--no-audit", "--no-fund"]);
    cargo::run(&mut npm, "installing the browser test's packages")?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

/// The command that runs the journey against `base_url`; screenshots go to tests/browser/artefacts.
pub(super) fn command(workspace: &Workspace, chromium: &Path, base_url: &str) -> Command {
    let folder = folder(workspace);
    let mut node = Command::new("node");
    node.current_dir(&folder)
        .args(["--test", "--test-reporter=spec", "journey.mjs"])
        .env("BASE_URL", base_url)
        .env("CHROMIUM", chromium)
        .env("ARTEFACTS", folder.join("artefacts"));
    node
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.root.join("tests/browser")
}
