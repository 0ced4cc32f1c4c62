//! The settings of the service: each is a flag and an environment variable, all are checked before
//! anything is bound or loaded.

use std::{net::SocketAddr, num::NonZeroUsize, process::ExitCode, time::Duration};

use clap::{Parser, error::ErrorKind};
use peer_tls::PeerTlsArgs;
use telemetry::TelemetryArgs;

use crate::{
    engine::{LoadOptions, ModelSource, QUIET_LOG_TARGETS},
    generation::Limits,
};

/// Streams tokens of a chat model over gRPC.
#[derive(Debug, Clone, Parser)]
#[command(name = "inference-svc", version)]
pub struct Config {
    /// Address of the gRPC port.
    #[arg(long, env = "INFERENCE_LISTEN", default_value = "127.0.0.1:50051")]
    pub listen: SocketAddr,
    /// Address of the admin port: /livez, /readyz, /metrics.
    #[arg(long, env = "INFERENCE_ADMIN_LISTEN", default_value = "127.0.0.1:9091")]
    pub admin_listen: SocketAddr,
    /// A .gguf file, a folder with config.json, tokenizer.json and safetensors, or a hub id.
    #[arg(long, env = "INFERENCE_MODEL")]
    pub model: String,
    /// Name that answers and metrics show; by default the file, folder or hub id.
    #[arg(long, env = "INFERENCE_MODEL_NAME")]
    pub model_name: Option<String>,
    /// A LoRA adapter (PEFT folder or hub id) for a model that is not GGUF.
    #[arg(long, env = "INFERENCE_ADAPTER")]
    pub adapter: Option<String>,
    /// Quantise while loading, for example Q4K or Q8_0; for a model that is not GGUF.
    #[arg(long, env = "INFERENCE_ISQ")]
    pub isq: Option<String>,
    /// Sequences decoded at the same time.
    #[arg(long, env = "INFERENCE_MAX_RUNNING", default_value = "4")]
    pub max_running: NonZeroUsize,
    /// Requests that may wait for a sequence; any more are refused at once.
    #[arg(long, env = "INFERENCE_MAX_WAITING", default_value_t = 16)]
    pub max_waiting: usize,
    /// Tokens that prompt and reply may take together; at most, and by default, what the model has.
    #[arg(long, env = "INFERENCE_CONTEXT_LENGTH", value_parser = clap::value_parser!(u32).range(16..))]
    pub context_length: Option<u32>,
    /// CPU threads of the kernels; by default what the process may use (affinity, cgroup quota).
    #[arg(long, env = "INFERENCE_THREADS")]
    pub threads: Option<NonZeroUsize>,
    /// Finished sequences whose prompts stay in memory to speed up the next turn; 0 turns it off.
    #[arg(long, env = "INFERENCE_PREFIX_CACHE_SEQUENCES", default_value_t = 16)]
    pub prefix_cache_sequences: usize,
    /// GPU memory of the paged KV cache in MiB; without it the engine takes most of what is free.
    #[arg(long, env = "INFERENCE_PAGED_KV_MIB")]
    pub paged_kv_mib: Option<NonZeroUsize>,
    /// Longest time that one request may take, waiting included, in seconds.
    #[arg(long, env = "INFERENCE_MAX_SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..))]
    pub max_seconds: u64,
    /// Longest silence between two tokens before the engine counts as stuck, in seconds.
    #[arg(long, env = "INFERENCE_STALL_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    pub stall_seconds: u64,
    /// Events that may wait for a slow reader before it is cut off.
    #[arg(long, env = "INFERENCE_READER_BUFFER", default_value = "256")]
    pub reader_buffer: NonZeroUsize,
    /// Time that running replies get to finish after SIGTERM, in seconds.
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

    /// The telemetry settings with the engine's own log lines kept at "warn".
    #[must_use]
    pub fn quiet_telemetry(&self) -> TelemetryArgs {
        let mut args = self.telemetry.clone();
        for target in QUIET_LOG_TARGETS {
            args.log_filter.push(',');
            args.log_filter.push_str(target);
        }
        args
    }

    /// What the engine is asked to load.
    #[must_use]
    pub fn load_options(&self) -> LoadOptions {
        LoadOptions {
            model: ModelSource::from_argument(&self.model),
            model_name: self.model_name.clone(),
            adapter: self.adapter.clone(),
            isq: self.isq.clone(),
            context_length: self.context_length,
            max_running: self.max_running,
            prefix_cache_sequences: self.prefix_cache_sequences,
            paged_kv_mib: self.paged_kv_mib.map(NonZeroUsize::get),
        }
    }

    /// The limits of a request.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            max_running: self.max_running.get(),
            max_waiting: self.max_waiting,
            max_duration: Duration::from_secs(self.max_seconds),
            stall: Duration::from_secs(self.stall_seconds),
            reader_buffer: self.reader_buffer.get(),
        }
    }

    /// How long running replies get to finish.
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
    fn the_engine_stays_quiet_whatever_the_filter_says() {
        let config = Config::parse_from(["x", "--model", "a/b", "--log-filter", "trace"]);
        let filter = config.quiet_telemetry().log_filter;
        assert!(filter.starts_with("trace,"));
        for target in QUIET_LOG_TARGETS {
            assert!(filter.contains(&format!(",{target}")), "{target}");
        }
    }

    #[test]
    fn a_usage_error_is_one_line() {
        let error =
            Config::try_parse_from(["x", "--max-running", "0", "--model", "a"]).unwrap_err();
        let line = one_line(&error.to_string());
        assert!(
            !line.contains('\n') && line.contains("--max-running"),
            "{line}"
        );
    }
}
