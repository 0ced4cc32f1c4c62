//! The calls of `inference.v1.InferenceService`: parse, call, convert.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
};

use futures::{Stream, stream};
use proto::inference_v1::{
    CountTokensRequest, CountTokensResponse, GenerateRequest, GenerateResponse,
    GetModelInfoRequest, GetModelInfoResponse, inference_service_server::InferenceService,
};
use tonic::{Request, Response, Status};

use super::{convert, deadline};
use crate::generation::{Generator, Reply};

/// Set once the model is loaded and warm; until then every call is UNAVAILABLE.
pub type LoadedModel = Arc<OnceLock<Arc<Generator>>>;

/// Answers the calls.
#[derive(Clone)]
pub struct InferenceGrpc {
    model: LoadedModel,
}

impl InferenceGrpc {
    /// Answers with whatever model is put there.
    #[must_use]
    pub fn new(model: LoadedModel) -> Self {
        Self { model }
    }

    fn generator(&self) -> Result<&Arc<Generator>, Status> {
        self.model.get().ok_or_else(convert::loading)
    }
}

type ReplyStream = Pin<Box<dyn Stream<Item = Result<GenerateResponse, Status>> + Send>>;

#[tonic::async_trait]
impl InferenceService for InferenceGrpc {
    type GenerateStream = ReplyStream;

    async fn generate(
        &self,
        request: Request<GenerateRequest>,
    ) -> Result<Response<Self::GenerateStream>, Status> {
        let deadline = deadline::of_call(request.metadata());
        let request = request.into_inner();
        let generator = self.generator()?;
        let messages =
            convert::messages(request.messages).map_err(|error| convert::status(&error))?;
        let sampling = convert::sampling(request.sampling, request.choice)
            .map_err(|error| convert::status(&error))?;
        let reply = generator
            .generate(messages, sampling, deadline)
            .await
            .map_err(|error| convert::status(&error))?;
        let model = generator.model().name.clone();
        Ok(Response::new(into_stream(reply, model)))
    }

    async fn count_tokens(
        &self,
        request: Request<CountTokensRequest>,
    ) -> Result<Response<CountTokensResponse>, Status> {
        let generator = self.generator()?;
        let messages = convert::messages(request.into_inner().messages)
            .map_err(|error| convert::status(&error))?;
        let tokens = generator
            .count_tokens(messages)
            .await
            .map_err(|error| convert::status(&error))?;
        Ok(Response::new(CountTokensResponse {
            tokens,
            context_length: generator.model().context_length,
        }))
    }

    async fn get_model_info(
        &self,
        _request: Request<GetModelInfoRequest>,
    ) -> Result<Response<GetModelInfoResponse>, Status> {
        let generator = self.generator()?;
        let limits = generator.limits();
        Ok(Response::new(convert::model_info(
            generator.model(),
            limits.max_running,
            limits.max_waiting,
        )))
    }
}

/// Owns the reply, so that a caller who leaves drops it.
fn into_stream(reply: Reply, model: String) -> ReplyStream {
    Box::pin(stream::unfold(
        (reply, model),
        |(mut reply, model)| async move {
            let event = reply.events.recv().await?;
            let response = event
                .map(|event| convert::event(event, &model))
                .map_err(|error| convert::status(&error));
            Some((response, (reply, model)))
        },
    ))
}
