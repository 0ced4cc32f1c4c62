//! Where a run stands, written as one folder so that a kill leaves the old one or the new one.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::{files, optimisation::AdamW};

const WEIGHTS: &str = "optimizer.safetensors";
const STATE: &str = "state.json";

/// What is known besides weights and moments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Updates made.
    pub step: usize,
    /// Of the run's data, model and settings.
    pub fingerprint: String,
}

impl State {
    /// After `step` updates of the plan with this fingerprint.
    #[must_use]
    pub fn new(step: usize, fingerprint: &str) -> Self {
        Self {
            step,
            fingerprint: fingerprint.to_owned(),
        }
    }
}

/// The checkpoint folder of a run.
pub struct Checkpoint {
    folder: PathBuf,
}

impl Checkpoint {
    /// Inside the folder of the run.
    #[must_use]
    pub fn new(run: &Path) -> Self {
        Self {
            folder: run.join("checkpoint"),
        }
    }

    /// The file for [`AdamW::restore`].
    #[must_use]
    pub fn weights(&self) -> PathBuf {
        self.folder.join(WEIGHTS)
    }

    /// The state, if there is a checkpoint.
    ///
    /// # Errors
    /// It is broken or belongs to another plan.
    pub fn read(&self, fingerprint: &str) -> Result<Option<State>> {
        let path = self.folder.join(STATE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let state: State = serde_json::from_slice(&text).with_context(|| {
            format!(
                "the checkpoint {} is broken; delete its folder to begin anew",
                path.display()
            )
        })?;
        ensure!(
            state.fingerprint == fingerprint,
            "{} has a checkpoint of a run with other data or settings; choose another --out, or delete the \
             folder to begin anew",
            self.folder.display()
        );
        Ok(Some(state))
    }

    /// Replaces the checkpoint.
    ///
    /// # Errors
    /// The disk refuses; the old checkpoint is then as it was.
    pub fn write(&self, optimizer: &AdamW, state: &State) -> Result<()> {
        let staged = files::staging_folder(&self.folder)?;
        optimizer.save(&staged.path().join(WEIGHTS))?;
        files::write_json(&staged.path().join(STATE), state)?;
        files::replace_folder(staged, &self.folder)
    }
}
