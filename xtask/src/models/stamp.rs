//! The stamp beside a prepared model: what it was made from and what it must look like.
//!
//! Comes in: a folder and the recipe's hash. Goes out: whether the folder is fresh. The quick check compares sizes and
//! modification times and hashes only what differs in time; the full check hashes everything.

use std::{
    fs,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::hashing;

const FILE_NAME: &str = "stamp.json";

/// The stamp file's content.
#[derive(Debug, Serialize, Deserialize)]
struct Stamp {
    /// SHA-256 over everything that decides the result.
    recipe: String,
    files: Vec<StampedFile>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StampedFile {
    /// Relative to the model's folder.
    path: PathBuf,
    bytes: u64,
    /// Nanoseconds since 1970, as text because JSON numbers end before that.
    modified: String,
    sha256: String,
}

/// How much to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Sizes and times; the content only where the time differs.
    Quick,
    /// The content of every file.
    Full,
}

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Nothing is there.
    Missing,
    /// Undamaged, but made from another recipe.
    Outdated,
    /// Not what the stamp says, or without a readable stamp; in words.
    Damaged(String),
    /// Ready to use.
    Fresh,
}

/// Writes the stamp of a finished folder; the last step before the folder gets its name.
pub(crate) fn write(folder: &Path, recipe: &str) -> Result<()> {
    let mut paths = Vec::new();
    hashing::collect_files(folder, &mut paths)?;
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        files.push(stamp_file(folder, &path)?);
    }
    let text = serde_json::to_string_pretty(&Stamp {
        recipe: recipe.to_owned(),
        files,
    })?;
    let path = folder.join(FILE_NAME);
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Compares `folder` with its stamp and with `recipe`.
pub(crate) fn check(folder: &Path, recipe: &str, depth: Depth) -> Result<Freshness> {
    if !folder.exists() {
        return Ok(Freshness::Missing);
    }
    let stamp: Stamp =
        match fs::read(folder.join(FILE_NAME)).map(|bytes| serde_json::from_slice(&bytes)) {
            Ok(Ok(stamp)) => stamp,
            Ok(Err(_)) | Err(_) => {
                return Ok(Freshness::Damaged(format!(
                    "{FILE_NAME} is missing or unreadable"
                )));
            }
        };
    let mut touched = false;
    for file in &stamp.files {
        match compare(folder, file, depth)? {
            Comparison::Same => {}
            Comparison::Touched => touched = true,
            Comparison::Different(why) => return Ok(Freshness::Damaged(why)),
        }
    }
    if touched {
        // The content was read and is right: remember the new times, so that the next check is quick again.
        fs::remove_file(folder.join(FILE_NAME)).context("cannot renew the stamp")?;
        write(folder, &stamp.recipe)?;
    }
    Ok(if stamp.recipe == recipe {
        Freshness::Fresh
    } else {
        Freshness::Outdated
    })
}

enum Comparison {
    Same,
    Touched,
    Different(String),
}

fn compare(folder: &Path, file: &StampedFile, depth: Depth) -> Result<Comparison> {
    let path = folder.join(&file.path);
    let name = file.path.display();
    let Ok(metadata) = fs::metadata(&path) else {
        return Ok(Comparison::Different(format!("{name} is missing")));
    };
    if metadata.len() != file.bytes {
        let found = metadata.len();
        return Ok(Comparison::Different(format!(
            "{name} has {found} bytes, expected {}",
            file.bytes
        )));
    }
    let touched = modified(&metadata)? != file.modified;
    if depth == Depth::Quick && !touched {
        return Ok(Comparison::Same);
    }
    let found = hashing::sha256_of_file(&path)?;
    Ok(if found != file.sha256 {
        Comparison::Different(format!(
            "{name} has SHA-256 {found}, expected {}",
            file.sha256
        ))
    } else if touched {
        Comparison::Touched
    } else {
        Comparison::Same
    })
}

fn stamp_file(folder: &Path, path: &Path) -> Result<StampedFile> {
    let metadata = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(StampedFile {
        path: path.strip_prefix(folder).unwrap_or(path).to_path_buf(),
        bytes: metadata.len(),
        modified: modified(&metadata)?,
        sha256: hashing::sha256_of_file(path)?,
    })
}

fn modified(metadata: &fs::Metadata) -> Result<String> {
    let time = metadata
        .modified()
        .context("this file system keeps no modification times")?;
    Ok(time
        .duration_since(UNIX_EPOCH)
        .map_or(0, |age| age.as_nanos())
        .to_string())
}

#[cfg(test)]
mod tests {
    use std::{fs::File, time::SystemTime};

    use super::*;

    fn prepared() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("model.gguf"), "weights").unwrap();
        write(folder.path(), "recipe").unwrap();
        folder
    }

    fn set_time(path: &Path, time: SystemTime) {
        File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(time)
            .unwrap();
    }

    fn quick(folder: &tempfile::TempDir) -> Freshness {
        check(folder.path(), "recipe", Depth::Quick).unwrap()
    }

    #[test]
    fn what_was_just_written_is_fresh_and_another_recipe_makes_it_outdated() {
        let folder = prepared();
        assert_eq!(quick(&folder), Freshness::Fresh);
        assert_eq!(
            check(folder.path(), "other", Depth::Quick).unwrap(),
            Freshness::Outdated
        );
        assert_eq!(
            check(&folder.path().join("none"), "recipe", Depth::Quick).unwrap(),
            Freshness::Missing
        );
    }

    #[test]
    fn a_truncated_file_is_found_by_its_size() {
        let folder = prepared();
        fs::write(folder.path().join("model.gguf"), "weigh").unwrap();
        let Freshness::Damaged(why) = quick(&folder) else {
            panic!("a truncated file passed");
        };
        assert!(why.contains("5 bytes, expected 7"), "{why}");
    }

    #[test]
    fn an_edit_of_the_same_size_is_found_by_its_time_and_hash() {
        let folder = prepared();
        let path = folder.path().join("model.gguf");
        fs::write(&path, "WEIGHTS").unwrap();
        set_time(&path, SystemTime::UNIX_EPOCH);
        assert!(matches!(quick(&folder), Freshness::Damaged(why) if why.contains("SHA-256")));
    }

    #[test]
    fn the_full_check_finds_an_edit_that_kept_size_and_time() {
        let folder = prepared();
        let path = folder.path().join("model.gguf");
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        fs::write(&path, "WEIGHTS").unwrap();
        set_time(&path, time);
        assert_eq!(quick(&folder), Freshness::Fresh);
        assert!(matches!(
            check(folder.path(), "recipe", Depth::Full).unwrap(),
            Freshness::Damaged(_)
        ));
    }

    #[test]
    fn a_file_that_was_only_touched_stays_fresh() {
        let folder = prepared();
        set_time(&folder.path().join("model.gguf"), SystemTime::UNIX_EPOCH);
        assert_eq!(quick(&folder), Freshness::Fresh);
        let stamp = fs::read_to_string(folder.path().join(FILE_NAME)).unwrap();
        assert!(stamp.contains("\"modified\": \"0\""), "{stamp}");
    }

    #[test]
    fn a_missing_or_unreadable_stamp_is_damage() {
        let folder = prepared();
        fs::write(folder.path().join(FILE_NAME), "{").unwrap();
        assert!(matches!(quick(&folder), Freshness::Damaged(_)));
    }
}
