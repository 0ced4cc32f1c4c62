//! The whole turn with the real model: the same code that answers a person, with a database in memory. What
//! comes out is what a person would have seen.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use gateway::{
    clients::{
        self,
        inference::{GenerationDeadlines, InferenceClient},
    },
    domain::{
        chat::{
            admission::{ClientKey, TokenBudgets},
            events::TurnEvent,
            turn::{TurnLimits, TurnRunner, TurnServices},
        },
        content::Content,
        guardrails::{crisis::CrisisCard, route::Route},
        ports::{Store, TextClassifier},
        session::{NewSession, SessionId, SessionRecord, SessionSecret, StorageWish},
    },
    http::state::now_ms,
    stores::sealed::SealedStore,
};

use tokio::time::Instant;

use crate::{
    cases::Case,
    first_sentence::{FirstSentence, WatchedGenerator},
};

/// Generous: other work may share the machine.
const DEADLINES: GenerationDeadlines = GenerationDeadlines {
    total: Duration::from_secs(120),
    first: Duration::from_secs(60),
    next: Duration::from_secs(30),
};
/// Longest answer, in tokens.
const ANSWER_TOKENS: u32 = 160;

/// What a person saw in answer to one message.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// Where the message went.
    pub route: Option<Route>,
    /// Words that were released.
    pub words: String,
    /// The card, when there was one.
    pub card: Option<CrisisCard>,
    /// When the first words came; none when the model was not asked or nothing of it was released.
    pub first_sentence: Option<FirstSentence>,
}

/// Answers as the product does.
pub struct Companion {
    store: Arc<dyn Store>,
    turns: TurnRunner,
    generator: Arc<WatchedGenerator>,
}

impl Companion {
    /// With a running inference service.
    ///
    /// # Errors
    /// The address is no URL.
    pub async fn connect(
        content: Arc<Content>,
        classifier: Arc<dyn TextClassifier>,
        inference_url: &str,
    ) -> Result<Self> {
        let channel = clients::channel(inference_url).context("--inference must be a URL")?;
        let store: Arc<dyn Store> = Arc::new(SealedStore::open("sqlite::memory:").await?);
        let generator = Arc::new(InferenceClient::new(channel, DEADLINES));
        let generator = Arc::new(WatchedGenerator::new(generator));
        let services = TurnServices {
            content,
            store: store.clone(),
            classifier,
            generator: generator.clone(),
            now_ms,
        };
        let limits = TurnLimits {
            answer_tokens: ANSWER_TOKENS,
            second_opinion: false,
            budgets: TokenBudgets {
                session: NonZeroU32::MAX,
                client: NonZeroU32::MAX,
            },
        };
        Ok(Self {
            store,
            turns: TurnRunner::new(services, limits),
            generator,
        })
    }

    /// Sends the messages of a case and gives back what was said in answer to each.
    ///
    /// # Errors
    /// A turn failed: then nothing was measured.
    pub async fn answer(&self, case: &Case) -> Result<Vec<Said>> {
        let (session, secret) = self
            .new_person(case.country.as_deref().unwrap_or("US"))
            .await?;
        let mut said = Vec::new();
        for turn in &case.turns {
            // The state changes from message to message.
            let current = self.store.open_session(&secret, now_ms()).await?;
            let current = current.context("the session is gone")?;
            said.push(self.say(current, turn.text()).await?);
        }
        self.store.delete_session(session).await?;
        Ok(said)
    }

    async fn new_person(&self, country: &str) -> Result<(SessionId, SessionSecret)> {
        let new = NewSession {
            name: "Sam".to_owned(),
            age: 16,
            country: Some(country.to_owned()),
            locale: None,
            terms: true,
            storage: StorageWish::Session,
        };
        let secret = SessionSecret::generate();
        let session = SessionRecord::open(&new, now_ms())?;
        self.store.create_session(&session, &secret).await?;
        Ok((session.access.id, secret))
    }

    async fn say(&self, session: SessionRecord, message: &str) -> Result<Said> {
        let started = Instant::now();
        let mut events =
            self.turns
                .answer(session, message.to_owned(), ClientKey::of("evaluation"));
        let mut said = Said::default();
        let mut first = None;
        while let Some(event) = events.recv().await {
            match event {
                TurnEvent::Guard { route, .. } => said.route = Some(route),
                TurnEvent::Delta(text) => {
                    first.get_or_insert_with(|| started.elapsed());
                    said.words.push_str(&text);
                }
                TurnEvent::Crisis(card) => said.card = Some(card),
                TurnEvent::Failed(error) => bail!("a turn failed: {error}"),
                _ => {}
            }
        }
        said.first_sentence = self
            .generator
            .take()
            .zip(first)
            .map(|(unguarded, released)| FirstSentence {
                unguarded,
                released,
            });
        Ok(said)
    }
}
