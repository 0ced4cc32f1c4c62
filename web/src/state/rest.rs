//! When a break is offered. In: the events of answers, and that the person has read it. Out: whether
//! the offer is shown. Once for each stretch of time, so that nobody is pressed, and never beside a
//! crisis card, so that nobody feels sent away.

use api_types::StreamEvent;

/// The offer of a break.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct BreakOffer {
    shown: bool,
    /// What the last answer said: only a change to "yes" is an offer.
    due: bool,
    /// The answer that is arriving is a crisis card.
    crisis: bool,
}

impl BreakOffer {
    /// Takes in one event of an answer.
    pub(crate) fn apply(&mut self, event: &StreamEvent) {
        match event {
            StreamEvent::Meta(_) => self.crisis = false,
            StreamEvent::Crisis(_) => {
                self.crisis = true;
                self.shown = false;
            }
            StreamEvent::Done(done) if !self.crisis => {
                self.shown |= done.take_a_break && !self.due;
                self.due = done.take_a_break;
            }
            _ => {}
        }
    }

    /// The person has read it.
    pub(crate) fn dismiss(&mut self) {
        self.shown = false;
    }

    /// Whether it stands on the page.
    pub(crate) fn is_shown(self) -> bool {
        self.shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api_types::{CrisisEvent, DoneEvent, FinishReason, MetaEvent, Usage};

    fn meta() -> StreamEvent {
        StreamEvent::Meta(MetaEvent {
            turn_id: "t".into(),
            variant_id: "v".into(),
            model: "m".into(),
            prompt_hash: "h".into(),
            queued_ms: 0,
        })
    }

    fn done(take_a_break: bool) -> StreamEvent {
        StreamEvent::Done(DoneEvent {
            finish: FinishReason::Stop,
            usage: Usage::default(),
            ttft_ms: None,
            total_ms: 1,
            take_a_break,
        })
    }

    fn crisis() -> StreamEvent {
        StreamEvent::Crisis(CrisisEvent {
            message: "m".into(),
            helplines: vec![],
            safety_steps: vec![],
        })
    }

    fn answer(offer: &mut BreakOffer, take_a_break: bool) {
        offer.apply(&meta());
        offer.apply(&done(take_a_break));
    }

    fn after(answers: &[bool]) -> BreakOffer {
        let mut offer = BreakOffer::default();
        for take_a_break in answers {
            answer(&mut offer, *take_a_break);
        }
        offer
    }

    #[test]
    fn it_is_shown_when_it_is_due_and_stays_until_it_was_read() {
        assert!(!after(&[false, false]).is_shown());
        assert!(after(&[false, true]).is_shown());
        assert!(after(&[true, false]).is_shown());
    }

    #[test]
    fn who_has_read_it_is_not_told_again_with_every_answer() {
        let mut offer = after(&[true]);
        offer.dismiss();
        answer(&mut offer, true);
        assert!(!offer.is_shown());
    }

    #[test]
    fn it_comes_again_after_another_stretch_of_time() {
        let mut offer = after(&[true]);
        offer.dismiss();
        answer(&mut offer, false);
        answer(&mut offer, true);
        assert!(offer.is_shown());
    }

    #[test]
    fn a_crisis_card_takes_it_away_and_brings_none() {
        for before in [&[true][..], &[]] {
            let mut offer = after(before);
            for event in [meta(), crisis(), done(true)] {
                offer.apply(&event);
            }
            assert!(!offer.is_shown());
        }
    }
}
