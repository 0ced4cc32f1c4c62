//! The calls of `classifier.v1.ClassifierService`.

use std::{
    sync::{Arc, OnceLock},
    time::Instant,
};

use proto::classifier_v1::{
    ClassifyBatchRequest, ClassifyBatchResponse, ClassifyRequest, ClassifyResponse,
    GetModelInfoRequest, GetModelInfoResponse, classifier_service_server::ClassifierService,
};
use tonic::{Request, Response, Status};

use super::{convert, deadline};
use crate::classify::{Classification, ClassifierHandle};

/// Empty until the model has classified its first text.
pub type LoadedClassifier = Arc<OnceLock<Arc<ClassifierHandle>>>;

/// Answers the calls.
pub struct ClassifierGrpc {
    classifier: LoadedClassifier,
}

impl ClassifierGrpc {
    /// Calls get UNAVAILABLE until `classifier` is set.
    #[must_use]
    pub fn new(classifier: LoadedClassifier) -> Self {
        Self { classifier }
    }

    fn loaded(&self) -> Result<&ClassifierHandle, Status> {
        self.classifier
            .get()
            .map(Arc::as_ref)
            .ok_or_else(|| Status::unavailable("the model is loading"))
    }

    async fn run(
        &self,
        texts: Vec<String>,
        heads: &[String],
        deadline: Option<Instant>,
    ) -> Result<Vec<Classification>, Status> {
        let started = Instant::now();
        let result = self.loaded()?.classify(texts, heads, deadline).await;
        let outcome = if result.is_ok() { "ok" } else { "error" };
        metrics::histogram!("classifier_request_duration_seconds", "result" => outcome)
            .record(started.elapsed());
        result.map_err(|error| convert::status(&error))
    }
}

#[tonic::async_trait]
impl ClassifierService for ClassifierGrpc {
    async fn classify(
        &self,
        request: Request<ClassifyRequest>,
    ) -> Result<Response<ClassifyResponse>, Status> {
        let deadline = deadline::of_call(request.metadata());
        let request = request.into_inner();
        let results = self
            .run(vec![request.text], &request.heads, deadline)
            .await?;
        Ok(Response::new(ClassifyResponse {
            classification: results.first().map(convert::classification),
        }))
    }

    async fn classify_batch(
        &self,
        request: Request<ClassifyBatchRequest>,
    ) -> Result<Response<ClassifyBatchResponse>, Status> {
        let deadline = deadline::of_call(request.metadata());
        let request = request.into_inner();
        let results = self.run(request.texts, &request.heads, deadline).await?;
        Ok(Response::new(ClassifyBatchResponse {
            classifications: results.iter().map(convert::classification).collect(),
        }))
    }

    async fn get_model_info(
        &self,
        _request: Request<GetModelInfoRequest>,
    ) -> Result<Response<GetModelInfoResponse>, Status> {
        Ok(Response::new(convert::model_info(self.loaded()?)))
    }
}
