//! gRPC messages and codes into domain values.

use std::{collections::BTreeMap, error::Error, time::Duration};

use proto::{classifier_v1, inference_v1};
use tonic::{Code, Status};

use crate::domain::{
    chat::prompt::{PromptMessage, PromptRole},
    ports::{Classification, GenerationEnd, GenerationEvent, HeadScores, PeerError},
};

pub(super) fn peer_error(status: &Status) -> PeerError {
    // Only what the connection says, such as an expired certificate; never the peer's own words. For whoever looks for
    // the reason: that a peer is away is reported by those who do without it.
    if let Some(cause) = innermost(status) {
        tracing::debug!(%cause, "a peer cannot be called");
    }
    match status.code() {
        Code::ResourceExhausted => PeerError::Overloaded,
        Code::Unavailable => PeerError::Unavailable,
        Code::DeadlineExceeded | Code::Cancelled => PeerError::Timeout,
        Code::InvalidArgument => PeerError::TooLong,
        _ => PeerError::Failed,
    }
}

/// The last in the chain of causes; none when the peer itself answered.
fn innermost(status: &Status) -> Option<&dyn Error> {
    let mut cause = status.source()?;
    while let Some(next) = cause.source() {
        cause = next;
    }
    Some(cause)
}

pub(super) fn prompt_message(message: PromptMessage) -> inference_v1::Message {
    let role = match message.role {
        PromptRole::System => inference_v1::Role::System,
        PromptRole::User => inference_v1::Role::User,
        PromptRole::Assistant => inference_v1::Role::Assistant,
    };
    inference_v1::Message {
        role: role.into(),
        content: message.content,
    }
}

pub(super) fn generation_event(
    response: inference_v1::GenerateResponse,
) -> Result<GenerationEvent, PeerError> {
    use inference_v1::generate_response::Event;
    match response.event {
        Some(Event::Started(started)) => Ok(GenerationEvent::Started {
            queued: Duration::from_millis(started.queued_ms.into()),
            model: started.model,
        }),
        Some(Event::Delta(delta)) => Ok(GenerationEvent::Delta(delta.text)),
        Some(Event::Finished(finished)) => {
            let end = match finished.reason() {
                inference_v1::FinishReason::Length => GenerationEnd::Length,
                _ => GenerationEnd::Stop,
            };
            let usage = finished.usage.unwrap_or_default();
            Ok(GenerationEvent::Finished {
                end,
                prompt_tokens: usage.prompt_tokens,
                completion_tokens: usage.completion_tokens,
            })
        }
        None => Err(PeerError::Failed),
    }
}

pub(super) fn classification(found: classifier_v1::Classification) -> Classification {
    found
        .heads
        .into_iter()
        .map(|head| (head.head.clone(), head_scores(head)))
        .collect()
}

fn head_scores(head: classifier_v1::HeadResult) -> HeadScores {
    let scores: BTreeMap<String, f64> = head
        .scores
        .into_iter()
        .map(|score| (score.label, f64::from(score.probability)))
        .collect();
    HeadScores {
        label: head.label,
        scores,
    }
}
