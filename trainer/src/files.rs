//! Writes files and folders so that a reader sees the whole old one or the whole new one: written
//! beside the destination, flushed to the disk, then renamed.

use std::{
    fs::{self, File, Permissions},
    io::{BufWriter, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::Serialize;
use tempfile::{Builder, TempDir};

/// What a file of a model gets: services may run as another user.
const FILE_MODE: u32 = 0o644;
/// What a folder of a model gets.
const FOLDER_MODE: u32 = 0o755;

/// The folder that holds `path`, created when it is missing.
fn parent(path: &Path) -> Result<PathBuf> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    fs::create_dir_all(&parent).with_context(|| format!("cannot create {}", parent.display()))?;
    Ok(parent)
}

/// Writes one file through `fill`.
///
/// # Errors
/// The disk refuses, or `fill` fails; the destination is then as it was.
pub fn write_atomically(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<&mut File>) -> Result<()>,
) -> Result<()> {
    let mut file = Builder::new()
        .prefix(".partial-")
        .permissions(Permissions::from_mode(FILE_MODE))
        .tempfile_in(parent(path)?)
        .with_context(|| format!("cannot write beside {}", path.display()))?;
    let mut writer = BufWriter::with_capacity(1 << 20, file.as_file_mut());
    fill(&mut writer)?;
    writer.flush()?;
    drop(writer);
    file.as_file().sync_all()?;
    file.persist(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

/// Writes `value` as indented JSON with a final line end.
///
/// # Errors
/// As [`write_atomically`].
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    write_atomically(path, |writer| {
        serde_json::to_writer_pretty(&mut *writer, value)?;
        writer.write_all(b"\n")?;
        Ok(())
    })
}

/// A new folder beside `destination`, to be filled and then handed to [`replace_folder`].
///
/// # Errors
/// The disk refuses.
pub fn staging_folder(destination: &Path) -> Result<TempDir> {
    Builder::new()
        .prefix(".partial-")
        .permissions(Permissions::from_mode(FOLDER_MODE))
        .tempdir_in(parent(destination)?)
        .with_context(|| format!("cannot write beside {}", destination.display()))
}

/// Puts the staged folder in the place of `destination`; an old one is removed afterwards.
///
/// # Errors
/// The disk refuses; an old destination is then put back.
pub fn replace_folder(staged: TempDir, destination: &Path) -> Result<()> {
    for entry in fs::read_dir(staged.path())? {
        File::open(entry?.path())?.sync_all()?;
    }
    let old = staging_folder(destination)?;
    let aside = old.path().join("old");
    let had_old = destination.exists();
    if had_old {
        fs::rename(destination, &aside)
            .with_context(|| format!("cannot replace {}", destination.display()))?;
    }
    if let Err(error) = fs::rename(staged.path(), destination) {
        if had_old {
            fs::rename(&aside, destination)?;
        }
        return Err(error).with_context(|| format!("cannot write {}", destination.display()));
    }
    // It has moved: there is nothing left to remove at the old name.
    let _moved = staged.keep();
    Ok(())
}
