//! Carries the responses of one sequence from the engine to the domain, and goes on reading when
//! nobody listens any more: the engine can fail if the receiver of a live sequence is dropped.

use std::{sync::Arc, time::Duration};

use mistralrs::Response;
use tokio::{sync::mpsc, time::timeout};

use super::{lifecycle::Lease, logits::TokenControl};
use crate::generation::{Chunk, EndReason};

/// How long an abandoned sequence is read on while it shows no sign of life.
const GIVE_UP_AFTER: Duration = Duration::from_secs(300);

/// Everything that belongs to one sequence.
pub(super) struct Forward {
    pub(super) incoming: mpsc::Receiver<Response>,
    pub(super) chunks: mpsc::Sender<Chunk>,
    pub(super) control: Arc<TokenControl>,
    /// Held while the sequence lives, so that the engine is not emptied under it.
    pub(super) lease: Lease,
}

/// Runs until the engine is done with the sequence.
pub(super) async fn forward(mut sequence: Forward) {
    let mut over = false;
    loop {
        let response = match timeout(GIVE_UP_AFTER, sequence.incoming.recv()).await {
            Ok(Some(response)) => response,
            Ok(None) => break,
            Err(_) => {
                tracing::error!("the engine left a sequence without an answer");
                break;
            }
        };
        for chunk in chunks_of(response, &sequence.control) {
            over |= !matches!(chunk, Chunk::Text { .. });
            // The channel holds a whole reply, so this fails only when nobody listens.
            let _nobody_listens = sequence.chunks.try_send(chunk);
        }
    }
    if !over {
        let _nobody_listens = sequence.chunks.try_send(silent_end(&sequence));
    }
}

/// The engine closes without a word when the last token left half a character behind, and when it
/// died.
fn silent_end(sequence: &Forward) -> Chunk {
    match sequence.control.end_reason() {
        Some(reason) if sequence.lease.engine_is_alive() => Chunk::Ended {
            reason,
            tokens: sequence.control.sampled(),
        },
        _ => Chunk::Failed,
    }
}

fn chunks_of(response: Response, control: &TokenControl) -> Vec<Chunk> {
    let tokens = control.sampled();
    match response {
        Response::CompletionChunk(chunk) => chunk
            .choices
            .into_iter()
            .flat_map(|choice| {
                let text = Some(Chunk::Text {
                    text: choice.text,
                    tokens,
                });
                let ended = choice.finish_reason.map(|_| Chunk::Ended {
                    reason: control.end_reason().unwrap_or(EndReason::Length),
                    tokens,
                });
                text.into_iter().chain(ended)
            })
            .collect(),
        Response::CompletionDone(_) => vec![Chunk::Ended {
            reason: EndReason::Stop,
            tokens,
        }],
        // The errors of the engine can quote the request: only their kind is written down, except
        // for a failed step, whose text comes from the kernels.
        Response::CompletionModelError(error, _) => {
            tracing::error!(error, "the engine failed at a step");
            vec![Chunk::Failed]
        }
        Response::InternalError(_) => failed("internal error"),
        Response::ValidationError(_) => failed("the request was refused"),
        _ => failed("a response of another kind"),
    }
}

fn failed(kind: &'static str) -> Vec<Chunk> {
    tracing::error!(kind, "the engine failed a sequence");
    vec![Chunk::Failed]
}
