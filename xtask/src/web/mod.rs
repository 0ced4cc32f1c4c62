//! `cargo xtask web`: the browser bundle, from Rust sources to precompressed files with hashed names.
//!
//! Comes in: web/ and api-types/; goes out: <target>/web-dist, replaced whole and only when an input changed.

mod bundle;
mod toolchain;
mod wasm;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{cargo, folder, hashing, lock, workspace::Workspace};

/// Raise it when this module makes something else from the same inputs.
const LAYOUT: u32 = 1;
/// Everything in the checkout that ends up in the bundle or decides how it is built.
const INPUTS: [&str; 5] = ["web", "api-types", "Cargo.toml", "Cargo.lock", ".cargo"];
/// Holds the inputs' hash; inside the bundle, so that both are replaced in one step.
const STAMP: &str = ".inputs";

/// Builds the bundle unless it is up to date; returns its folder.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    let dist = workspace.web_dist();
    let _lock = lock::wait_for(
        &workspace.target.join("web-dist.lock"),
        "building the browser bundle",
    )?;
    let optimiser = wasm::find_optimiser(workspace);
    let inputs = inputs_hash(workspace, optimiser.as_deref())?;
    if fs::read_to_string(dist.join(STAMP)).is_ok_and(|stamp| stamp == inputs) {
        println!("web: up to date in {}", dist.display());
        return Ok(dist);
    }
    let compiled = toolchain::compile(workspace)?;
    let work = tempfile::Builder::new()
        .prefix("web-dist-")
        .tempdir_in(&workspace.target)
        .context("cannot make a folder in the target folder")?;
    let bound = work.path().join("bindgen");
    wasm::bind(&compiled, &bound)?;
    wasm::optimise(optimiser.as_deref(), &bound.join(wasm::WASM_FILE))?;
    let result = work.path().join("dist");
    let written = bundle::write(&workspace.root.join("web"), &bound, &result)?;
    fs::write(result.join(STAMP), inputs).context("cannot write the bundle's stamp")?;
    folder::replace(&result, &dist)?;
    for file in &written {
        println!("web: {file}");
    }
    println!("web: {}", dist.display());
    Ok(dist)
}

/// The bundle as it is, for `--no-web-build`.
pub(crate) fn existing(workspace: &Workspace) -> Result<PathBuf> {
    let dist = workspace.web_dist();
    if !dist.join("index.html").is_file() {
        bail!(
            "there is no browser bundle in {}: run `cargo xtask web` once",
            dist.display()
        );
    }
    Ok(dist)
}

fn inputs_hash(workspace: &Workspace, optimiser: Option<&Path>) -> Result<String> {
    let files = hashing::sha256_of_tree(&workspace.root, &INPUTS.map(PathBuf::from))?;
    let compiler = cargo::read(
        toolchain::rustc(workspace).arg("--version"),
        "asking for the version of rustc",
    )?;
    let text = format!("{LAYOUT}\n{files}\n{compiler}\n{}", optimiser.is_some());
    Ok(hashing::sha256_of_bytes(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serving_an_unbuilt_bundle_is_refused_with_the_command_that_builds_it() {
        let root = tempfile::tempdir().unwrap();
        let workspace = Workspace {
            root: root.path().into(),
            target: root.path().join("target"),
            cache: root.path().into(),
        };
        let error = existing(&workspace).unwrap_err().to_string();
        assert!(error.contains("cargo xtask web"), "{error}");
    }
}
