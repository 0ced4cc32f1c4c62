//! The chat model as it is served: a client of inference-svc. In: a system prompt and what somebody wrote. Out:
//! the whole reply, or one of several given texts. Used where a model is measured, so that what is measured is
//! what people get.

pub mod answer;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use proto::inference_v1::{
    Choice, GenerateRequest, Message, Role, Sampling, generate_response::Event,
    inference_service_client::InferenceServiceClient,
};
use tokio::runtime::{Builder, Runtime};
use tonic::{
    Request,
    transport::{Channel, Endpoint},
};

/// Longest time of one reply.
const DEADLINE: Duration = Duration::from_secs(300);
/// Longest time for the connection.
const CONNECT: Duration = Duration::from_secs(10);

/// A connection to inference-svc.
pub struct ChatService {
    runtime: Runtime,
    client: InferenceServiceClient<Channel>,
}

/// A whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedReply {
    /// The words.
    pub text: String,
    /// Tokens sampled.
    pub tokens: u32,
    /// From the request to its end.
    pub took: Duration,
}

impl ChatService {
    /// Connects.
    ///
    /// # Errors
    /// Nobody answers at `endpoint`.
    pub fn connect(endpoint: &str) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let channel = runtime
            .block_on(async {
                let endpoint = Endpoint::from_shared(endpoint.to_owned())?;
                endpoint.connect_timeout(CONNECT).connect().await
            })
            .with_context(|| format!("cannot reach an inference service at {endpoint}"))?;
        Ok(Self {
            runtime,
            client: InferenceServiceClient::new(channel),
        })
    }

    /// The whole reply to one message.
    ///
    /// # Errors
    /// The service refuses or breaks off.
    pub fn reply(&self, system: &str, message: &str, sampling: Sampling) -> Result<ServedReply> {
        self.ask(request(system, message, sampling))
    }

    /// The text of `options` that the model finds most fitting.
    ///
    /// # Errors
    /// As [`Self::reply`], or the reply is none of the texts.
    pub fn choose(
        &self,
        system: &str,
        message: &str,
        options: &[String],
    ) -> Result<(usize, Duration)> {
        let greedy = Sampling {
            temperature: Some(0.0),
            ..Sampling::default()
        };
        let mut request = request(system, message, greedy);
        request.choice = Some(Choice {
            options: options.to_vec(),
        });
        let reply = self.ask(request)?;
        let chosen = options
            .iter()
            .position(|option| *option == reply.text.trim());
        Ok((
            chosen.context("the reply is none of the choices")?,
            reply.took,
        ))
    }

    fn ask(&self, request: GenerateRequest) -> Result<ServedReply> {
        let started = Instant::now();
        let mut request = Request::new(request);
        request.set_timeout(DEADLINE);
        let (text, tokens) = self.runtime.block_on(async {
            let mut events = self.client.clone().generate(request).await?.into_inner();
            let (mut text, mut tokens) = (String::new(), None);
            while let Some(response) = events.message().await? {
                match response.event {
                    Some(Event::Delta(delta)) => text.push_str(&delta.text),
                    Some(Event::Finished(finished)) => {
                        tokens = finished.usage.map(|usage| usage.completion_tokens);
                    }
                    Some(Event::Started(_)) | None => {}
                }
            }
            anyhow::Ok((text, tokens))
        })?;
        ensure!(tokens.is_some(), "the reply broke off");
        Ok(ServedReply {
            text,
            tokens: tokens.unwrap_or_default(),
            took: started.elapsed(),
        })
    }
}

fn request(system: &str, message: &str, sampling: Sampling) -> GenerateRequest {
    let said = |role: Role, content: &str| Message {
        role: role.into(),
        content: content.to_owned(),
    };
    GenerateRequest {
        messages: vec![said(Role::System, system), said(Role::User, message)],
        sampling: Some(sampling),
        choice: None,
    }
}
