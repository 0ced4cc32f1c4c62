//! Every setting of the gateway: a flag, an environment variable, a default that works on a laptop.

use std::{fmt, net::SocketAddr, num::NonZeroU32, path::PathBuf, str::FromStr, time::Duration};

use clap::Parser;
use peer_tls::PeerTlsArgs;
use telemetry::TelemetryArgs;

use crate::serve::TlsArgs;

/// The web server of Digital Detox: pages, HTTP API, safety pipeline and store.
///
/// It needs no other service to start. Without the classifier, rules and questionnaire points alone
/// decide; without the inference service, reviewed words answer; the crisis card always works.
#[derive(Debug, Clone, Parser)]
#[command(version, about, long_about)]
pub struct Config {
    /// Address of the public port.
    #[arg(long, env = "GATEWAY_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Address of the admin port: /livez, /readyz, /metrics. Never expose it.
    #[arg(long, env = "GATEWAY_ADMIN_LISTEN", default_value = "127.0.0.1:9090")]
    pub admin_listen: SocketAddr,
    /// Where sessions are kept: sqlite:///var/lib/digital-detox/detox.db for one gateway,
    /// postgres://user:password@host/name for several. Only sealed records go there.
    #[arg(
        long,
        env = "DATABASE_URL",
        hide_env_values = true,
        default_value = "sqlite://digital-detox.db"
    )]
    pub database_url: DatabaseUrl,
    /// Folder of the reviewed content.
    #[arg(long, env = "CONTENT_DIR", default_value = "content")]
    pub content_dir: PathBuf,
    /// Folder of the built front end; without it only the API and the help page are served.
    #[arg(long, env = "WEB_DIR")]
    pub web_dir: Option<PathBuf>,
    /// Address of the inference service.
    #[arg(long, env = "INFERENCE_URL", default_value = "http://127.0.0.1:50051")]
    pub inference_url: String,
    /// Address of the classifier service.
    #[arg(long, env = "CLASSIFIER_URL", default_value = "http://127.0.0.1:50052")]
    pub classifier_url: String,
    /// Mutual TLS with both services.
    #[command(flatten)]
    pub peer_tls: PeerTlsArgs,
    /// Set on the session cookie what HTTPS allows: `Secure` and the `__Host-` prefix. Turn on
    /// behind a proxy that speaks TLS; with --tls-cert it is on.
    #[arg(long, env = "SECURE_COOKIES")]
    pub secure_cookies: bool,
    /// Name of the request header that a trusted proxy sets to the client's address, for example
    /// x-forwarded-for. Without it, the address of the connection counts for rate limits.
    #[arg(long, env = "CLIENT_ADDRESS_HEADER")]
    pub client_address_header: Option<String>,
    /// Requests a client may send at once before it is slowed down.
    #[arg(long, env = "RATE_LIMIT_BURST", default_value_t = 120)]
    pub rate_limit_burst: u32,
    /// Requests a second that a client may send in the long run.
    #[arg(long, env = "RATE_LIMIT_PER_SECOND", default_value_t = 10)]
    pub rate_limit_per_second: u32,
    /// Seconds that a client may take to send the head of a request, or leave a connection idle.
    #[arg(long, env = "REQUEST_HEAD_SECONDS", default_value_t = 15)]
    pub request_head_seconds: u64,
    /// Tokens, of prompt and answer together, that a session may spend in an hour; a third of them at once.
    #[arg(long, env = "SESSION_TOKENS_PER_HOUR", default_value = "60000")]
    pub session_tokens_per_hour: NonZeroU32,
    /// The same for all sessions of a client together; a school may be behind one address.
    #[arg(long, env = "CLIENT_TOKENS_PER_HOUR", default_value = "600000")]
    pub client_tokens_per_hour: NonZeroU32,
    /// Longest answer of the model in tokens.
    #[arg(long, env = "ANSWER_MAX_TOKENS", default_value_t = 120)]
    pub answer_max_tokens: u32,
    /// Ask the chat model as well for topic and severity of a person's own words. Only for models that
    /// `cargo xtask eval topic --with llm` showed to help.
    #[arg(long, env = "SECOND_OPINION")]
    pub second_opinion: bool,
    /// Seconds an answer may take from the request to its end.
    #[arg(long, env = "GENERATION_TOTAL_SECONDS", default_value_t = 60)]
    pub generation_total_seconds: u64,
    /// Seconds until the first token, waiting for the model included.
    #[arg(long, env = "GENERATION_FIRST_SECONDS", default_value_t = 25)]
    pub generation_first_seconds: u64,
    /// Seconds between two tokens.
    #[arg(long, env = "GENERATION_NEXT_SECONDS", default_value_t = 5)]
    pub generation_next_seconds: u64,
    /// Seconds that open streams have to finish after SIGTERM.
    #[arg(long, env = "DRAIN_SECONDS", default_value_t = 30)]
    pub drain_seconds: u64,
    /// Certificate of the public port.
    #[command(flatten)]
    pub tls: TlsArgs,
    /// Logs and traces.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// The address of a database, which may hold a password.
#[derive(Clone)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The whole address.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for DatabaseUrl {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DatabaseUrl(redacted)")
    }
}

impl Config {
    /// Whether cookies may carry what HTTPS allows.
    #[must_use]
    pub const fn is_https(&self) -> bool {
        self.secure_cookies || self.tls.is_on()
    }

    /// How long the head of a request may take.
    #[must_use]
    pub const fn request_head(&self) -> Duration {
        Duration::from_secs(self.request_head_seconds)
    }

    /// How long open streams may go on after the shutdown signal.
    #[must_use]
    pub const fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }
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
    fn the_password_of_the_database_is_not_shown() {
        let line = ["gateway", "--database-url", "postgres://u:pa55word@h/d"];
        let config = Config::try_parse_from(line).unwrap();
        assert!(!format!("{config:?}").contains("pa55word"));
        assert!(config.database_url.expose().contains("pa55word"));
    }

    #[test]
    fn a_certificate_needs_its_key() {
        assert!(Config::try_parse_from(["gateway", "--tls-cert", "cert.pem"]).is_err());
    }
}
