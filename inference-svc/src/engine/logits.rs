//! Our hook in the engine's sampler, called once for each token of one sequence: it applies the
//! penalties and decides when the sequence is over. Every sequence ends with a closing token that no
//! prompt contains at that place, for two reasons. A cancelled reply ends like any other, so nobody
//! has to drop the receiving end of a live sequence. And the engine's prefix cache keeps a sequence
//! under all of its tokens although the last one was never computed; as the last one is the closing
//! token, no later prompt can match it.

use std::sync::{
    Arc,
    atomic::{AtomicU8, AtomicU32, Ordering},
};

use mistralrs::{CustomLogitsProcessor, Tensor};
use tokio_util::sync::CancellationToken;

use super::choice::Choice;
use crate::generation::{EndReason, Sampling};

const RUNNING: u8 = 0;
const STOPPED: u8 = 1;
const FULL: u8 = 2;

/// Tokens with a meaning for the course of a sequence.
#[derive(Debug, Clone)]
pub(super) struct Control {
    /// Any of these ends the model's turn.
    pub(super) end_of_turn: Arc<[u32]>,
    /// Closes a sequence.
    pub(super) closing: u32,
    /// Never penalised: a template is full of them, and penalising the one that ends a turn would
    /// make the model talk on.
    pub(super) exempt: Arc<[u32]>,
}

/// What happens to one sequence at each token.
pub(super) struct TokenControl {
    prompt: Arc<[u32]>,
    max_tokens: u32,
    repetition_penalty: f32,
    frequency_penalty: f32,
    choice: Option<Choice>,
    control: Control,
    stop: CancellationToken,
    sampled: AtomicU32,
    end: AtomicU8,
}

impl TokenControl {
    /// The control of a sequence that has not begun.
    pub(super) fn new(
        prompt: Arc<[u32]>,
        sampling: &Sampling,
        choice: Option<Choice>,
        control: Control,
        stop: CancellationToken,
    ) -> Self {
        Self {
            prompt,
            max_tokens: sampling.max_tokens,
            repetition_penalty: sampling.repetition_penalty,
            frequency_penalty: sampling.frequency_penalty,
            choice,
            control,
            stop,
            sampled: AtomicU32::new(0),
            end: AtomicU8::new(RUNNING),
        }
    }

    /// Tokens sampled so far, the closing token not counted.
    pub(super) fn sampled(&self) -> u32 {
        self.sampled.load(Ordering::Acquire)
    }

    /// Why the sequence was closed; `None` while it runs.
    pub(super) fn end_reason(&self) -> Option<EndReason> {
        match self.end.load(Ordering::Acquire) {
            RUNNING => None,
            FULL => Some(EndReason::Length),
            _ => Some(EndReason::Stop),
        }
    }

    /// Whether this step must close the sequence, given the tokens of the reply so far.
    fn closes(&self, reply: &[u32]) -> Option<u8> {
        let ended = reply
            .last()
            .is_some_and(|last| self.control.end_of_turn.contains(last));
        if ended || self.stop.is_cancelled() {
            Some(STOPPED)
        } else if reply.len() >= self.max_tokens as usize {
            Some(FULL)
        } else {
            None
        }
    }

    fn has_penalties(&self) -> bool {
        self.repetition_penalty != 1.0 || self.frequency_penalty != 0.0
    }
}

impl CustomLogitsProcessor for TokenControl {
    fn apply(&self, logits: &Tensor, context: &[u32]) -> mistralrs::Result<Tensor> {
        // At the first token the engine shows only what its prefix cache did not know, and then all.
        let reply = context.get(self.prompt.len()..).unwrap_or_default();
        if let Some(end) = self.closes(reply) {
            self.end.store(end, Ordering::Release);
            return only(&[self.control.closing], logits);
        }
        let next = self.choice.as_ref().map(|choice| choice.after(reply));
        if next.as_ref().is_some_and(|next| next.tokens.is_empty()) {
            self.end.store(STOPPED, Ordering::Release);
            return only(&[self.control.closing], logits);
        }
        let sampled = u32::try_from(reply.len() + 1).unwrap_or(u32::MAX);
        self.sampled.store(sampled, Ordering::Release);
        if let Some(mut next) = next {
            if next.is_complete {
                next.tokens.extend(self.control.end_of_turn.iter());
            }
            return only(&next.tokens, logits);
        }
        if !self.has_penalties() {
            return Ok(logits.clone());
        }
        let mut values: Vec<f32> = logits.to_vec1()?;
        penalise(
            &mut values,
            &self.prompt,
            reply,
            self.repetition_penalty,
            self.frequency_penalty,
            &self.control.exempt,
        );
        let length = values.len();
        Tensor::from_vec(values, length, logits.device())
    }
}

/// Leaves some tokens as the only choice; a single one becomes certain, whatever the model thinks.
fn only(tokens: &[u32], logits: &Tensor) -> mistralrs::Result<Tensor> {
    let mut values: Vec<f32> = logits.to_vec1()?;
    for (token, logit) in values.iter_mut().enumerate() {
        let stays = tokens.iter().any(|allowed| *allowed as usize == token);
        *logit = match (stays, tokens) {
            (true, [_]) => 0.0,
            (true, _) => *logit,
            (false, _) => f32::NEG_INFINITY,
        };
    }
    let length = values.len();
    Tensor::from_vec(values, length, logits.device())
}

