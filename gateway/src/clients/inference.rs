//! The inference service as the domain's `TextGenerator`. Dropping the stream resets the HTTP/2
//! stream, which the service takes as "stop".

use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use proto::inference_v1::{
    Choice, GenerateRequest, GetModelInfoRequest, Sampling, generate_response::Event,
    inference_service_client::InferenceServiceClient,
};
use telemetry::propagation::TraceInjector;
use tokio::sync::OnceCell;
use tonic::{Request, transport::Channel};

use super::{TracedChannel, convert};
use crate::domain::{
    chat::prompt::PromptMessage,
    ports::{Generation, PeerError, TextGenerator},
};

/// For calls that only ask what is loaded.
const INFO_DEADLINE: Duration = Duration::from_millis(1500);

/// Careful rather than inventive: a small model rambles when it is hot.
const TEMPERATURE: f32 = 0.4;

/// How long a generation may take.
#[derive(Debug, Clone, Copy)]
pub struct GenerationDeadlines {
    /// From the call to its end.
    pub total: Duration,
    /// From the call to the first event, waiting for a sequence included.
    pub first: Duration,
    /// Between two events.
    pub next: Duration,
}

/// Calls the inference service.
#[derive(Clone)]
pub struct InferenceClient {
    inner: InferenceServiceClient<TracedChannel>,
    deadlines: GenerationDeadlines,
    context_length: std::sync::Arc<OnceCell<u32>>,
}

impl InferenceClient {
    /// Uses a channel of [`super::channel`].
    #[must_use]
    pub fn new(channel: Channel, deadlines: GenerationDeadlines) -> Self {
        Self {
            inner: InferenceServiceClient::with_interceptor(channel, TraceInjector),
            deadlines,
            context_length: std::sync::Arc::default(),
        }
    }

    async fn ask_context_length(&self) -> Result<u32, PeerError> {
        let mut client = self.inner.clone();
        let call = client.get_model_info(GetModelInfoRequest {});
        let info = tokio::time::timeout(INFO_DEADLINE, call)
            .await
            .map_err(|_| PeerError::Timeout)?
            .map_err(|status| convert::peer_error(&status))?;
        Ok(info.into_inner().context_length)
    }
}

#[async_trait]
impl TextGenerator for InferenceClient {
    async fn choose(
        &self,
        prompt: Vec<PromptMessage>,
        options: Vec<String>,
    ) -> Result<usize, PeerError> {
        let mut request = Request::new(GenerateRequest {
            messages: prompt.into_iter().map(convert::prompt_message).collect(),
            sampling: Some(Sampling {
                temperature: Some(0.0),
                ..Sampling::default()
            }),
            choice: Some(Choice {
                options: options.clone(),
            }),
        });
        request.set_timeout(self.deadlines.first);
        let mut client = self.inner.clone();
        let call = async {
            let mut responses = client.generate(request).await?.into_inner();
            let mut text = String::new();
            while let Some(response) = responses.message().await? {
                if let Some(Event::Delta(delta)) = response.event {
                    text.push_str(&delta.text);
                }
            }
            Ok::<_, tonic::Status>(text)
        };
        let text = tokio::time::timeout(self.deadlines.first, call)
            .await
            .map_err(|_| PeerError::Timeout)?
            .map_err(|status| convert::peer_error(&status))?;
        let chosen = options.iter().position(|option| *option == text.trim());
        chosen.ok_or(PeerError::Failed)
    }

    async fn generate(
        &self,
        prompt: Vec<PromptMessage>,
        max_tokens: u32,
    ) -> Result<Generation, PeerError> {
        let GenerationDeadlines { total, first, next } = self.deadlines;
        let mut request = Request::new(GenerateRequest {
            messages: prompt.into_iter().map(convert::prompt_message).collect(),
            sampling: Some(Sampling {
                temperature: Some(TEMPERATURE),
                max_tokens: Some(max_tokens),
                ..Sampling::default()
            }),
            choice: None,
        });
        request.set_timeout(total);
        let started = tokio::time::Instant::now();
        let mut responses = tokio::time::timeout(first, self.inner.clone().generate(request))
            .await
            .map_err(|_| PeerError::Timeout)?
            .map_err(|status| convert::peer_error(&status))?
            .into_inner();
        // The services answer the headers before a sequence is free, so what they refuse shows in
        // the first event: wait for it here, where the caller can still be told properly.
        let opening = tokio::time::timeout_at(started + first, responses.message())
            .await
            .map_err(|_| PeerError::Timeout)?
            .map_err(|status| convert::peer_error(&status))?
            .ok_or(PeerError::Failed)?;
        let opening = convert::generation_event(opening)?;
        let rest = async_stream::stream! {
            yield Ok(opening);
            let mut allowed = first;
            loop {
                let until = (started + total).min(tokio::time::Instant::now() + allowed);
                match tokio::time::timeout_at(until, responses.message()).await {
                    Err(_) => { yield Err(PeerError::Timeout); break }
                    Ok(Err(status)) => { yield Err(convert::peer_error(&status)); break }
                    Ok(Ok(None)) => break,
                    Ok(Ok(Some(response))) => yield convert::generation_event(response),
                }
                allowed = next;
            }
        };
        Ok(rest.boxed())
    }

    async fn context_length(&self) -> Option<u32> {
        self.context_length
            .get_or_try_init(|| self.ask_context_length())
            .await
            .ok()
            .copied()
    }

    async fn is_ready(&self) -> bool {
        self.ask_context_length().await.is_ok()
    }
}
