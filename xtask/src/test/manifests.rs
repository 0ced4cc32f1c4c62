//! The tests of deploy/ and k8s/: rendered by kubectl, validated against the Kubernetes schemas. Comes in: the
//! workspace; goes out: a verdict. Their Python packages live in an environment of their own in the target folder.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{cargo, hashing, workspace::Workspace};

/// Holds the hash of the requirements that the environment was made from.
const STAMP: &str = ".installed-from";

/// Renders and validates every overlay.
pub(super) fn run(workspace: &Workspace) -> Result<()> {
    let tests = workspace.root.join("tests/k8s");
    let python = environment(workspace, &tests.join("requirements.txt"))?;
    let mut unittest = Command::new(python);
    unittest
        .current_dir(&workspace.root)
        .args(["-m", "unittest", "discover", "-s", "tests/k8s"]);
    cargo::run(&mut unittest, "the manifests")
}

fn environment(workspace: &Workspace, requirements: &Path) -> Result<PathBuf> {
    let folder = workspace.target.join("k8s-python");
    let python = folder.join("bin/python");
    let wanted = hashing::sha256_of_file(requirements)?;
    let stamp = folder.join(STAMP);
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", "--clear"]).arg(&folder);
    cargo::run(
        &mut venv,
        "making a Python environment (apt-get install python3-venv)",
    )?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--requirement"])
        .arg(requirements);
    cargo::run(&mut pip, "installing the validator of the manifests")?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}
