//! Preference data: raw rows in; cleaned, split files with a manifest out.

pub mod near_duplicates;
pub mod prepare;
pub mod raw;
pub mod split;
pub mod steps;
pub mod write;
