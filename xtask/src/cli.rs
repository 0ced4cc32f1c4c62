//! The command line: what can be asked for, with the help that teaches it.
//!
//! Only declarations; each command's work is in the module of its name.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// The chat model that is embedded.
const DEFAULT_LLM: &str = "companion-135m";
/// The chat model that it was trained from.
const BASE_LLM: &str = "smollm2-135m";

/// Builds, runs and checks Digital Detox.
///
/// Start with `cargo xtask up`: it fetches the models, builds everything, starts it and prints the address to open.
/// `cargo xtask test` runs every check there is. Build outputs go to CARGO_TARGET_DIR (or target/); models go to
/// DIGITAL_DETOX_CACHE, or XDG_CACHE_HOME/digital-detox, or ~/.cache/digital-detox.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// One job of the tool.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the whole product on this machine and print the address to open
    Up(UpArgs),
    /// Fetch, check and convert the models named in models/models.toml
    Models(ModelsArgs),
    /// Build the browser bundle (WebAssembly, CSS, precompressed) into <target>/web-dist
    Web,
    /// Run every check: format, tidy, lints, tests, the end-to-end and the browser journey
    Test(TestArgs),
    /// Measure what is served on labelled cases: a report, and one line of JSON in the end
    Eval(EvalArgs),
    /// Let the chat model before and after its training answer the same prompts, and score the answers
    Compare(CompareArgs),
    /// Check the rules of the house: who may use whom, file length, module headers
    Tidy,
}

/// How to start the product.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  cargo xtask up                                   the embedded default models
  cargo xtask up --llm mistral-7b-dpo              an entry of models/models.toml
  cargo xtask up --llm ~/models/chat.Q4_K_M.gguf   a file, or a folder with safetensors
  cargo xtask up --llm owner/name                  a hub id
Ctrl-C lets running answers finish, then stops; a second Ctrl-C stops at once.")]
pub(crate) struct UpArgs {
    /// Chat model: a name in models/models.toml, a .gguf file, a model folder, or a hub id (owner/name)
    #[arg(long, default_value = DEFAULT_LLM)]
    pub(crate) llm: String,
    /// Serve the browser bundle that is already built
    #[arg(long)]
    pub(crate) no_web_build: bool,
    /// Port of the web page on 127.0.0.1
    #[arg(long, default_value_t = 8080)]
    pub(crate) port: u16,
    /// Folder of the database and anything else that is kept [default: ~/.local/share/digital-detox]
    #[arg(long)]
    pub(crate) data_dir: Option<PathBuf>,
    /// Give up when the services are not ready after this many seconds
    #[arg(long, default_value_t = 900)]
    pub(crate) ready_timeout: u64,
}

/// Which models to prepare.
#[derive(Debug, Clone, Args)]
pub(crate) struct ModelsArgs {
    /// Names in models/models.toml; without names, the default ones
    pub(crate) names: Vec<String>,
    /// Read every prepared file again and compare its SHA-256 with the stamp
    #[arg(long)]
    pub(crate) verify: bool,
}

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EvalTask {
    /// cyberbullying, social_media_addiction, social_isolation, other
    Topic,
    /// mild, moderate, severe
    Severity,
    /// none, distress, crisis
    Risk,
    /// benign, harmful_request, manipulation
    Intent,
    /// negative, mixed, positive
    Mood,
    /// Whether the chat model, tuned on preferences, rewards the chosen reply: cases {prompt, chosen, rejected}
    Preference,
    /// Where the input guard sends cases {id, text or turns, label}, and with --generate what the product says
    Guard,
}

/// What sorts the cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EvalSubject {
    /// The text classifier
    Classifier,
    /// The chat model, held to the labels
    Llm,
}

/// What to measure on which cases.
#[derive(Debug, Clone, Args)]
pub(crate) struct EvalArgs {
    /// What is told apart
    pub(crate) task: EvalTask,
    /// JSON lines: id, text, label, and source if there is one; for `guard` one file or several
    #[arg(long, num_args = 1.., required = true)]
    pub(crate) cases: Vec<PathBuf>,
    /// File for one line a case: id, label, predicted, scores
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// What sorts the cases
    #[arg(long, value_enum, default_value_t = EvalSubject::Classifier)]
    pub(crate) with: EvalSubject,
    /// For `guard`: let the model answer what it may, and judge what is released
    #[arg(long)]
    pub(crate) generate: bool,
    /// For `guard --generate`: file for a graded report (Markdown) on the dialogues among the cases
    #[arg(long)]
    pub(crate) report: Option<PathBuf>,
    /// For `guard`: fail when a threshold is not kept, and write tests/safety/evidence.json
    #[arg(long)]
    pub(crate) gate: bool,
    /// Chat model for --with llm and --generate, as for `up`
    #[arg(long, default_value = DEFAULT_LLM)]
    pub(crate) llm: String,
    #[command(flatten)]
    pub(crate) adapters: AdapterArgs,
}

/// A chat model and its adapters before and after preference training.
#[derive(Debug, Clone, Args)]
pub(crate) struct AdapterArgs {
    /// The model without an adapter: a name in models/models.toml, a .gguf file, or a model folder
    #[arg(long, default_value = BASE_LLM)]
    pub(crate) base: String,
    /// Adapter of supervised fine-tuning
    #[arg(long, default_value = "models/companion-135m/sft")]
    pub(crate) sft: PathBuf,
    /// Adapter of preference training
    #[arg(long, default_value = "models/companion-135m/dpo")]
    pub(crate) dpo: PathBuf,
}

/// What to compare.
#[derive(Debug, Clone, Args)]
pub(crate) struct CompareArgs {
    #[command(flatten)]
    pub(crate) adapters: AdapterArgs,
    /// JSON lines: id, prompt, category, severity
    #[arg(long, default_value = "data/comparison/prompts.jsonl")]
    pub(crate) prompts: PathBuf,
    /// How freely tokens are drawn; 0 gives the same answers every time
    #[arg(long, default_value_t = 0.0)]
    pub(crate) temperature: f32,
    /// Folder for answers and report.html
    #[arg(long)]
    pub(crate) out: PathBuf,
}

/// Which checks to run.
#[derive(Debug, Clone, Args)]
pub(crate) struct TestArgs {
    /// Only what needs no model and no mistral.rs: format, tidy, lints and tests of the other crates
    #[arg(long)]
    pub(crate) quick: bool,
    /// Leave out the browser journey (no Node and no Chromium needed)
    #[arg(long)]
    pub(crate) no_browser: bool,
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
    fn up_starts_the_embedded_model_on_port_8080_by_default() {
        let cli = Cli::try_parse_from(["xtask", "up"]).unwrap();
        let Command::Up(args) = cli.command else {
            panic!("another command was parsed");
        };
        assert_eq!((args.llm.as_str(), args.port), ("companion-135m", 8080));
    }
}