/// The repetition penalty divides (or multiplies, below zero) the logits of every token of prompt and
/// reply, as in Hugging Face's implementation; the frequency penalty subtracts once for each occurrence in
/// the reply, as in the OpenAI API.
fn penalise(
    logits: &mut [f32],
    prompt: &[u32],
    reply: &[u32],
    repetition: f32,
    frequency: f32,
    exempt: &[u32],
) {
    if repetition != 1.0 {
        let mut seen = vec![false; logits.len()];
        for &token in prompt.iter().chain(reply) {
            let index = token as usize;
            if index >= logits.len() || seen[index] || exempt.contains(&token) {
                continue;
            }
            seen[index] = true;
            let logit = &mut logits[index];
            *logit = if *logit > 0.0 {
                *logit / repetition
            } else {
                *logit * repetition
            };
        }
    }
    if frequency != 0.0 {
        for &token in reply {
            if let Some(logit) = logits.get_mut(token as usize)
                && !exempt.contains(&token)
            {
                *logit -= frequency;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mistralrs::Device;

    use super::*;

    #[test]
    fn penalties_leave_control_tokens_and_unseen_tokens_alone() {
        let mut logits = vec![2.0, -2.0, 2.0, 2.0];
        // Token 0 in the prompt, 1 twice in the reply, 2 is a control token, 3 was never seen.
        penalise(&mut logits, &[0, 2], &[1, 1, 2], 2.0, 0.5, &[2]);
        assert_eq!(logits, vec![1.0, -5.0, 2.0, 2.0]);
    }

    #[test]
    fn tokens_beyond_the_logits_are_ignored() {
        let mut logits = vec![1.0];
        penalise(&mut logits, &[99], &[0, 99], 2.0, 1.0, &[]);
        assert_eq!(logits, vec![-0.5]);
    }

    /// The control of a sequence with the prompt [0, 1].
    fn control(max_tokens: u32, stop: CancellationToken) -> TokenControl {
        let sampling = Sampling {
            max_tokens,
            ..Sampling::default()
        };
        let tokens = Control {
            end_of_turn: Arc::from([1]),
            closing: 2,
            exempt: Arc::from([1, 2]),
        };
        TokenControl::new(Arc::from([0, 1]), &sampling, None, tokens, stop)
    }

    /// The logits after one step with this context.
    fn step(control: &TokenControl, context: &[u32]) -> Vec<f32> {
        let logits = Tensor::from_vec(vec![5.0_f32, 1.0, 3.0], 3, &Device::Cpu).unwrap();
        control.apply(&logits, context).unwrap().to_vec1().unwrap()
    }

    const CLOSED: [f32; 3] = [f32::NEG_INFINITY, f32::NEG_INFINITY, 0.0];

    #[test]
    fn a_cancelled_sequence_is_closed_at_its_next_token() {
        let stop = CancellationToken::new();
        let control = control(9, stop.clone());
        assert_ne!(step(&control, &[0, 0]), CLOSED);
        assert_eq!((control.sampled(), control.end_reason()), (1, None));
        stop.cancel();
        assert_eq!(step(&control, &[0, 0, 0]), CLOSED);
        assert_eq!(
            (control.sampled(), control.end_reason()),
            (1, Some(EndReason::Stop))
        );
    }

    #[test]
    fn penalties_do_not_depend_on_what_the_prefix_cache_knew() {
        let all = step(&control(9, CancellationToken::new()), &[0, 1]);
        let tail = step(&control(9, CancellationToken::new()), &[1]);
        assert_eq!(all, tail);
        assert!(all[0] < 5.0);
    }

    #[test]
    fn a_sequence_is_closed_after_the_end_of_the_turn_or_the_last_token() {
        let ended = control(9, CancellationToken::new());
        // An end-of-turn token in the prompt is none of the reply.
        assert_ne!(step(&ended, &[0, 1]), CLOSED);
        assert_eq!(step(&ended, &[0, 1, 1]), CLOSED);
        assert_eq!(ended.end_reason(), Some(EndReason::Stop));
        let full = control(2, CancellationToken::new());
        assert_ne!(step(&full, &[0, 0]), CLOSED);
        assert_ne!(step(&full, &[0, 0, 0]), CLOSED);
        assert_eq!(step(&full, &[0, 0, 0, 0]), CLOSED);
        assert_eq!(
            (full.sampled(), full.end_reason()),
            (2, Some(EndReason::Length))
        );
    }

    #[test]
    fn a_choice_leaves_its_tokens_and_closes_when_nothing_leads_on() {
        let mut control = control(9, CancellationToken::new());
        control.choice = Choice::new(vec![vec![0, 2], vec![0], vec![2]]);
        let none = f32::NEG_INFINITY;
        assert_eq!(step(&control, &[0, 1]), [5.0, none, 3.0]);
        // Complete, and could lead on: the end of the turn is a choice as well.
        assert_eq!(step(&control, &[0, 1, 0]), [none, 1.0, 3.0]);
        assert_eq!(step(&control, &[0, 1, 0, 2]), CLOSED);
        assert_eq!(control.end_reason(), Some(EndReason::Stop));
    }
}
