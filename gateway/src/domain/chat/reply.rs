//! The model's part of a turn: opens the stream, lets whole sentences through the output guard,
//! and stores what was said. When the model cannot answer, reviewed words do.

use std::time::Duration;

use futures::StreamExt;
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    events::{TurnEnd, TurnError, TurnEvent},
    prompt::PromptMessage,
    sink::Left,
    turn::Turn,
};
use crate::domain::{
    guardrails::{
        crisis::{CardChoice, CrisisCard},
        decide::Route,
        output::{GateStep, SentenceGate},
        replies,
    },
    ports::{Generation, GenerationEnd, GenerationEvent, PeerError},
    session::{Author, Completeness, NewMessage, SessionChange},
};

/// How the model is framed for this answer.
pub(crate) struct ReplyFrame {
    pub(crate) turn_id: Uuid,
    pub(crate) route: Route,
    pub(crate) reasons: Vec<String>,
    pub(crate) prompt_hash: String,
    pub(crate) system: String,
    pub(crate) topic: String,
    /// False when the answer belongs to no message of the person.
    pub(crate) stored: bool,
    /// The card that takes over when the model is late.
    pub(crate) recheck: CardChoice,
}

/// What has been said so far.
struct Progress {
    text: String,
    end: TurnEnd,
    usage: (u32, u32),
    announced: bool,
    card: Option<i64>,
    /// When somebody whose safety state is open has waited long enough for the first words.
    patience: Option<Instant>,
}

/// Streams one answer of the model.
pub(crate) struct Reply<'turn> {
    pub(crate) turn: &'turn mut Turn,
    pub(crate) frame: ReplyFrame,
}

