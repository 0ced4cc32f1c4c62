//! Domain events as `text/event-stream`. What fails before the first event is answered as a plain
//! problem with its status, so that a client that is turned away sees 429 and not a stream.

use std::{convert::Infallible, time::Duration};

use api_types::StreamEvent;
use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{convert, problem::HttpProblem, request_id};
use crate::domain::chat::events::TurnEvent;

/// Proxies and browsers give up on a silent connection; a comment line keeps it.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Answers with the events of a turn. Dropping the answer closes the channel, which stops the turn.
pub(super) async fn respond(mut events: mpsc::Receiver<TurnEvent>) -> Response {
    let request_id = request_id::current();
    let first = match events.recv().await {
        None => return HttpProblem::internal().into_response(),
        Some(TurnEvent::Failed(error)) => return HttpProblem::from(error).into_response(),
        Some(event) => event,
    };
    let all = stream::iter([first])
        .chain(ReceiverStream::new(events))
        .map(move |event| Ok::<_, Infallible>(encode(&convert::stream_event(event, &request_id))));
    Sse::new(all)
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response()
}

/// `event:` is the name, `data:` the payload without the name around it.
fn encode(event: &StreamEvent) -> Event {
    let name = event.name();
    let data = serde_json::to_value(event)
        .ok()
        .and_then(|mut whole| whole.get_mut("data").map(serde_json::Value::take))
        .unwrap_or_default();
    Event::default().event(name).data(data.to_string())
}
