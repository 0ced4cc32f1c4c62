//! How a program ends before it has started.

use std::{fmt::Display, process::ExitCode};

/// The exit code of a command line or configuration that cannot be used (EX_USAGE of sysexits.h).
pub const USAGE: u8 = 64;

/// Prints one line on standard error and gives the exit code for bad configuration.
pub fn usage_error(message: impl Display) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::from(USAGE)
}
