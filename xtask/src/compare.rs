//! `cargo xtask compare`: the chat model before and after its training, as served, on the same prompts.
//!
//! Comes in: adapters and prompts; goes out: an HTML page with all answers side by side, a table, and one line of JSON.

use std::{ffi::OsString, path::Path};

use anyhow::{Context, Result, bail};

use crate::{
    cargo,
    cli::CompareArgs,
    models::{self, ChatModel},
    up::{self, Alone},
    workspace::Workspace,
};

/// The program of set A that merges, asks and scores.
const TRAINER: &str = "trainer";
/// The model before training, as the comparison calls it.
const BASE: &str = "base";

/// Answers with each model in turn, then compares.
pub(crate) fn run(workspace: &Workspace, args: &CompareArgs) -> Result<()> {
    for file in [&args.prompts, &args.adapters.sft, &args.adapters.dpo] {
        if !file.exists() {
            bail!("{}: there is no such file or folder", file.display());
        }
    }
    let base = models::chat(workspace, &args.adapters.base)?;
    cargo::build_programs(workspace, &[TRAINER])?;
    let inference = cargo::build_inference(workspace)?;
    let trainer = workspace.program(TRAINER);
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot make {}", args.out.display()))?;
    let adapted = |name: &str, adapter: &Path| {
        merged(
            workspace,
            &base,
            adapter,
            &args.out.join(format!("{name}.gguf")),
        )
    };
    let models = [
        (BASE, base.clone()),
        ("sft", adapted("sft", &args.adapters.sft)?),
        ("dpo", adapted("dpo", &args.adapters.dpo)?),
    ];
    let mut line: Vec<OsString> = vec![
        "compare".into(),
        "--rules".into(),
        workspace.root.join("content/safety/output.toml").into(),
        "--out".into(),
        (&args.out).into(),
        "--answers".into(),
    ];
    for (name, chat) in models {
        let answers = args.out.join(format!("{name}.jsonl"));
        let ask: Vec<OsString> = vec![
            "answer".into(),
            "--prompts".into(),
            workspace.root.join("content/prompts").into(),
            "--cases".into(),
            (&args.prompts).into(),
            "--temperature".into(),
            args.temperature.to_string().into(),
            "--out".into(),
            (&answers).into(),
        ];
        println!("{name}: {}", chat.source);
        let work = up::measure(
            vec![("--endpoint", Alone::Inference(inference.clone(), chat))],
            trainer.clone(),
            ask,
        );
        up::runtime()?.block_on(work)?;
        line.push(format!("{name}={}", answers.display()).into());
    }
    let mut command = std::process::Command::new(&trainer);
    cargo::run(command.args(line), "comparing the answers")?;
    println!("wrote {}", args.out.join("report.html").display());
    Ok(())
}

/// The base with an adapter in it.
fn merged(workspace: &Workspace, base: &ChatModel, adapter: &Path, to: &Path) -> Result<ChatModel> {
    let mut command = std::process::Command::new(workspace.program(TRAINER));
    command
        .args(["merge", "--base", &base.source, "--adapter"])
        .arg(adapter)
        .arg("--to")
        .arg(to);
    cargo::run(&mut command, "merging the adapter")?;
    Ok(ChatModel {
        source: to.display().to_string(),
        ..base.clone()
    })
}
