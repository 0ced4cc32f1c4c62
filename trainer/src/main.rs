//! The command line of the trainer: parse, run, report one line when it fails.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match trainer::cli::run(trainer::cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
