//! SHA-256 of files, folders and text, and the one error for a file that is not what it should be.
//!
//! Comes in: paths and bytes. Goes out: lower-case hex digests.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

const CHUNK_BYTES: usize = 1 << 20;
/// Files below this size are hashed without a progress bar: it would only flicker.
const BAR_FROM_BYTES: u64 = 16 << 20;

/// SHA-256 of `bytes`.
pub(crate) fn sha256_of_bytes(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of a file, with a progress bar when it is large.
pub(crate) fn sha256_of_file(path: &Path) -> Result<String> {
    hash_file(path).with_context(|| format!("cannot read {}", path.display()))
}

fn hash_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let bar = if bytes < BAR_FROM_BYTES {
        ProgressBar::hidden()
    } else {
        byte_bar(bytes)
    };
    bar.set_message(format!(
        "checking {}",
        path.file_name().unwrap_or_default().display()
    ));
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let count = file.read(&mut chunk)?;
        if count == 0 {
            break;
        }
        hasher.update(&chunk[..count]);
        bar.inc(count as u64);
    }
    bar.finish_and_clear();
    Ok(hex(&hasher.finalize()))
}

/// A progress bar over a known number of bytes; hidden by itself when the output is not a terminal.
fn byte_bar(bytes: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes}");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Fails unless the file has this SHA-256; the error names the file, what was expected and what was found, and the
/// file stays where it is.
pub(crate) fn expect_sha256(path: &Path, expected: &str) -> Result<()> {
    let found = sha256_of_file(path)?;
    if found != expected {
        bail!(
            "{} is not the file that models/models.toml names: SHA-256 expected {expected}, found {found}",
            path.display()
        );
    }
    Ok(())
}

/// One digest over files and folders: every path (relative to `root`) and every byte counts, in sorted order.
pub(crate) fn sha256_of_tree(root: &Path, parts: &[PathBuf]) -> Result<String> {
    let mut files = Vec::new();
    for part in parts {
        collect_files(&root.join(part), &mut files)?;
    }
    files.sort();
    let mut hasher = Sha256::new();
    for file in &files {
        let name = file
            .strip_prefix(root)
            .unwrap_or(file)
            .display()
            .to_string();
        hasher.update(format!("{name}\n{}\n", sha256_of_file(file)?));
    }
    Ok(hex(&hasher.finalize()))
}

/// Every file under `path` (or `path` itself); a path that does not exist adds nothing.
pub(crate) fn collect_files(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.push(path.to_path_buf());
    } else if path.is_dir() {
        let entries =
            fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))?;
        for entry in entries {
            collect_files(&entry?.path(), files)?;
        }
    }
    Ok(())
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SHA-256 test vector for "abc" (FIPS 180-4).
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_wrong_hash_names_the_file_and_both_hashes_and_removes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.whl");
        fs::write(&path, "abc").unwrap();
        let wanted = "0".repeat(64);
        let error = expect_sha256(&path, &wanted).unwrap_err().to_string();
        assert!(
            error.contains("model.whl") && error.contains(&wanted) && error.contains(ABC),
            "{error}"
        );
        assert!(path.exists());
        expect_sha256(&path, ABC).unwrap();
    }

    #[test]
    fn a_tree_changes_with_content_and_with_names() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("a")).unwrap();
        fs::write(root.join("a/one"), "1").unwrap();
        let digest = || sha256_of_tree(root, &["a".into()]).unwrap();
        let first = digest();
        assert_eq!(first, digest());
        fs::write(root.join("a/one"), "2").unwrap();
        let second = digest();
        fs::rename(root.join("a/one"), root.join("a/two")).unwrap();
        assert_ne!(first, second);
        assert_ne!(second, digest());
    }
}
