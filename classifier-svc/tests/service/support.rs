//! Starts the service in this process and waits until it is ready.

use std::{
    net::SocketAddr,
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use classifier_svc::{
    app::{self, Listeners, Serving},
    classify::{
        Classification, Classifier, EncoderClassifier, HeadScores, LabelScore, Limits, ModelInfo,
    },
    error::StartError,
};
use encoder::testing;
use peer_tls::ServerTls;
use proto::classifier_v1::{
    ClassifyBatchRequest, ClassifyRequest, classifier_service_client::ClassifierServiceClient,
};
use telemetry::Readiness;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

pub(crate) const LIMITS: Limits = Limits {
    max_batch: 16,
    max_queue: 256,
    batch_window: Duration::from_millis(2),
};
/// Nothing here takes this long; a test that would wait for ever fails instead.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it takes too long")
}

/// A service that runs in a task.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) channel: Channel,
    pub(crate) readiness: Readiness,
    pub(crate) shutdown: CancellationToken,
    pub(crate) task: JoinHandle<Result<(), StartError>>,
}

impl Service {
    pub(crate) async fn start<C: Classifier>(
        load: impl FnOnce() -> Result<C, StartError> + Send + 'static,
        limits: Limits,
    ) -> Self {
        Self::start_with(load, limits, None).await
    }

    /// As [`Self::start`], on a port that may demand certificates; `channel` has none.
    pub(crate) async fn start_with<C: Classifier>(
        load: impl FnOnce() -> Result<C, StartError> + Send + 'static,
        limits: Limits,
        tls: Option<ServerTls>,
    ) -> Self {
        let grpc = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = grpc.local_addr().unwrap();
        let listeners = Listeners { grpc, admin: None };
        let readiness = Readiness::default();
        let serving = Serving {
            limits,
            drain: PATIENCE,
            tls,
            readiness: readiness.clone(),
            metrics: None,
        };
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(app::serve(load, serving, listeners, shutdown.clone()));
        let endpoint = Channel::from_shared(format!("http://{address}")).unwrap();
        Self {
            channel: endpoint.connect_lazy(),
            address,
            readiness,
            shutdown,
            task,
        }
    }

    pub(crate) fn client(&self) -> ClassifierServiceClient<Channel> {
        ClassifierServiceClient::new(self.channel.clone())
    }

    pub(crate) async fn ready(self) -> Self {
        let mut ready = self.readiness.subscribe();
        soon(ready.wait_for(|ready| *ready)).await.unwrap();
        self
    }
}

/// The tiny random model; the folder lives as long as the guard.
pub(crate) async fn tiny() -> (TempDir, Service) {
    let folder = tempfile::tempdir().unwrap();
    testing::write_multi_head(folder.path(), 5).unwrap();
    let path = folder.path().to_owned();
    let load = move || Ok(EncoderClassifier::load(&path, "tiny".to_owned())?);
    let service = Service::start(load, LIMITS).await.ready().await;
    (folder, service)
}

/// Holds a model back and sees what it is given.
#[derive(Clone)]
pub(crate) struct Gate {
    open: Arc<(Mutex<bool>, Condvar)>,
    batches: watch::Sender<Vec<Vec<String>>>,
}

impl Gate {
    fn new(open: bool) -> Self {
        Self {
            open: Arc::new((Mutex::new(open), Condvar::new())),
            batches: watch::Sender::new(Vec::new()),
        }
    }

    pub(crate) fn set_open(&self, open: bool) {
        *self.open.0.lock().unwrap() = open;
        self.open.1.notify_all();
    }

    /// Blocks the calling thread while the gate is closed.
    pub(crate) fn pass(&self) {
        let closed = self.open.0.lock().unwrap();
        let _open = self.open.1.wait_while(closed, |open| !*open).unwrap();
    }

    /// The batches so far, without the one of the warm-up.
    pub(crate) fn batches(&self) -> Vec<Vec<String>> {
        self.batches.borrow()[1..].to_vec()
    }

    /// Resolves when the model has been handed this text.
    pub(crate) async fn saw(&self, text: &str) {
        let mut batches = self.batches.subscribe();
        let given = |batches: &Vec<Vec<String>>| batches.iter().flatten().any(|t| t == text);
        soon(batches.wait_for(given)).await.unwrap();
    }
}

/// The test's end of a gate: opens it when the test ends, however it ends, because a runtime waits
/// for its blocked threads.
pub(crate) struct Held(Gate);

impl Held {
    pub(crate) fn new(open: bool) -> Self {
        Self(Gate::new(open))
    }
}

impl std::ops::Deref for Held {
    type Target = Gate;

    fn deref(&self) -> &Gate {
        &self.0
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.set_open(true);
    }
}

/// A model that tells the length of each text, once the gate is open; "panic" makes it panic.
pub(crate) struct Gated(pub(crate) Gate);

impl Classifier for Gated {
    fn info(&self) -> ModelInfo {
        ModelInfo {
            name: "gated".to_owned(),
            heads: vec![("length".to_owned(), vec!["any".to_owned()])],
            max_tokens: 8,
        }
    }

    fn classify(&self, texts: &[&str]) -> Result<Vec<Classification>, String> {
        let owned = texts.iter().map(|text| (*text).to_owned()).collect();
        self.0.batches.send_modify(|batches| batches.push(owned));
        self.0.pass();
        assert!(!texts.contains(&"panic"), "asked to");
        let result = |text: &&str| Classification {
            heads: vec![HeadScores {
                head: "length".into(),
                scores: vec![LabelScore {
                    label: "any".into(),
                    probability: 1.0,
                }],
            }],
            tokens: text.len(),
            truncated: false,
        };
        Ok(texts.iter().map(result).collect())
    }
}

/// A service with a gated model, ready, its gate as wanted from then on.
pub(crate) async fn gated(limits: Limits, open: bool) -> (Held, Service) {
    let gate = Held::new(true);
    let model = Gated(Gate::clone(&gate));
    let service = Service::start(move || Ok(model), limits)
        .await
        .ready()
        .await;
    gate.set_open(open);
    (gate, service)
}

pub(crate) fn one(text: &str) -> ClassifyRequest {
    ClassifyRequest {
        text: text.to_owned(),
        heads: Vec::new(),
    }
}

pub(crate) fn many(texts: &[&str]) -> ClassifyBatchRequest {
    ClassifyBatchRequest {
        texts: texts.iter().map(|text| (*text).to_owned()).collect(),
        heads: Vec::new(),
    }
}
