//! Wiring: the only file that knows the concrete store and clients. Starts the gateway, and on the
//! shutdown signal lets open streams finish.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum_server::Handle;
use telemetry::{MetricsHandle, Readiness, admin};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    clients::{
        self,
        classifier::ClassifierClient,
        inference::{GenerationDeadlines, InferenceClient},
    },
    config::Config,
    domain::{
        chat::admission::TokenBudgets,
        chat::turn::{TurnLimits, TurnRunner, TurnServices},
        content::{Content, ContentError},
        ports::{Store, StoreError, TextClassifier, TextGenerator},
    },
    http::{
        client_address::ClientAddress,
        state::{AppState, now_ms},
        web::{self, WebError},
    },
    router::{self, RateLimit, RateLimitError},
    serve::{self, TlsError},
    stores::sealed::SealedStore,
};

/// How often expired sessions are removed.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Why the gateway cannot start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Content is missing or wrong.
    #[error("--content-dir: {0}")]
    Content(#[from] ContentError),
    /// The front end is missing.
    #[error("--web-dir: {0}")]
    Web(#[from] WebError),
    /// The rate limits are zero.
    #[error(transparent)]
    RateLimit(#[from] RateLimitError),
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A peer cannot be called as configured.
    #[error(transparent)]
    Peer(#[from] clients::ChannelError),
    /// The database cannot be opened.
    #[error("--database-url: {0}{source}", source = source_text(.0))]
    Store(#[from] StoreError),
    /// A port cannot be opened.
    #[error("cannot listen on {address}: {cause}; another program may use the port")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// The server failed while running.
    #[error("the server stopped: {0}")]
    Serve(#[from] std::io::Error),
}

impl AppError {
    /// Whether the configuration is to blame, so that a restart will not help.
    #[must_use]
    pub const fn is_configuration(&self) -> bool {
        !matches!(self, Self::Serve(_) | Self::Listen { .. })
    }
}

fn source_text(error: &StoreError) -> String {
    std::error::Error::source(error)
        .map(|cause| format!(" ({cause})"))
        .unwrap_or_default()
}

/// The ports, opened before anything is announced.
pub struct Listeners {
    public: TcpListener,
    admin: TcpListener,
}

impl Listeners {
    /// Opens both ports. Port 0 takes a free one.
    ///
    /// # Errors
    /// A port is in use or not allowed.
    pub async fn bind(config: &Config) -> Result<Self, AppError> {
        Ok(Self {
            public: bind(config.listen).await?,
            admin: bind(config.admin_listen).await?,
        })
    }

    /// Address of the public port.
    ///
    /// # Errors
    /// The operating system does not say.
    pub fn public_address(&self) -> std::io::Result<SocketAddr> {
        self.public.local_addr()
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, AppError> {
    TcpListener::bind(address)
        .await
        .map_err(|cause| AppError::Listen { address, cause })
}

/// Runs the gateway until `shutdown` is cancelled and open streams have ended, or for
/// `--drain-seconds` longer.
///
/// # Errors
/// It cannot start, or the listener fails.
pub async fn run(
    config: Config,
    listeners: Listeners,
    metrics: MetricsHandle,
    shutdown: CancellationToken,
) -> Result<(), AppError> {
    let content = Arc::new(Content::load(&config.content_dir)?);
    let pages = match &config.web_dir {
        Some(folder) => web::router(folder)?,
        None => web::no_front_end(),
    };
    let tls = config.tls.load().await?;
    let store = SealedStore::open(config.database_url.expose()).await?;
    let readiness = Readiness::default();
    let state = build_state(&config, content, Arc::new(store.clone()), readiness.clone())?;
    let turns = state.turns.clone();
    let limit = RateLimit {
        burst: config.rate_limit_burst,
        per_second: config.rate_limit_per_second,
        client: ClientAddress::new(config.client_address_header.clone()),
    };
    let port = router::router(state, pages, limit)?;

    let sweeper = tokio::spawn(sweep(
        store.clone(),
        turns.clone(),
        port.forget_idle_clients,
        shutdown.clone(),
    ));
    let admin_stop = CancellationToken::new();
    let (public, admin) = (listeners.public_address()?, listeners.admin.local_addr()?);
    let admin_server = tokio::spawn(admin::serve(
        listeners.admin,
        readiness.clone(),
        metrics,
        admin_stop.clone(),
    ));
    readiness.set_ready();
    tracing::info!(address = %public, admin = %admin, "gateway listens");

    let handle = Handle::new();
    let served = serve::serve(
        listeners.public,
        port.app,
        tls,
        config.request_head(),
        handle.clone(),
    );
    let drained = async {
        shutdown.cancelled().await;
        readiness.set_not_ready();
        handle.graceful_shutdown(None);
        turns.drain(config.drain()).await;
        // What is still open after the turns are idle connections.
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    let outcome = tokio::select! {
        outcome = served => outcome.map_err(AppError::from),
        () = drained => Ok(()),
    };
    shutdown.cancel();
    turns.drain(config.drain()).await;
    admin_stop.cancel();
    let _ = tokio::join!(sweeper, admin_server);
    store.close().await;
    tracing::info!("gateway stopped");
    outcome
}

fn build_state(
    config: &Config,
    content: Arc<Content>,
    store: Arc<dyn Store>,
    readiness: Readiness,
) -> Result<AppState, AppError> {
    let deadlines = GenerationDeadlines {
        total: Duration::from_secs(config.generation_total_seconds),
        first: Duration::from_secs(config.generation_first_seconds),
        next: Duration::from_secs(config.generation_next_seconds),
    };
    let classifier: Arc<dyn TextClassifier> = Arc::new(ClassifierClient::new(
        clients::secure_channel(&config.classifier_url, &config.peer_tls)?,
    ));
    let generator: Arc<dyn TextGenerator> = Arc::new(InferenceClient::new(
        clients::secure_channel(&config.inference_url, &config.peer_tls)?,
        deadlines,
    ));
    let services = TurnServices {
        content: content.clone(),
        store: store.clone(),
        classifier: classifier.clone(),
        generator: generator.clone(),
        now_ms,
    };
    let limits = TurnLimits {
        answer_tokens: config.answer_max_tokens,
        second_opinion: config.second_opinion,
        budgets: TokenBudgets {
            session: config.session_tokens_per_hour,
            client: config.client_tokens_per_hour,
        },
    };
    Ok(AppState {
        content,
        store,
        classifier,
        generator,
        turns: TurnRunner::new(services, limits),
        readiness,
        client_address: ClientAddress::new(config.client_address_header.clone()),
        secure_cookies: config.is_https(),
    })
}

/// Removes expired sessions at the start and then every hour.
async fn sweep(
    store: SealedStore,
    turns: TurnRunner,
    forget_idle_clients: Box<dyn Fn() + Send + Sync>,
    shutdown: CancellationToken,
) {
    let mut ticks = tokio::time::interval(SWEEP_INTERVAL);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => {}
        }
        turns.forget_idle_budgets();
        forget_idle_clients();
        match store.sweep(now_ms()).await {
            Ok(sessions) => tracing::info!(sessions, "expired sessions removed"),
            Err(error) => tracing::warn!(%error, "expired sessions could not be removed"),
        }
    }
}
