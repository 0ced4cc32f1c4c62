//! `cargo xtask tidy`: the rules of the house that no compiler checks.
//!
//! Comes in: what `cargo metadata` says and every .rs file of the workspace; goes out: one line for each breach.

mod edges;
mod sources;

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::{cargo, hashing, workspace::Workspace};

/// The part of `cargo metadata` that is read.
#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_default_members: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Package {
    id: String,
    name: String,
    manifest_path: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
}

/// Runs the command.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let metadata = metadata(workspace)?;
    let mut breaches = Vec::new();
    for package in &metadata.packages {
        let names: Vec<&str> = package
            .dependencies
            .iter()
            .map(|dependency| dependency.name.as_str())
            .collect();
        breaches.extend(edges::check(&package.name, &names));
        let folder = Path::new(&package.manifest_path)
            .parent()
            .context("a manifest without a folder")?;
        for (path, text) in rust_files(&workspace.root, folder)? {
            breaches.extend(sources::check(&path, &text));
        }
    }
    if !breaches.is_empty() {
        bail!(
            "{} rules of the house are broken:\n  {}",
            breaches.len(),
            breaches.join("\n  ")
        );
    }
    println!("tidy: {} packages are in order", metadata.packages.len());
    Ok(())
}

/// The names of the default members.
pub(crate) fn default_member_names(workspace: &Workspace) -> Result<Vec<String>> {
    let metadata = metadata(workspace)?;
    let is_default = |package: &&Package| metadata.workspace_default_members.contains(&package.id);
    Ok(metadata
        .packages
        .iter()
        .filter(is_default)
        .map(|package| package.name.clone())
        .collect())
}

fn metadata(workspace: &Workspace) -> Result<Metadata> {
    let mut command = cargo::command(workspace);
    command.args([
        "metadata",
        "--offline",
        "--no-deps",
        "--format-version",
        "1",
    ]);
    let text = cargo::read(&mut command, "reading the workspace with cargo metadata")?;
    serde_json::from_str(&text).context("cargo metadata printed something else than expected")
}

/// Every .rs file of the package in `folder`, with its path relative to `root`.
fn rust_files(root: &Path, folder: &Path) -> Result<Vec<(String, String)>> {
    let mut paths = Vec::new();
    for part in ["src", "tests", "examples", "benches", "build.rs"] {
        hashing::collect_files(&folder.join(part), &mut paths)?;
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        files.push((
            path.strip_prefix(root)
                .unwrap_or(&path)
                .display()
                .to_string(),
            text,
        ));
    }
    Ok(files)
}
