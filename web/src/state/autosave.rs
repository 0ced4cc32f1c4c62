//! Answers on their way to the server: one request at a time, later taps wait and go together, so
//! that an older answer never overwrites a newer one. Nothing is kept in the browser's storage.

use super::progress::Answers;

/// Answers that the server does not have yet. At most one entry for each question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pending {
    waiting: Answers,
    sending: bool,
    failed: bool,
}

impl Pending {
    /// Notes a changed answer.
    pub(crate) fn change(&mut self, question_id: &str, chosen: Vec<String>) {
        self.waiting.insert(question_id.to_owned(), chosen);
    }

    /// The next batch to send; none while one is under way or nothing waits.
    pub(crate) fn take(&mut self) -> Option<Answers> {
        if self.sending || self.waiting.is_empty() {
            return None;
        }
        self.sending = true;
        self.failed = false;
        Some(std::mem::take(&mut self.waiting))
    }

    /// The batch arrived.
    pub(crate) fn sent(&mut self) {
        self.sending = false;
    }

    /// The batch did not arrive: it waits again, except where a newer answer exists.
    pub(crate) fn not_sent(&mut self, batch: Answers) {
        self.sending = false;
        self.failed = true;
        for (question_id, chosen) in batch {
            self.waiting.entry(question_id).or_insert(chosen);
        }
    }

    /// Everything is on the server.
    pub(crate) fn is_saved(&self) -> bool {
        !self.sending && self.waiting.is_empty()
    }

    /// The last try failed and no other is under way.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed && !self.sending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yes() -> Vec<String> {
        vec!["yes".to_owned()]
    }

    fn no() -> Vec<String> {
        vec!["no".to_owned()]
    }

    #[test]
    fn taps_during_a_request_wait_and_go_together() {
        let mut pending = Pending::default();
        pending.change("a", yes());
        assert_eq!(pending.take().map(|batch| batch.len()), Some(1));
        pending.change("b", yes());
        pending.change("c", yes());
        assert_eq!(pending.take(), None);
        pending.sent();
        assert_eq!(pending.take().map(|batch| batch.len()), Some(2));
        pending.sent();
        assert!(pending.is_saved());
    }

    #[test]
    fn a_failed_batch_waits_again_without_undoing_a_newer_answer() {
        let mut pending = Pending::default();
        pending.change("a", yes());
        pending.change("b", yes());
        let batch = pending.take().unwrap();
        pending.change("a", no());
        pending.not_sent(batch);
        assert!(pending.has_failed() && !pending.is_saved());
        let again = pending.take().unwrap();
        assert!(!pending.has_failed());
        assert_eq!((&again["a"], &again["b"]), (&no(), &yes()));
    }
}
