//! Where things are on this machine: the checkout, the build folder and the model cache.
//!
//! Comes in: the environment (the only module that reads it). Goes out: absolute paths.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// The folders that every command works with; all absolute.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    /// The checkout.
    pub(crate) root: PathBuf,
    /// Build outputs of set A (see `cargo.rs`).
    pub(crate) target: PathBuf,
    /// Downloads and prepared models.
    pub(crate) cache: PathBuf,
}

impl Workspace {
    /// Finds the folders; fails when neither a cache variable nor a home folder is set.
    pub(crate) fn locate() -> Result<Self> {
        // `cargo run` names this package's folder; a copy of the binary that is started by hand falls back on the
        // place where it was built.
        let manifest = variable("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest
            .parent()
            .context("the xtask folder has no parent folder")?
            .to_path_buf();
        let target =
            variable("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        let cache = cache_folder(
            variable("DIGITAL_DETOX_CACHE"),
            variable("XDG_CACHE_HOME"),
            variable("HOME"),
        )
        .context("no cache folder: set DIGITAL_DETOX_CACHE or HOME")?;
        Ok(Self {
            root,
            target,
            cache: absolute(&cache)?,
        })
    }

    /// The folder of kept data that `up` uses when none is named.
    pub(crate) fn default_data_dir() -> Result<PathBuf> {
        data_folder(variable("XDG_DATA_HOME"), variable("HOME"))
            .context("no folder for kept data: pass --data-dir or set HOME")
    }

    /// The target folder of inference-svc (set B).
    pub(crate) fn inference_target(&self) -> PathBuf {
        self.target.join("inference")
    }

    /// The program of set A with this name, as `cargo build` leaves it.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }

    /// The finished browser bundle.
    pub(crate) fn web_dist(&self) -> PathBuf {
        self.target.join("web-dist")
    }
}

/// The value of an environment variable that is set and not empty.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Every name in the environment; used to keep cargo's own variables away from the cargo that we start.
pub(crate) fn variable_names() -> impl Iterator<Item = OsString> {
    env::vars_os().map(|(name, _)| name)
}

/// `path` made absolute against the current folder, without asking that it exists.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("{} is not a usable path", path.display()))
}

/// The full path of `program` when it is on PATH.
pub(crate) fn find_program(program: &str) -> Option<PathBuf> {
    env::split_paths(&variable("PATH")?)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

fn cache_folder(
    own: Option<OsString>,
    xdg: Option<OsString>,
    home: Option<OsString>,
) -> Option<PathBuf> {
    own.map(PathBuf::from)
        .or_else(|| xdg.map(|folder| PathBuf::from(folder).join("digital-detox")))
        .or_else(|| home.map(|folder| PathBuf::from(folder).join(".cache/digital-detox")))
}

fn data_folder(xdg: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    xdg.map(|folder| PathBuf::from(folder).join("digital-detox"))
        .or_else(|| home.map(|folder| PathBuf::from(folder).join(".local/share/digital-detox")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn os(text: &str) -> Option<OsString> {
        Some(text.into())
    }

    #[test]
    fn the_own_cache_variable_wins_over_xdg_and_home() {
        assert_eq!(
            cache_folder(os("/own"), os("/xdg"), os("/home/a")),
            Some("/own".into())
        );
        assert_eq!(
            cache_folder(None, os("/xdg"), os("/home/a")),
            Some("/xdg/digital-detox".into())
        );
        assert_eq!(
            cache_folder(None, None, os("/home/a")),
            Some("/home/a/.cache/digital-detox".into())
        );
        assert_eq!(cache_folder(None, None, None), None);
    }

    #[test]
    fn kept_data_does_not_lie_in_the_cache() {
        assert_eq!(
            data_folder(None, os("/home/a")),
            Some("/home/a/.local/share/digital-detox".into())
        );
        assert_eq!(
            data_folder(os("/data"), os("/home/a")),
            Some("/data/digital-detox".into())
        );
    }
}
