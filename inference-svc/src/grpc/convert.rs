//! Wire types to domain types and back, and domain errors to canonical codes with `google.rpc`
//! details. The texts hold numbers and field names, never what somebody wrote.

use std::{collections::HashMap, time::Duration};

use proto::inference_v1 as wire;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::generation::{
    EndReason, Event, GenerationError, Message, ModelInfo, Role, SamplingRequest,
};

/// `domain` of the ErrorInfo details.
const DOMAIN: &str = "inference.v1";
/// When a caller that was turned away may try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The messages of a request.
///
/// # Errors
/// A role is not set or unknown.
pub(super) fn messages(messages: Vec<wire::Message>) -> Result<Vec<Message>, GenerationError> {
    messages
        .into_iter()
        .map(|message| {
            let role = match message.role() {
                wire::Role::System => Role::System,
                wire::Role::User => Role::User,
                wire::Role::Assistant => Role::Assistant,
                wire::Role::Unspecified => {
                    return Err(GenerationError::Invalid {
                        field: "messages.role",
                        reason: "must be system, user or assistant",
                    });
                }
            };
            Ok(Message {
                role,
                content: message.content,
            })
        })
        .collect()
}

/// The sampling settings of a request.
///
/// # Errors
/// A choice is set and has no option.
pub(super) fn sampling(
    sampling: Option<wire::Sampling>,
    choice: Option<wire::Choice>,
) -> Result<SamplingRequest, GenerationError> {
    let sampling = sampling.unwrap_or_default();
    let choice = match choice {
        Some(choice) if choice.options.is_empty() => {
            return Err(GenerationError::Invalid {
                field: "choice.options",
                reason: "must hold 2 to 64 texts",
            });
        }
        choice => choice.unwrap_or_default().options,
    };
    Ok(SamplingRequest {
        temperature: sampling.temperature,
        top_p: sampling.top_p,
        top_k: sampling.top_k,
        min_p: sampling.min_p,
        repetition_penalty: sampling.repetition_penalty,
        frequency_penalty: sampling.frequency_penalty,
        max_tokens: sampling.max_tokens,
        stop: sampling.stop,
        seed: sampling.seed,
        choice,
    })
}

/// One event of a reply.
pub(super) fn event(event: Event, model: &str) -> wire::GenerateResponse {
    use wire::generate_response::Event as Wire;
    let event = match event {
        Event::Started {
            queued,
            prompt_tokens,
        } => Wire::Started(wire::Started {
            queued_ms: millis(queued),
            prompt_tokens,
            model: model.to_owned(),
        }),
        Event::Delta(text) => Wire::Delta(wire::Delta { text }),
        Event::Finished {
            reason,
            prompt_tokens,
            completion_tokens,
            time_to_first_token,
            total,
        } => Wire::Finished(wire::Finished {
            reason: match reason {
                EndReason::Stop => wire::FinishReason::Stop,
                EndReason::Length => wire::FinishReason::Length,
            }
            .into(),
            usage: Some(wire::Usage {
                prompt_tokens,
                completion_tokens,
            }),
            time_to_first_token_ms: millis(time_to_first_token),
            total_ms: millis(total),
        }),
    };
    wire::GenerateResponse { event: Some(event) }
}

/// What is loaded, and how much of it is shared out.
pub(super) fn model_info(
    info: &ModelInfo,
    max_running: usize,
    max_waiting: usize,
) -> wire::GetModelInfoResponse {
    wire::GetModelInfoResponse {
        model: info.name.clone(),
        architecture: info.architecture.clone(),
        quantization: info.quantization.clone(),
        context_length: info.context_length,
        max_running: u32::try_from(max_running).unwrap_or(u32::MAX),
        max_waiting: u32::try_from(max_waiting).unwrap_or(u32::MAX),
        device: info.device.to_owned(),
    }
}

/// The one table of codes.
pub(super) fn status(error: &GenerationError) -> Status {
    let (code, reason) = match error {
        GenerationError::Invalid { .. } => (Code::InvalidArgument, "INVALID_FIELD"),
        GenerationError::PromptTooLong { .. } => (Code::InvalidArgument, "PROMPT_TOO_LONG"),
        GenerationError::Busy { .. } => (Code::ResourceExhausted, "NO_PLACE_IN_QUEUE"),
        GenerationError::ReaderBehind(_) => (Code::ResourceExhausted, "READER_BEHIND"),
        GenerationError::DeadlineExceeded => (Code::DeadlineExceeded, "DEADLINE"),
        GenerationError::EngineStalled(_) => (Code::Unavailable, "ENGINE_STALLED"),
        GenerationError::EngineFailed => (Code::Unavailable, "ENGINE_FAILED"),
        GenerationError::Cancelled => (Code::Cancelled, "CANCELLED"),
        GenerationError::ShuttingDown => (Code::Unavailable, "SHUTTING_DOWN"),
    };
    let mut details = ErrorDetails::with_error_info(reason, DOMAIN, numbers(error));
    match error {
        GenerationError::Invalid { field, reason } => {
            details.add_bad_request_violation(*field, *reason);
        }
        GenerationError::PromptTooLong { .. } => {
            details.add_bad_request_violation("messages", error.to_string());
        }
        GenerationError::Busy { .. } => {
            details.set_retry_info(Some(RETRY_AFTER));
        }
        _ => {}
    }
    Status::with_error_details(code, error.to_string(), details)
}

/// The model is not there yet.
pub(super) fn loading() -> Status {
    Status::with_error_details(
        Code::Unavailable,
        "the model is being loaded",
        ErrorDetails::with_retry_info(Some(RETRY_AFTER)),
    )
}

fn numbers(error: &GenerationError) -> HashMap<String, String> {
    let pairs = match error {
        GenerationError::PromptTooLong {
            prompt_tokens,
            context_length,
        } => vec![
            ("prompt_tokens", prompt_tokens.to_string()),
            ("context_length", context_length.to_string()),
        ],
        GenerationError::Busy { running, waiting } => vec![
            ("max_running", running.to_string()),
            ("max_waiting", waiting.to_string()),
        ],
        _ => vec![],
    };
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
