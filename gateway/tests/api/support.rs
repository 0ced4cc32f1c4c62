//! A gateway on port 0 with its own database, and a client that behaves like the browser.

use std::{collections::BTreeMap, path::PathBuf, sync::OnceLock, time::Duration};

use clap::Parser;
use gateway::{
    app::{self, AppError, Listeners},
    config::Config,
};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use telemetry::{MetricsHandle, TelemetryArgs, TelemetryGuard};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::peers::{self, Model, Script};

/// How long a test waits for something that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Gateway {
    pub(crate) url: String,
    pub(crate) model: Model,
    pub(crate) stop: CancellationToken,
    pub(crate) task: JoinHandle<Result<(), AppError>>,
    pub(crate) database: String,
    _folder: TempDir,
}

pub(crate) fn content_dir() -> PathBuf {
    // Relative to the package, where cargo starts tests; a path from compile time may be another checkout's.
    PathBuf::from("../content")
}

pub(crate) fn metrics() -> MetricsHandle {
    static GUARD: OnceLock<TelemetryGuard> = OnceLock::new();
    #[derive(Parser)]
    struct Args {
        #[command(flatten)]
        telemetry: TelemetryArgs,
    }
    GUARD
        .get_or_init(|| {
            let args = Args::parse_from(["test", "--log-filter", "warn"]);
            telemetry::init("gateway-tests", &args.telemetry).unwrap()
        })
        .metrics()
}

/// Where the peers are.
pub(crate) enum Peers {
    Scripted(Script),
    Down,
}

impl Gateway {
    pub(crate) async fn start(script: Script) -> Self {
        Self::start_with(Peers::Scripted(script), &[]).await
    }

    pub(crate) async fn start_with(peers: Peers, more: &[&str]) -> Self {
        let down = matches!(peers, Peers::Down);
        let script = match peers {
            Peers::Scripted(script) => script,
            Peers::Down => Script::Refuse,
        };
        let model = Model::new(script);
        let peer = if down {
            peers::nobody().await
        } else {
            peers::serve(model.clone()).await
        };
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite://{}", folder.path().join("test.db").display());
        let content = content_dir();
        let mut arguments = vec![
            "gateway",
            "--listen=127.0.0.1:0",
            "--admin-listen=127.0.0.1:0",
            "--content-dir",
            content.to_str().unwrap(),
            "--database-url",
            &database,
            "--inference-url",
            &peer,
            "--classifier-url",
            &peer,
        ];
        arguments.extend(more);
        let config = Config::try_parse_from(arguments).unwrap();
        let listeners = Listeners::bind(&config).await.unwrap();
        let url = format!("http://{}", listeners.public_address().unwrap());
        let stop = CancellationToken::new();
        let task = tokio::spawn(app::run(config, listeners, metrics(), stop.clone()));
        Self {
            url,
            model,
            stop,
            task,
            database,
            _folder: folder,
        }
    }

    pub(crate) fn visitor(&self) -> Visitor {
        Visitor::at(&self.url)
    }

    /// A visitor with an open session in India.
    pub(crate) async fn person(&self) -> Visitor {
        let visitor = self.visitor();
        let answer = visitor.begin(15).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        visitor
    }
}

pub(crate) struct Visitor {
    pub(crate) url: String,
    pub(crate) client: Client,
}

impl Visitor {
    pub(crate) fn at(url: &str) -> Self {
        let client = Client::builder()
            .cookie_store(true)
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Self {
            url: url.to_owned(),
            client,
        }
    }
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}/api/v1{path}", self.url))
            .header("x-requested-with", "digital-detox")
    }

    pub(crate) async fn begin(&self, age: i64) -> Response {
        self.begin_with(age, json!({ "terms": true, "storage": "session" }))
            .await
    }

    pub(crate) async fn begin_with(&self, age: i64, consent: Value) -> Response {
        let body = json!({
            "name": "Asha", "age": age, "country": "IN", "consent": consent,
        });
        self.request(Method::POST, "/sessions")
            .json(&body)
            .send()
            .await
            .unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.request(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "GET {path}");
        answer.json().await.unwrap()
    }

    /// Answers every required question with its last option that does not ask for help at once.
    pub(crate) async fn answer_everything(&self) -> Value {
        let sheet = self.get("/questionnaire").await;
        let mut answers = BTreeMap::new();
        for section in sheet["sections"].as_array().unwrap() {
            for question in section["questions"].as_array().unwrap() {
                let first = question["options"][0]["id"].clone();
                answers.insert(question["id"].as_str().unwrap().to_owned(), vec![first]);
            }
        }
        let body = json!({ "version": sheet["version"], "answers": answers });
        let answer = self
            .request(Method::PUT, "/sessions/me/answers")
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    pub(crate) async fn say(&self, message: &str) -> Response {
        let body = json!({ "message": message });
        self.request(Method::POST, "/chat")
            .json(&body)
            .send()
            .await
            .unwrap()
    }

    pub(crate) async fn chat(&self, message: &str) -> Vec<(String, Value)> {
        events(self.say(message).await).await
    }
}

/// Reads a stream to its end.
pub(crate) async fn events(answer: Response) -> Vec<(String, Value)> {
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let text = tokio::time::timeout(PATIENCE, answer.text())
        .await
        .unwrap()
        .unwrap();
    text.split("\n\n")
        .filter_map(|block| {
            let name = block
                .lines()
                .find_map(|line| line.strip_prefix("event: "))?;
            let data = block.lines().find_map(|line| line.strip_prefix("data: "))?;
            Some((name.to_owned(), serde_json::from_str(data).unwrap()))
        })
        .collect()
}

pub(crate) fn names(events: &[(String, Value)]) -> Vec<&str> {
    events.iter().map(|(name, _)| name.as_str()).collect()
}

pub(crate) fn payload<'a>(events: &'a [(String, Value)], name: &str) -> &'a Value {
    let found = events.iter().find(|(event, _)| event == name);
    &found
        .unwrap_or_else(|| panic!("no {name} in {:?}", names(events)))
        .1
}

pub(crate) fn said(events: &[(String, Value)]) -> String {
    events
        .iter()
        .filter(|(name, _)| name == "delta")
        .map(|(_, data)| data["text"].as_str().unwrap())
        .collect()
}

/// Waits until a condition holds; the clock only ends a test that would hang.
pub(crate) async fn until(mut condition: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.expect("the condition never held");
}
