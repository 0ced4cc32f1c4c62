//! How long a person waits for the first sentence, beside how long they would wait without any guard: one and the
//! same reply is watched where it leaves the model and where it reaches the person.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use futures::StreamExt as _;
use gateway::domain::{
    chat::prompt::PromptMessage,
    guardrails::sentences::sentence_end,
    ports::{Generation, GenerationEvent, PeerError, TextGenerator},
};
use serde::Serialize;
use tokio::time::Instant;

/// The model, with a note of when the first sentence of its last reply was complete.
pub struct WatchedGenerator {
    inner: Arc<dyn TextGenerator>,
    first_sentence: Arc<Mutex<Option<Duration>>>,
}

impl WatchedGenerator {
    /// Watches `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn TextGenerator>) -> Self {
        Self {
            inner,
            first_sentence: Arc::default(),
        }
    }

    /// From the request to the end of the first sentence of the last reply, and forgets it.
    #[must_use]
    pub fn take(&self) -> Option<Duration> {
        let mut noted = self
            .first_sentence
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        noted.take()
    }
}

#[async_trait]
impl TextGenerator for WatchedGenerator {
    async fn generate(
        &self,
        prompt: Vec<PromptMessage>,
        max_tokens: u32,
    ) -> Result<Generation, PeerError> {
        let started = Instant::now();
        let noted = self.first_sentence.clone();
        let mut text = String::new();
        let events = self.inner.generate(prompt, max_tokens).await?;
        Ok(events
            .inspect(move |event| {
                let is_complete = match event {
                    Ok(GenerationEvent::Delta(delta)) => {
                        text.push_str(delta);
                        sentence_end(&text).is_some()
                    }
                    Ok(GenerationEvent::Finished { .. }) => true,
                    _ => false,
                };
                if is_complete {
                    let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
                    noted.get_or_insert_with(|| started.elapsed());
                }
            })
            .boxed())
    }

    async fn choose(
        &self,
        prompt: Vec<PromptMessage>,
        options: Vec<String>,
    ) -> Result<usize, PeerError> {
        self.inner.choose(prompt, options).await
    }

    async fn context_length(&self) -> Option<u32> {
        self.inner.context_length().await
    }

    async fn is_ready(&self) -> bool {
        self.inner.is_ready().await
    }
}

/// The two times of one reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstSentence {
    /// From the request to the model to the end of its first sentence.
    pub unguarded: Duration,
    /// From the message to the first words that the person sees.
    pub released: Duration,
}

/// Figures over replies.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FirstSentenceFigures {
    /// Replies of the model of which something was released.
    pub n: usize,
    /// Median time without a guard, in milliseconds.
    pub ms_unguarded_p50: f64,
    /// Median time to the first released words, in milliseconds.
    pub ms_released_p50: f64,
    /// Median of released / unguarded.
    pub ratio_p50: f64,
    /// The ratio that one reply of ten exceeds: those whose first sentence was held back are among them.
    pub ratio_p90: f64,
}

impl FirstSentenceFigures {
    /// None without a reply.
    #[must_use]
    pub fn new(replies: &[FirstSentence]) -> Option<Self> {
        let of = |value: &dyn Fn(&FirstSentence) -> f64, percent: usize| {
            let mut values: Vec<f64> = replies.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            let place = (values.len() * percent).div_ceil(100).saturating_sub(1);
            values.get(place).copied()
        };
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let ratio = |reply: &FirstSentence| {
            reply.released.as_secs_f64() / reply.unguarded.as_secs_f64().max(1e-9)
        };
        Some(Self {
            n: replies.len(),
            ms_unguarded_p50: of(&|reply| ms(reply.unguarded), 50)?,
            ms_released_p50: of(&|reply| ms(reply.released), 50)?,
            ratio_p50: of(&ratio, 50)?,
            ratio_p90: of(&ratio, 90)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_taken_reply_by_reply() {
        let reply = |unguarded, released| FirstSentence {
            unguarded: Duration::from_millis(unguarded),
            released: Duration::from_millis(released),
        };
        let figures =
            FirstSentenceFigures::new(&[reply(100, 110), reply(200, 600), reply(50, 60)]).unwrap();
        assert_eq!(figures.n, 3);
        assert!((figures.ms_unguarded_p50 - 100.0).abs() < 1e-9);
        assert!((figures.ratio_p50 - 1.2).abs() < 1e-9);
        assert!((figures.ratio_p90 - 3.0).abs() < 1e-9);
        assert_eq!(FirstSentenceFigures::new(&[]), None);
    }
}
