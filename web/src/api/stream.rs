//! Calls that answer with an event stream. In: a request and a [`StreamAbort`] that its owner can
//! pull. Out: events, one after the other, while they arrive. Aborting closes the request, which
//! stops the generation on the server.

use std::{cell::Cell, rc::Rc, time::Duration};

use api_types::{AssessmentRequest, ChatRequest, StreamEvent};
use gloo_net::http::Method;
use js_sys::{Reflect, Uint8Array};
use leptos::prelude::{TimeoutHandle, set_timeout_with_handle};
use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader};

use super::{
    ApiError,
    event_parser::{EventParser, decode},
    http::{Empty, send},
};

/// Longest life of a stream. The gateway ends one sooner; this is for a gateway that hangs.
const DEADLINE: Duration = Duration::from_secs(120);

/// Ends a stream from outside, and knows whether the person did it.
#[derive(Clone, Debug)]
pub(crate) struct StreamAbort {
    controller: AbortController,
    stopped: Rc<Cell<bool>>,
}

impl StreamAbort {
    /// None in a browser without `AbortController`.
    pub(crate) fn new() -> Option<Self> {
        let controller = AbortController::new().ok()?;
        Some(Self {
            controller,
            stopped: Rc::default(),
        })
    }

    /// The person stopped it, or went away.
    pub(crate) fn stop(&self) {
        self.stopped.set(true);
        self.controller.abort();
    }

    fn reason(&self, otherwise: ApiError) -> ApiError {
        if self.stopped.get() {
            ApiError::Stopped
        } else {
            otherwise
        }
    }

    fn deadline(&self) -> Option<TimeoutHandle> {
        let controller = self.controller.clone();
        set_timeout_with_handle(move || controller.abort(), DEADLINE).ok()
    }
}

/// `POST /assessments`.
pub(crate) async fn stream_assessment(
    request: &AssessmentRequest,
    abort: &StreamAbort,
    on_event: impl FnMut(StreamEvent),
) -> Result<(), ApiError> {
    stream("/assessments", request, abort, on_event).await
}

/// `POST /chat`.
pub(crate) async fn stream_answer(
    request: &ChatRequest,
    abort: &StreamAbort,
    on_event: impl FnMut(StreamEvent),
) -> Result<(), ApiError> {
    stream("/chat", request, abort, on_event).await
}

/// `POST /chat/regenerate`.
pub(crate) async fn stream_regenerated(
    abort: &StreamAbort,
    on_event: impl FnMut(StreamEvent),
) -> Result<(), ApiError> {
    stream("/chat/regenerate", &Empty {}, abort, on_event).await
}

async fn stream<B: Serialize>(
    path: &str,
    body: &B,
    abort: &StreamAbort,
    on_event: impl FnMut(StreamEvent),
) -> Result<(), ApiError> {
    let timer = abort.deadline();
    let result = read_events(path, body, abort, on_event).await;
    if let Some(timer) = timer {
        timer.clear();
    }
    result.map_err(|error| abort.reason(error))
}

async fn read_events<B: Serialize>(
    path: &str,
    body: &B,
    abort: &StreamAbort,
    mut on_event: impl FnMut(StreamEvent),
) -> Result<(), ApiError> {
    let response = send(Method::POST, path, Some(body), &abort.controller.signal()).await?;
    let stream = response.body().ok_or(ApiError::Unreadable)?;
    let reader: ReadableStreamDefaultReader = stream
        .get_reader()
        .dyn_into()
        .map_err(|_| ApiError::Unreadable)?;
    let mut parser = EventParser::default();
    while let Some(chunk) = next_chunk(&reader).await? {
        for raw in parser.push(&chunk).map_err(|_| ApiError::Unreadable)? {
            match decode(&raw) {
                None => {}
                Some(Err(_)) => return Err(ApiError::Unreadable),
                Some(Ok(StreamEvent::Error(problem))) => {
                    return Err(ApiError::Problem(Box::new(problem)));
                }
                Some(Ok(event)) => {
                    let last = event.is_last();
                    on_event(event);
                    if last {
                        return Ok(());
                    }
                }
            }
        }
    }
    Err(ApiError::Interrupted)
}

/// None at the end of the body.
async fn next_chunk(reader: &ReadableStreamDefaultReader) -> Result<Option<Vec<u8>>, ApiError> {
    let result = JsFuture::from(reader.read())
        .await
        .map_err(|_| ApiError::Interrupted)?;
    let get = |key| Reflect::get(&result, &JsValue::from_str(key));
    let done = get("done").map_err(|_| ApiError::Unreadable)?;
    if done.is_truthy() {
        return Ok(None);
    }
    let value = get("value").map_err(|_| ApiError::Unreadable)?;
    let bytes: Uint8Array = value.dyn_into().map_err(|_| ApiError::Unreadable)?;
    Ok(Some(bytes.to_vec()))
}
