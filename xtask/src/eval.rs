//! `cargo xtask eval`: measures what is served. Comes in: a task and cases; goes out: a report whose last line is JSON.

use std::{ffi::OsString, process::Command};

use anyhow::{Result, bail};

use crate::{
    cargo,
    cli::{EvalArgs, EvalSubject, EvalTask},
    models,
    up::{self, Alone},
    workspace::Workspace,
};

/// The program of set A that measures models.
const TRAINER: &str = "trainer";
/// The program of set A that measures guards.
const GUARD: &str = "guard-eval";

/// Prepares the model, builds the trainer and lets it measure.
pub(crate) fn run(workspace: &Workspace, args: &EvalArgs) -> Result<()> {
    if let Some(missing) = args.cases.iter().find(|path| !path.is_file()) {
        bail!("--cases {}: there is no such file", missing.display());
    }
    if args.task == EvalTask::Guard {
        return guard(workspace, args);
    }
    let [cases] = args.cases.as_slice() else {
        bail!("only `guard` takes more than one file of cases");
    };
    let mut line: Vec<OsString> = vec![
        "--cases".into(),
        cases.into(),
        "--prompts".into(),
        workspace.root.join("content/prompts").into(),
    ];
    if let Some(out) = &args.out {
        line.extend(["--out".into(), out.into()]);
    }
    match (args.task.head(), args.with) {
        (None, EvalSubject::Classifier) => {
            let base = models::chat(workspace, &args.adapters.base)?;
            line.splice(
                0..0,
                [
                    "evaluate-preference".into(),
                    "--base".into(),
                    base.source.into(),
                ],
            );
            line.extend(["--sft".into(), (&args.adapters.sft).into()]);
            line.extend(["--adapter".into(), (&args.adapters.dpo).into()]);
            measure(workspace, line)
        }
        (None, EvalSubject::Llm) => {
            bail!("`preference` always measures the chat model; leave --with out")
        }
        (Some(head), EvalSubject::Classifier) => {
            let model = models::classifier(workspace)?;
            line.splice(0..0, ["evaluate-head".into(), "--head".into(), head.into()]);
            line.extend(["--model".into(), model.into()]);
            measure(workspace, line)
        }
        (Some(head), EvalSubject::Llm) => {
            let chat = models::chat(workspace, &args.llm)?;
            cargo::build_programs(workspace, &[TRAINER])?;
            let inference = cargo::build_inference(workspace)?;
            line.splice(0..0, ["evaluate-head".into(), "--head".into(), head.into()]);
            let services = vec![("--endpoint", Alone::Inference(inference, chat))];
            let work = up::measure(services, workspace.program(TRAINER), line);
            up::runtime()?.block_on(work)
        }
    }
}

/// The guards with the services that they need.
fn guard(workspace: &Workspace, args: &EvalArgs) -> Result<()> {
    cargo::build_programs(workspace, &[GUARD, "classifier-svc"])?;
    let mut line: Vec<OsString> = vec!["--root".into(), workspace.root.clone().into()];
    line.push("--cases".into());
    line.extend(args.cases.iter().map(OsString::from));
    if let Some(out) = &args.out {
        line.extend(["--out".into(), out.into()]);
    }
    if args.gate {
        line.push("--gate".into());
    }
    if let Some(report) = &args.report {
        line.extend(["--report".into(), report.into()]);
    }
    let model = models::classifier(workspace)?;
    let classifier = Alone::Classifier(workspace.program("classifier-svc"), model);
    let mut services = vec![("--classifier", classifier)];
    if args.generate {
        let chat = models::chat(workspace, &args.llm)?;
        let inference = cargo::build_inference(workspace)?;
        services.push(("--inference", Alone::Inference(inference, chat)));
    }
    up::runtime()?.block_on(up::measure(services, workspace.program(GUARD), line))
}

fn measure(workspace: &Workspace, line: Vec<OsString>) -> Result<()> {
    cargo::build_programs(workspace, &[TRAINER])?;
    let mut command = Command::new(workspace.program(TRAINER));
    cargo::run(command.args(line), "measuring")
}

impl EvalTask {
    /// The head of the classifier; preference has none.
    fn head(self) -> Option<&'static str> {
        match self {
            Self::Topic => Some("topic"),
            Self::Severity => Some("severity"),
            Self::Risk => Some("risk"),
            Self::Intent => Some("intent"),
            Self::Mood => Some("mood"),
            Self::Preference | Self::Guard => None,
        }
    }
}
