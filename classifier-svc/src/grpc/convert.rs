//! Domain types to wire types, and the one table from domain errors to gRPC codes.

use proto::classifier_v1 as wire;
use tonic::{Code, Status};

use crate::classify::{Classification, ClassifierHandle, ClassifyError, HeadScores};

pub(super) fn status(error: &ClassifyError) -> Status {
    let code = match error {
        ClassifyError::NoTexts
        | ClassifyError::EmptyText { .. }
        | ClassifyError::TextTooLong { .. }
        | ClassifyError::TooManyTexts { .. }
        | ClassifyError::UnknownHead { .. } => Code::InvalidArgument,
        ClassifyError::QueueFull => Code::ResourceExhausted,
        ClassifyError::DeadlineExceeded => Code::DeadlineExceeded,
        ClassifyError::ShuttingDown => Code::Unavailable,
        ClassifyError::Failed => Code::Internal,
    };
    Status::new(code, error.to_string())
}

/// A count that came from a length; the wire has 32 bits.
fn count(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

pub(super) fn classification(result: &Classification) -> wire::Classification {
    wire::Classification {
        heads: result.heads.iter().map(head).collect(),
        tokens: count(result.tokens),
        truncated: result.truncated,
    }
}

fn head(result: &HeadScores) -> wire::HeadResult {
    let scores = result.scores.iter();
    wire::HeadResult {
        head: result.head.to_string(),
        label: result
            .best()
            .map(|score| score.label.to_string())
            .unwrap_or_default(),
        scores: scores
            .map(|score| wire::LabelScore {
                label: score.label.to_string(),
                probability: score.probability,
            })
            .collect(),
    }
}

pub(super) fn model_info(classifier: &ClassifierHandle) -> wire::GetModelInfoResponse {
    let info = classifier.info();
    let heads = info.heads.iter();
    wire::GetModelInfoResponse {
        model: info.name.clone(),
        heads: heads
            .map(|(head, labels)| wire::HeadInfo {
                head: head.clone(),
                labels: labels.clone(),
            })
            .collect(),
        max_tokens: count(info.max_tokens),
        max_batch_texts: count(classifier.max_batch_texts()),
    }
}