impl Reply<'_> {
    /// Streams the answer to `messages` to its end and stores it.
    ///
    /// # Errors
    /// The model refuses before it has begun, or the store fails.
    pub(crate) async fn stream(mut self, messages: Vec<PromptMessage>) -> Result<(), TurnError> {
        let tokens = self.turn.limits.answer_tokens;
        let services = self.turn.services.clone();
        let patience = self.turn.patience();
        let admitted = self.turn.admit(&messages);
        if let Err(refusal) = admitted
            && patience.is_none()
        {
            return Err(refusal.into());
        }
        let asked = async {
            match &admitted {
                Ok(_) => services.generator.generate(messages, tokens).await,
                Err(_) => Err(PeerError::Overloaded),
            }
        };
        let opened = tokio::select! {
            opened = asked => opened,
            () = late(patience) => Err(PeerError::Timeout),
            () = stopped(self.turn) => return self.conclude_unheard().await,
        };
        let generation = match opened {
            Ok(generation) => Some(generation),
            // Waiting or a shorter message helps: say so, and keep nothing half done.
            Err(error @ (PeerError::Overloaded | PeerError::TooLong)) if patience.is_none() => {
                return Err(error.into());
            }
            Err(error) => {
                tracing::warn!(%error, "answering with reviewed words");
                None
            }
        };
        let begun = self.begin_message().await?;
        let progress = self.tell(generation, patience).await;
        if let Some((sequence, begun)) = begun {
            let answer = NewMessage {
                text: progress.text,
                completeness: match progress.end {
                    TurnEnd::Cancelled => Completeness::Cancelled,
                    _ => Completeness::Complete,
                },
                card: progress.card,
                ..begun
            };
            let access = &self.turn.session.access;
            services
                .store
                .replace_message(access, sequence, &answer)
                .await?;
        }
        self.turn
            .finish(self.frame.route, progress.end, progress.usage)
            .await;
        if progress.card.is_some() {
            let shown = SessionChange::Cards(self.turn.session.cards + 1);
            self.turn.keep_change(shown).await?;
        }
        Ok(())
    }

    async fn conclude_unheard(self) -> Result<(), TurnError> {
        self.turn
            .finish(self.frame.route, TurnEnd::Cancelled, (0, 0))
            .await;
        Ok(())
    }

    /// The answer is stored as cut off before its first word: a crash leaves the truth behind.
    async fn begin_message(&self) -> Result<Option<(i64, NewMessage)>, TurnError> {
        if !self.frame.stored {
            return Ok(None);
        }
        let begun = NewMessage {
            turn_id: self.frame.turn_id,
            variant_id: Some(self.turn.variant_id),
            author: Author::Companion,
            text: String::new(),
            completeness: Completeness::CutOff,
            route: self.frame.route.code().to_owned(),
            card: None,
            at_ms: (self.turn.services.now_ms)(),
        };
        let store = &self.turn.services.store;
        let sequence = store
            .append_message(&self.turn.session.access, &begun)
            .await?;
        Ok(Some((sequence, begun)))
    }

    async fn tell(
        &mut self,
        generation: Option<Generation>,
        patience: Option<Instant>,
    ) -> Progress {
        let mut progress = Progress {
            text: String::new(),
            end: TurnEnd::Stop,
            usage: (0, 0),
            announced: false,
            card: None,
            patience,
        };
        let told = match generation {
            Some(generation) => self.relay(generation, &mut progress).await,
            None => self.fall_back(&mut progress).await,
        };
        if told.is_err() {
            progress.end = TurnEnd::Cancelled;
        }
        progress
    }

    async fn relay(
        &mut self,
        mut generation: Generation,
        progress: &mut Progress,
    ) -> Result<(), Left> {
        let content = self.turn.services.content.clone();
        let mut gate = SentenceGate::new(&content.output, &self.frame.system);
        loop {
            let event = tokio::select! {
                event = generation.next() => event,
                () = late(progress.patience), if progress.text.is_empty() => {
                    return self.fall_back(progress).await;
                }
                () = stopped(self.turn) => return Err(Left),
            };
            let step = match event {
                Some(Ok(GenerationEvent::Started { queued, model })) => {
                    self.announce(Some(model), queued).await?;
                    progress.announced = true;
                    continue;
                }
                Some(Ok(GenerationEvent::Delta(text))) => gate.push(&text),
                Some(Ok(GenerationEvent::Finished {
                    end,
                    prompt_tokens,
                    completion_tokens,
                })) => {
                    progress.usage = (prompt_tokens, completion_tokens);
                    progress.end = match end {
                        GenerationEnd::Stop => TurnEnd::Stop,
                        GenerationEnd::Length => TurnEnd::Length,
                    };
                    // An answer that ran out of tokens ends with half a sentence: better without it.
                    if end == GenerationEnd::Length && !progress.text.is_empty() {
                        continue;
                    }
                    gate.finish()
                }
                Some(Err(error)) => {
                    tracing::warn!(%error, "the answer was cut off by the inference service");
                    progress.end = TurnEnd::Guarded;
                    gate.finish()
                }
                None => break,
            };
            let GateStep { released, ended } = step;
            self.release(released, progress).await?;
            if ended {
                return self.fall_back(progress).await;
            }
        }
        if progress.text.is_empty() {
            return self.fall_back(progress).await;
        }
        Ok(())
    }

    async fn release(&mut self, released: String, progress: &mut Progress) -> Result<(), Left> {
        if released.is_empty() {
            return Ok(());
        }
        progress.text.push_str(&released);
        self.turn.sink.send(TurnEvent::Delta(released)).await
    }

    /// Ends the answer with reviewed words for the theme. When the safety state is open and nothing was said yet,
    /// the card comes instead: whoever was in danger is not left with a few general words.
    async fn fall_back(&mut self, progress: &mut Progress) -> Result<(), Left> {
        progress.end = TurnEnd::Guarded;
        if !progress.announced {
            self.announce(None, Duration::ZERO).await?;
        }
        let content = self.turn.services.content.clone();
        if progress.patience.is_some() && progress.text.is_empty() {
            let country = self.turn.session.country.as_deref();
            let card = CrisisCard::choose(&content, country, self.frame.recheck);
            progress.card = Some(self.frame.recheck.number());
            return self.turn.sink.send(TurnEvent::Crisis(card)).await;
        }
        let variation = usize::try_from(self.frame.turn_id.as_u128() % 97).unwrap_or_default();
        let words = replies::fallback_reply(&content.replies, &self.frame.topic, variation);
        let gap = if progress.text.is_empty() { "" } else { " " };
        self.release(format!("{gap}{words}"), progress).await
    }

    async fn announce(&mut self, model: Option<String>, queued: Duration) -> Result<(), Left> {
        let ReplyFrame {
            turn_id,
            route,
            reasons,
            prompt_hash,
            ..
        } = &self.frame;
        let meta = TurnEvent::Meta {
            turn_id: *turn_id,
            variant_id: self.turn.variant_id,
            model,
            prompt_hash: prompt_hash.clone(),
            queued,
        };
        let guard = TurnEvent::Guard {
            route: *route,
            reasons: reasons.clone(),
        };
        self.turn.sink.send(meta).await?;
        self.turn.sink.send(guard).await
    }
}

/// Completes when the patience has run out; never without one.
async fn late(patience: Option<Instant>) {
    match patience {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Completes when the person left or the turn was stopped.
async fn stopped(turn: &Turn) {
    tokio::select! {
        () = turn.sink.left() => {}
        () = turn.stop.cancelled() => {}
    }
}
