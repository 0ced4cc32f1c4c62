//! Everything that happens offline, before a service starts: model files are converted into the
//! layout that the services load, and the classifier heads are trained, calibrated and measured.
//! In: model folders and JSON lines. Out: model folders, head files and reports.

pub mod classifier;
pub mod cli;
pub mod compare;
pub mod data;
pub mod device;
pub mod eda;
pub mod evaluate;
pub mod export;
pub mod files;
pub mod language_model;
pub mod layers;
pub mod optimisation;
pub mod preference;
pub mod progress;
pub mod served;
