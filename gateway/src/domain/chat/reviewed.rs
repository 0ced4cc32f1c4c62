//! The turns that reviewed words answer: the crisis card, a question, a referral and the kind no. None of
//! them asks the model.

use uuid::Uuid;

use super::{
    events::{TurnEnd, TurnError, TurnEvent},
    sink::Left,
    turn::Turn,
};
use crate::domain::{
    guardrails::{
        crisis::{CardChoice, CrisisCard},
        decide::{Decision, Route},
        replies,
    },
    ports::StoreError,
    session::{Completeness, NewMessage, SessionChange},
};

impl Turn {
    /// Shown first, stored after: a failing database must not stand in the way of the card.
    pub(crate) async fn crisis(
        &mut self,
        turn_id: Uuid,
        message: &str,
        is_new: bool,
        decision: &Decision,
    ) {
        self.show_crisis(turn_id, decision).await;
        let kept = self.keep_crisis(turn_id, message, is_new, decision).await;
        if let Err(error) = kept {
            tracing::error!(%error, "a crisis turn could not be stored");
        }
    }

    pub(crate) async fn show_crisis(&mut self, turn_id: Uuid, decision: &Decision) {
        let card = self.crisis_card(decision);
        let _ = self.announce(turn_id, decision).await;
        let _ = self.sink.send(TurnEvent::Crisis(card)).await;
        self.finish(decision.route, TurnEnd::Guarded, (0, 0)).await;
    }

    fn crisis_card(&self, decision: &Decision) -> CrisisCard {
        CrisisCard::choose(
            &self.services.content,
            self.session.country.as_deref(),
            self.card_choice(decision),
        )
    }

    /// A second look speaks to thoughts of dying, whatever the first card was about.
    fn card_choice(&self, decision: &Decision) -> CardChoice {
        CardChoice::of(decision.alarm, decision.is_recheck(), self.session.cards)
    }

    /// The card that takes over when somebody whose safety state is open waits for the model in vain.
    pub(crate) fn recheck(&self, decision: &Decision) -> CardChoice {
        CardChoice::of(decision.alarm, true, self.session.cards)
    }

    async fn keep_crisis(
        &self,
        turn_id: Uuid,
        message: &str,
        is_new: bool,
        decision: &Decision,
    ) -> Result<(), StoreError> {
        self.keep_question(turn_id, message, is_new, decision)
            .await?;
        let card = NewMessage {
            card: Some(self.card_choice(decision).number()),
            ..self.companion_message(turn_id, decision, String::new(), Completeness::Complete)
        };
        self.services
            .store
            .append_message(&self.session.access, &card)
            .await?;
        self.keep_change(SessionChange::Cards(self.session.cards + 1))
            .await
    }

    /// A question, a referral or a kind no, in reviewed words.
    pub(crate) async fn say_reviewed(
        &mut self,
        turn_id: Uuid,
        decision: &Decision,
    ) -> Result<(), TurnError> {
        let variation = usize::try_from(turn_id.as_u128() % 97).unwrap_or_default();
        let content = self.services.content.clone();
        let text = match decision.route {
            Route::CheckIn => replies::check_in_reply(&content, &decision.reasons, variation),
            Route::Redirect => {
                replies::redirect_reply(&content.replies, &decision.reasons, variation)
            }
            _ => replies::decline_reply(&content.replies, &decision.reasons, variation),
        };
        let answer =
            self.companion_message(turn_id, decision, text.to_owned(), Completeness::Complete);
        self.services
            .store
            .append_message(&self.session.access, &answer)
            .await?;
        let told = async {
            self.announce(turn_id, decision).await?;
            self.sink.send(TurnEvent::Delta(text.to_owned())).await
        };
        let end = if told.await.is_ok() {
            TurnEnd::Guarded
        } else {
            TurnEnd::Cancelled
        };
        self.finish(decision.route, end, (0, 0)).await;
        Ok(())
    }

    /// `meta` and `guard` of a turn that reviewed words answer.
    async fn announce(&mut self, turn_id: Uuid, decision: &Decision) -> Result<(), Left> {
        self.sink
            .send(TurnEvent::Meta {
                turn_id,
                variant_id: self.variant_id,
                model: None,
                prompt_hash: String::new(),
                queued: std::time::Duration::ZERO,
            })
            .await?;
        let Decision { route, reasons, .. } = decision.clone();
        self.sink.send(TurnEvent::Guard { route, reasons }).await
    }
}
