//! Scripted peers: real tonic servers on port 0 that answer as a test tells them to.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures::{Stream, StreamExt, stream};
use proto::{
    classifier_v1::{
        self, Classification, ClassifyBatchRequest, ClassifyBatchResponse, ClassifyRequest,
        ClassifyResponse, HeadResult, LabelScore,
        classifier_service_server::{ClassifierService, ClassifierServiceServer},
    },
    inference_v1::{
        self, CountTokensRequest, CountTokensResponse, Delta, Finished, GenerateRequest,
        GenerateResponse, Started, Usage,
        generate_response::Event,
        inference_service_server::{InferenceService, InferenceServiceServer},
    },
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

/// What the scripted model does.
#[derive(Clone)]
pub(crate) enum Script {
    /// Sends these deltas and finishes.
    Say(Vec<&'static str>),
    /// Sends this and then nothing more.
    SayThenHang(&'static str),
    /// Refuses for lack of room.
    Refuse,
}

/// The scripted model: what it was asked, and how many of its streams are open.
#[derive(Clone)]
pub(crate) struct Model {
    pub(crate) script: Arc<Mutex<Script>>,
    pub(crate) requests: Arc<Mutex<Vec<GenerateRequest>>>,
    pub(crate) open: Arc<AtomicUsize>,
}

impl Model {
    pub(crate) fn new(script: Script) -> Self {
        Self {
            script: Arc::new(Mutex::new(script)),
            requests: Arc::default(),
            open: Arc::default(),
        }
    }
}

struct OpenStream(Arc<AtomicUsize>);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn event(event: Event) -> Result<GenerateResponse, Status> {
    Ok(GenerateResponse { event: Some(event) })
}

fn opening() -> Result<GenerateResponse, Status> {
    event(Event::Started(Started {
        queued_ms: 1,
        prompt_tokens: 9,
        model: "scripted".to_owned(),
    }))
}

fn delta(text: &str) -> Result<GenerateResponse, Status> {
    event(Event::Delta(Delta {
        text: text.to_owned(),
    }))
}

fn finish() -> Result<GenerateResponse, Status> {
    event(Event::Finished(Finished {
        reason: inference_v1::FinishReason::Stop.into(),
        usage: Some(Usage {
            prompt_tokens: 9,
            completion_tokens: 4,
        }),
        time_to_first_token_ms: 1,
        total_ms: 2,
    }))
}

#[tonic::async_trait]
impl InferenceService for Model {
    type GenerateStream = Pin<Box<dyn Stream<Item = Result<GenerateResponse, Status>> + Send>>;

    async fn generate(
        &self,
        request: Request<GenerateRequest>,
    ) -> Result<Response<Self::GenerateStream>, Status> {
        let request = request.into_inner();
        let choice = request.choice.clone();
        self.requests.lock().unwrap().push(request);
        self.open.fetch_add(1, Ordering::SeqCst);
        let guard = OpenStream(self.open.clone());
        let script = self.script.lock().unwrap().clone();
        let events: Self::GenerateStream = match script {
            Script::Refuse => return Err(Status::resource_exhausted("full")),
            Script::Say(words) => {
                let mut events = vec![opening()];
                match choice.and_then(|choice| choice.options.last().cloned()) {
                    Some(last) => events.push(delta(&last)),
                    None => events.extend(words.into_iter().map(delta)),
                }
                events.push(finish());
                stream::iter(events).boxed()
            }
            Script::SayThenHang(words) => stream::iter([opening(), delta(words)])
                .chain(stream::pending())
                .boxed(),
        };
        let owned = events.map(move |event| {
            let _open = &guard;
            event
        });
        Ok(Response::new(owned.boxed()))
    }

    async fn count_tokens(
        &self,
        _: Request<CountTokensRequest>,
    ) -> Result<Response<CountTokensResponse>, Status> {
        Ok(Response::new(CountTokensResponse {
            tokens: 1,
            context_length: 2048,
        }))
    }

    async fn get_model_info(
        &self,
        _: Request<inference_v1::GetModelInfoRequest>,
    ) -> Result<Response<inference_v1::GetModelInfoResponse>, Status> {
        Ok(Response::new(inference_v1::GetModelInfoResponse {
            model: "scripted".to_owned(),
            context_length: 2048,
            ..Default::default()
        }))
    }
}

/// A classifier that sees nothing alarming and tends to one theme.
#[derive(Clone)]
pub(crate) struct Labels;

fn head(name: &str, scores: &[(&str, f32)]) -> HeadResult {
    HeadResult {
        head: name.to_owned(),
        label: scores[0].0.to_owned(),
        scores: scores
            .iter()
            .map(|(label, probability)| LabelScore {
                label: (*label).to_owned(),
                probability: *probability,
            })
            .collect(),
    }
}

fn calm() -> Classification {
    Classification {
        heads: vec![
            head(
                "topic",
                &[
                    ("cyberbullying", 0.7),
                    ("social_media_addiction", 0.1),
                    ("social_isolation", 0.1),
                    ("other", 0.1),
                ],
            ),
            head(
                "severity",
                &[("moderate", 0.6), ("mild", 0.3), ("severe", 0.1)],
            ),
            head(
                "risk",
                &[("none", 0.9), ("distress", 0.08), ("crisis", 0.02)],
            ),
            head(
                "intent",
                &[
                    ("benign", 0.97),
                    ("harmful_request", 0.02),
                    ("manipulation", 0.01),
                ],
            ),
            head(
                "mood",
                &[("negative", 0.8), ("mixed", 0.1), ("positive", 0.1)],
            ),
        ],
        tokens: 8,
        truncated: false,
    }
}

#[tonic::async_trait]
impl ClassifierService for Labels {
    async fn classify(
        &self,
        _: Request<ClassifyRequest>,
    ) -> Result<Response<ClassifyResponse>, Status> {
        Ok(Response::new(ClassifyResponse {
            classification: Some(calm()),
        }))
    }

    async fn classify_batch(
        &self,
        request: Request<ClassifyBatchRequest>,
    ) -> Result<Response<ClassifyBatchResponse>, Status> {
        let classifications = request.into_inner().texts.iter().map(|_| calm()).collect();
        Ok(Response::new(ClassifyBatchResponse { classifications }))
    }

    async fn get_model_info(
        &self,
        _: Request<classifier_v1::GetModelInfoRequest>,
    ) -> Result<Response<classifier_v1::GetModelInfoResponse>, Status> {
        Ok(Response::new(classifier_v1::GetModelInfoResponse::default()))
    }
}

/// Serves both peers on one port; gives their address.
pub(crate) async fn serve(model: Model) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(
        Server::builder()
            .add_service(InferenceServiceServer::new(model))
            .add_service(ClassifierServiceServer::new(Labels))
            .serve_with_incoming(TcpListenerStream::new(listener)),
    );
    format!("http://{address}")
}

/// An address where nobody listens.
pub(crate) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
