//! Folders that appear whole or not at all. Comes in: a finished temporary folder; goes out: the folder under its name.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// Gives a finished folder its name; an older one that is in the way goes.
/// Only for folders that this program writes.
pub(crate) fn replace(finished: &Path, name: &Path) -> Result<()> {
    let old = sibling(name, "old");
    if old.exists() {
        fs::remove_dir_all(&old).with_context(|| format!("cannot remove {}", old.display()))?;
    }
    if name.exists() {
        fs::rename(name, &old).with_context(|| format!("cannot move {}", name.display()))?;
    }
    fs::rename(finished, name).with_context(|| format!("cannot make {}", name.display()))?;
    if old.exists() {
        fs::remove_dir_all(&old).with_context(|| format!("cannot remove {}", old.display()))?;
    }
    Ok(())
}

/// `path` with `.suffix` after its whole name.
pub(crate) fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{suffix}"));
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_folder_replaces_an_older_one_whole() {
        let root = tempfile::tempdir().unwrap();
        let (new, name) = (root.path().join("new"), root.path().join("model"));
        for (folder, file) in [(&new, "b"), (&name, "a")] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join(file), file).unwrap();
        }
        replace(&new, &name).unwrap();
        assert!(name.join("b").exists() && !name.join("a").exists());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }
}
