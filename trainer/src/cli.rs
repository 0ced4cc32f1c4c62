//! The command line: one subcommand for each job, each a thin call into a module.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::atomic::Ordering,
    time::Instant,
};

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};

use crate::{
    classifier::{self, TrainingOptions},
    compare::{self, CompareOptions},
    data::prepare::{self, PrepareOptions},
    eda::{self, EdaOptions},
    evaluate::{self, head::HeadOptions, preference::PreferenceOptions},
    export::{
        convert_encoder::convert_encoder,
        merge::merge,
        requantize::{TargetType, requantize},
    },
    preference::{
        dpo::{self, DpoOptions},
        run::{Ending, STOP},
        sft::{self, SftOptions},
    },
    served::answer::{self, AnswerOptions},
};

/// Prepares data, trains and evaluates the models, and converts model files.
#[derive(Debug, Parser)]
#[command(name = "trainer", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Turns a BERT folder into the DistilBERT folder that the classifier service loads.
    ///
    /// Reads config.json, model.safetensors and tokenizer.json; token-type row 0 is folded into the
    /// position embeddings and the weights are renamed. The destination is replaced as a whole,
    /// after the new folder has been loaded once.
    ConvertEncoder {
        /// Folder with the BERT model.
        #[arg(long)]
        from: PathBuf,
        /// Folder with heads.json and heads.safetensors; without it the result has no heads and
        /// serves for training them.
        #[arg(long)]
        heads: Option<PathBuf>,
        /// Folder to write.
        #[arg(long)]
        to: PathBuf,
    },
    /// Rewrites the matrices of a GGUF file in another quantisation; metadata, tokenizer and norms
    /// stay as they are.
    Requantize {
        /// GGUF file to read.
        #[arg(long)]
        from: PathBuf,
        /// GGUF file to write.
        #[arg(long)]
        to: PathBuf,
        /// Quantisation of the matrices.
        #[arg(long = "type", value_enum, value_name = "TYPE")]
        target: TargetType,
    },
    /// Adds an adapter to its base model and writes one GGUF file for the service.
    Merge {
        /// Base model as a GGUF file.
        #[arg(long)]
        base: PathBuf,
        /// Folder with adapter_config.json and adapter_model.safetensors.
        #[arg(long)]
        adapter: PathBuf,
        /// GGUF file to write.
        #[arg(long)]
        to: PathBuf,
        /// Quantisation of the matrices.
        #[arg(long = "type", value_enum, value_name = "TYPE", default_value = "q8_0")]
        target: TargetType,
    },
    /// Trains the classifier heads on embeddings of a frozen encoder and prints a report for each.
    ///
    /// Reads every *.jsonl file of the data folder except holdout.jsonl, and heads.toml for the
    /// heads and their labels (a built-in default when it is missing). Writes heads.safetensors,
    /// heads.json and metrics.json.
    Classifier(TrainingOptions),
    /// Cleans raw preference pairs and splits them for training.
    ///
    /// Missing values, spellings of categories, other categories, quotes, duplicates and near-duplicates;
    /// a stratified split with no near-duplicate across it. Writes train, validation and test as JSON lines
    /// and CSV, and manifest.json with hashes and counts.
    Prepare(PrepareOptions),
    /// Draws what is in prepared pairs: lengths, frequent words, word clouds, balance of themes and
    /// severities.
    ///
    /// Writes SVG figures, report.html with all of them, and training-data.json, which the web page shows
    /// (content/training-data.json).
    Eda(EdaOptions),
    /// Teaches a language model the chosen replies: supervised fine-tuning of a LoRA adapter.
    ///
    /// Writes an adapter in PEFT's format, the log as table, JSON lines and TensorBoard events, and
    /// curves. A run that was stopped goes on when the same command is given again.
    Sft(SftOptions),
    /// Trains the adapter further so that chosen replies win over rejected ones: direct preference
    /// optimisation.
    ///
    /// Writes the same things as sft, with the columns of TRL's DPO trainer.
    Dpo(DpoOptions),
    /// Lets the model of a running inference service answer prompts.
    Answer(AnswerOptions),
    /// Scores answers of several models by written rules and shows them side by side.
    ///
    /// Prints a table and one line of JSON, and writes report.html.
    Compare(CompareOptions),
    /// Evaluates one head on cases from anywhere: a report, and one line of JSON in the end.
    EvaluateHead(HeadOptions),
    /// Evaluates a preference-tuned adapter on pairs from anywhere: reward accuracy and margin.
    EvaluatePreference(PreferenceOptions),
    /// Prints precision, recall and F1 for each head of a model folder on labelled texts.
    Evaluate {
        /// Model folder with heads.
        #[arg(long)]
        model: PathBuf,
        /// Labelled texts, one JSON object a line.
        #[arg(long)]
        cases: PathBuf,
    },
}

/// Runs the command.
///
/// # Errors
/// Whatever the command reports; nothing half-written stays behind.
pub fn run(cli: Cli) -> Result<()> {
    let started = Instant::now();
    let mut out = std::io::stdout().lock();
    match cli.command {
        Command::ConvertEncoder { from, heads, to } => {
            convert_encoder(&from, heads.as_deref(), &to)?;
            done(&mut out, &to, "", started)
        }
        Command::Requantize { from, to, target } => {
            let summary = requantize(&from, &to, target)?;
            let counts = format!(
                " ({} tensors converted, {} kept)",
                summary.converted, summary.kept
            );
            done(&mut out, &to, &counts, started)
        }
        Command::Merge {
            base,
            adapter,
            to,
            target,
        } => {
            let summary = merge(&base, &adapter, &to, target)?;
            let counts = format!(
                " ({} tensors converted, {} kept)",
                summary.converted, summary.kept
            );
            done(&mut out, &to, &counts, started)
        }
        Command::Classifier(options) => {
            let to = options.out.clone();
            classifier::train(&options, &mut out)?;
            done(&mut out, &to, "", started)
        }
        Command::Prepare(options) => prepare::prepare(&options, &mut out),
        Command::Eda(options) => {
            eda::explore(&options, &mut out)?;
            done(&mut out, options.out(), "", started)
        }
        Command::Sft(options) => preference_run(|| sft::train(&options)),
        Command::Dpo(options) => preference_run(|| dpo::train(&options)),
        Command::Answer(options) => answer::answer(&options, &mut out),
        Command::Compare(options) => compare::compare(&options, &mut out),
        Command::EvaluateHead(options) => evaluate::head::evaluate(&options, &mut out),
        Command::EvaluatePreference(options) => evaluate::preference::evaluate(&options, &mut out),
        Command::Evaluate { model, cases } => evaluate::evaluate(&model, &cases, &mut out),
    }
}

/// The first Ctrl-C finishes the step and writes a checkpoint, the second one ends at once.
fn preference_run(train: impl FnOnce() -> Result<Ending>) -> Result<()> {
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })?;
    match train()? {
        Ending::Finished => Ok(()),
        Ending::Stopped => bail!("stopped; the same command goes on from the checkpoint"),
    }
}

fn done(out: &mut impl Write, to: &Path, detail: &str, started: Instant) -> Result<()> {
    let seconds = started.elapsed().as_secs_f32();
    writeln!(out, "wrote {}{detail} in {seconds:.1} s", to.display())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_unknown_quantisation_is_refused() {
        let line = "trainer requantize --from a --to b --type q5_k".split(' ');
        assert!(Cli::try_parse_from(line).is_err());
    }
}
