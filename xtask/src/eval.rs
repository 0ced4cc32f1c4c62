//! `cargo xtask eval`: measures what is served. Comes in: a task and cases; goes out: a report whose last line is JSON.

use std::{ffi::OsString, path::Path};

use anyhow::{Context, Result, bail};

use crate::{
    cargo,
    cli::{EvalArgs, EvalTask},
    models,
    workspace::Workspace,
};

/// The program of set A that measures.
const TRAINER: &str = "trainer";

/// Prepares the model, builds the trainer and lets it measure.
pub(crate) fn run(workspace: &Workspace, args: &EvalArgs) -> Result<()> {
    if !args.cases.is_file() {
        bail!("--cases {}: there is no such file", args.cases.display());
    }
    let model = models::classifier(workspace)?;
    cargo::build_programs(workspace, &[TRAINER])?;
    let program = workspace.program(TRAINER);
    let status = std::process::Command::new(&program)
        .args(arguments(args, &model))
        .status()
        .with_context(|| format!("cannot start {}", program.display()))?;
    if !status.success() {
        bail!("measuring {} failed", args.task.head());
    }
    Ok(())
}

fn arguments(args: &EvalArgs, model: &Path) -> Vec<OsString> {
    let mut line: Vec<OsString> = vec![
        "evaluate-head".into(),
        "--model".into(),
        model.into(),
        "--head".into(),
        args.task.head().into(),
        "--cases".into(),
        (&args.cases).into(),
    ];
    if let Some(out) = &args.out {
        line.extend(["--out".into(), out.into()]);
    }
    line
}

impl EvalTask {
    /// The head of the classifier.
    fn head(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Severity => "severity",
            Self::Risk => "risk",
            Self::Intent => "intent",
            Self::Mood => "mood",
        }
    }
}
