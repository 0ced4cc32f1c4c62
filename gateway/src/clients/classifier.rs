//! The classifier service as the domain's `TextClassifier`.

use std::time::Duration;

use async_trait::async_trait;
use proto::classifier_v1::{
    ClassifyBatchRequest, GetModelInfoRequest, classifier_service_client::ClassifierServiceClient,
};
use telemetry::propagation::TraceInjector;
use tonic::{Request, transport::Channel};

use super::{TracedChannel, convert};
use crate::domain::ports::{Classification, PeerError, TextClassifier};

/// Classification is on the hot path of every turn and rules alone decide without it, so it gets
/// little time.
const DEADLINE: Duration = Duration::from_millis(1500);

/// Calls the classifier service.
#[derive(Clone)]
pub struct ClassifierClient {
    inner: ClassifierServiceClient<TracedChannel>,
}

impl ClassifierClient {
    /// Uses a channel of [`super::channel`].
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self {
            inner: ClassifierServiceClient::with_interceptor(channel, TraceInjector),
        }
    }
}

#[async_trait]
impl TextClassifier for ClassifierClient {
    async fn classify(&self, texts: Vec<String>) -> Result<Vec<Classification>, PeerError> {
        let expected = texts.len();
        let mut request = Request::new(ClassifyBatchRequest {
            texts,
            heads: Vec::new(),
        });
        request.set_timeout(DEADLINE);
        let answer = tokio::time::timeout(DEADLINE, self.inner.clone().classify_batch(request))
            .await
            .map_err(|_| PeerError::Timeout)?
            .map_err(|status| convert::peer_error(&status))?
            .into_inner();
        if answer.classifications.len() != expected {
            return Err(PeerError::Failed);
        }
        Ok(answer
            .classifications
            .into_iter()
            .map(convert::classification)
            .collect())
    }

    async fn is_ready(&self) -> bool {
        let call = self.inner.clone();
        let answer = tokio::time::timeout(DEADLINE, async move {
            let mut call = call;
            call.get_model_info(GetModelInfoRequest {}).await
        });
        matches!(answer.await, Ok(Ok(_)))
    }
}
