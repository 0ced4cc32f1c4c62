//! `cargo xtask`: the one command a developer or a newcomer runs.
//!
//! What comes in is the command line; what goes out is a running product (`up`), a verdict (`test`, `tidy`)
//! or files in the caches (`models`, `web`). Only this program knows how the parts are built and joined.
#![allow(
    clippy::print_stdout,
    reason = "a command line tool reports on standard output"
)]

mod cargo;
mod cli;
mod compare;
mod eval;
mod folder;
mod hashing;
mod lock;
mod models;
mod test;
mod tidy;
mod up;
mod web;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    cli::{Cli, Command},
    workspace::Workspace,
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    let workspace = Workspace::locate()?;
    match &cli.command {
        Command::Up(args) => up::run(&workspace, args),
        Command::Models(args) => models::run(&workspace, args),
        Command::Web => web::build(&workspace).map(drop),
        Command::Test(args) => test::run(&workspace, args),
        Command::Compare(args) => compare::run(&workspace, args),
        Command::Eval(args) => eval::run(&workspace, args),
        Command::Tidy => tidy::run(&workspace),
    }
}
