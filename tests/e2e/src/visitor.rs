//! A visitor over HTTP: does what the front end does, and reads event streams as they arrive.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use api_types::{
    AnswersRequest, CSRF_HEADER, CSRF_HEADER_VALUE, Question, Questionnaire, StreamEvent,
};
use futures::StreamExt;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

/// Longest time any call may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// One event with the time since the request.
pub struct Timed {
    /// When it arrived.
    pub after: Duration,
    /// What it said.
    pub event: StreamEvent,
}

/// One browser with its cookies.
pub struct Visitor {
    base_url: String,
    client: Client,
    trace_parent: Option<String>,
}

impl Visitor {
    /// A visitor without a session.
    ///
    /// # Errors
    /// The client cannot be built.
    pub fn new(base_url: &str) -> anyhow::Result<Self> {
        let client = Client::builder()
            .cookie_store(true)
            .timeout(PATIENCE)
            .build()?;
        Ok(Self {
            base_url: base_url.to_owned(),
            client,
            trace_parent: None,
        })
    }

    /// Sends this W3C trace context with every request.
    pub fn follow(&mut self, trace_parent: &str) {
        self.trace_parent = Some(trace_parent.to_owned());
    }

    /// A request to the API.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .client
            .request(method, format!("{}/api/v1{path}", self.base_url))
            .header(CSRF_HEADER, CSRF_HEADER_VALUE);
        match &self.trace_parent {
            Some(parent) => request.header("traceparent", parent),
            None => request,
        }
    }

    /// Opens a session.
    ///
    /// # Errors
    /// It is refused.
    pub async fn begin(&self, name: &str) -> anyhow::Result<()> {
        let body = json!({
            "name": name, "age": 15, "country": "IN",
            "consent": { "terms": true, "storage": "session" },
        });
        let answer = self
            .request(Method::POST, "/sessions")
            .json(&body)
            .send()
            .await?;
        ensure!(
            answer.status() == StatusCode::CREATED,
            "sessions: {}",
            answer.status()
        );
        Ok(())
    }

    /// Answers every question with the option at the index that `choose` gives; gives what was sent.
    ///
    /// # Errors
    /// The questionnaire cannot be read, or the answers are refused.
    pub async fn answer_all(
        &self,
        choose: impl Fn(&Question) -> usize,
    ) -> anyhow::Result<AnswersRequest> {
        let sheet: Questionnaire = self
            .request(Method::GET, "/questionnaire")
            .send()
            .await?
            .json()
            .await?;
        let answers = sheet
            .sections
            .iter()
            .flat_map(|section| &section.questions)
            .filter_map(|question| {
                let option = question.options.get(choose(question))?;
                Some((question.id.clone(), vec![option.id.clone()]))
            })
            .collect();
        let body = AnswersRequest {
            version: sheet.version,
            answers,
        };
        let answer = self
            .request(Method::PUT, "/sessions/me/answers")
            .json(&body)
            .send()
            .await?;
        ensure!(
            answer.status() == StatusCode::OK,
            "answers: {}",
            answer.status()
        );
        Ok(body)
    }

    /// Posts and reads the event stream to its end.
    ///
    /// # Errors
    /// The call is refused, the stream breaks off, or an event cannot be read.
    pub async fn stream(&self, path: &str, body: &Value) -> anyhow::Result<Vec<Timed>> {
        let started = Instant::now();
        let answer = self.request(Method::POST, path).json(body).send().await?;
        ensure!(
            answer.status() == StatusCode::OK,
            "{path}: {}",
            answer.status()
        );
        read_events(answer, started).await
    }
}

async fn read_events(answer: Response, started: Instant) -> anyhow::Result<Vec<Timed>> {
    let mut chunks = answer.bytes_stream();
    let mut buffer = Vec::new();
    let mut events = Vec::new();
    while let Some(chunk) = chunks.next().await {
        buffer.extend_from_slice(&chunk?);
        while let Some(end) = buffer.windows(2).position(|pair| pair == b"\n\n") {
            let block: Vec<u8> = buffer.drain(..end + 2).collect();
            if let Some(event) = parse(std::str::from_utf8(&block)?)? {
                events.push(Timed {
                    after: started.elapsed(),
                    event,
                });
            }
        }
    }
    ensure!(
        events.last().is_some_and(|last| last.event.is_last()),
        "the stream broke off"
    );
    Ok(events)
}

fn parse(block: &str) -> anyhow::Result<Option<StreamEvent>> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
    let Some(event) = field("event: ") else {
        return Ok(None);
    };
    let data: Value = serde_json::from_str(field("data: ").context("an event without data")?)?;
    Ok(Some(serde_json::from_value(
        json!({ "event": event, "data": data }),
    )?))
}

/// Everything that was said.
#[must_use]
pub fn said(events: &[Timed]) -> String {
    events
        .iter()
        .filter_map(|timed| match &timed.event {
            StreamEvent::Delta(delta) => Some(delta.text.as_str()),
            _ => None,
        })
        .collect()
}
