//! The settings of the service: each is a flag and an environment variable, all are checked before
//! anything is bound or loaded.

use std::{
    net::SocketAddr,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, error::ErrorKind};
use peer_tls::PeerTlsArgs;
use telemetry::TelemetryArgs;

use crate::{classify::Limits, error::StartError};

/// Classifies short texts on the CPU over gRPC.
#[derive(Debug, Clone, Parser)]
#[command(name = "classifier-svc", version)]
pub struct Config {
    /// Address of the gRPC port.
    #[arg(long, env = "CLASSIFIER_LISTEN", default_value = "127.0.0.1:50052")]
    pub listen: SocketAddr,
    /// Address of the admin port: /livez, /readyz, /metrics.
    #[arg(
        long,
        env = "CLASSIFIER_ADMIN_LISTEN",
        default_value = "127.0.0.1:9092"
    )]
    pub admin_listen: SocketAddr,
    /// Model folder: config.json, tokenizer.json, model.safetensors, heads.safetensors; or a
    /// Hugging Face DistilBertForSequenceClassification folder.
    #[arg(long, env = "CLASSIFIER_MODEL")]
    pub model: PathBuf,
    /// Texts that are computed together at most.
    #[arg(long, env = "CLASSIFIER_MAX_BATCH", default_value = "16")]
    pub max_batch: NonZeroUsize,
    /// Texts that may wait; any more are refused at once.
    #[arg(long, env = "CLASSIFIER_MAX_QUEUE", default_value = "256")]
    pub max_queue: NonZeroUsize,
    /// Time that the first text of a batch waits for others, in milliseconds; 0 takes those that are there. While a
    /// batch is computed the next one gathers by itself.
    #[arg(long, env = "CLASSIFIER_BATCH_WINDOW_MS", default_value_t = 0)]
    pub batch_window_ms: u64,
    /// CPU threads of the kernels; by default what the process may use.
    #[arg(long, env = "CLASSIFIER_THREADS")]
    pub threads: Option<NonZeroUsize>,
    /// Time that waiting and running texts get to finish after SIGTERM, in seconds.
    #[arg(long, env = "DRAIN_SECONDS", default_value_t = 30)]
    pub drain_seconds: u64,
    /// Mutual TLS with the gateway.
    #[command(flatten)]
    pub peer_tls: PeerTlsArgs,
    /// Logs and traces.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

impl Config {
    /// Parses the command line and the environment.
    ///
    /// # Errors
    /// The exit code: 0 after help or version, 64 after one line about what cannot be used.
    pub fn from_command_line() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match error.print() {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            },
            _ => telemetry::exit::usage_error(one_line(&error.to_string())),
        })
    }

    /// Whether `--model` could be a model folder at all.
    ///
    /// # Errors
    /// [`StartError::NoModel`].
    pub fn check_model(&self) -> Result<(), StartError> {
        if self.model.join("config.json").is_file() {
            Ok(())
        } else {
            Err(StartError::NoModel(self.model.clone()))
        }
    }

    /// The name that answers show: the folder's.
    #[must_use]
    pub fn model_name(&self) -> String {
        // A folder such as "." has its name only in its full path.
        let full = std::fs::canonicalize(&self.model);
        let path: &Path = full.as_deref().unwrap_or(&self.model);
        path.file_name().map_or_else(
            || path.display().to_string(),
            |name| name.to_string_lossy().into_owned(),
        )
    }

    /// The limits of the queue.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            max_batch: self.max_batch.get(),
            max_queue: self.max_queue.get(),
            batch_window: Duration::from_millis(self.batch_window_ms),
        }
    }

    /// How long waiting and running texts get to finish.
    #[must_use]
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }
}

/// The first paragraph of clap's message on one line, without its own "error: ".
fn one_line(message: &str) -> String {
    let paragraph = message.split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = paragraph.split_whitespace().collect();
    words.join(" ").trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Config::command().debug_assert();
    }

    #[test]
    fn a_usage_error_is_one_line() {
        let line = ["x", "--model", "a", "--max-batch", "0"];
        let error = Config::try_parse_from(line).unwrap_err();
        let line = one_line(&error.to_string());
        assert!(
            !line.contains('\n') && line.contains("--max-batch"),
            "{line}"
        );
    }

    #[test]
    fn a_missing_folder_is_a_usage_error_that_names_it() {
        let config = Config::parse_from(["x", "--model", "/nowhere/model"]);
        let error = config.check_model().unwrap_err();
        assert!(error.is_usage());
        assert!(error.to_string().contains("/nowhere/model"));
    }
}
