//! The screening result while it arrives. In: stream events. Out: what the result page shows.

use api_types::{
    ClassificationEvent, CrisisEvent, GuardRoute, GuidanceEvent, MetaEvent, Problem, StreamEvent,
};

/// How far it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Phase {
    /// Not asked for during this visit.
    #[default]
    Idle,
    /// Asked for, the page has not started it yet.
    Requested,
    /// Arriving.
    Running,
    /// Whole.
    Done,
    /// The person stopped it.
    Stopped,
    /// It failed.
    Failed(Problem),
}

/// Everything that has arrived.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Assessment {
    pub(crate) phase: Phase,
    pub(crate) meta: Option<MetaEvent>,
    pub(crate) classification: Option<ClassificationEvent>,
    pub(crate) guidance: Option<GuidanceEvent>,
    pub(crate) crisis: Option<CrisisEvent>,
    pub(crate) route: Option<GuardRoute>,
    pub(crate) text: String,
}

impl Assessment {
    /// Forgets what was there and starts to wait for events.
    pub(crate) fn start(&mut self) {
        *self = Self {
            phase: Phase::Running,
            ..Self::default()
        };
    }

    /// Takes in one event.
    pub(crate) fn apply(&mut self, event: StreamEvent) {
        match event {
            StreamEvent::Meta(meta) => self.meta = Some(meta),
            StreamEvent::Classification(found) => self.classification = Some(found),
            StreamEvent::Guidance(guidance) => self.guidance = Some(guidance),
            StreamEvent::Guard(guard) => self.route = Some(guard.route),
            StreamEvent::Crisis(crisis) => self.crisis = Some(crisis),
            StreamEvent::Delta(delta) => self.text.push_str(&delta.text),
            StreamEvent::Done(_) => self.phase = Phase::Done,
            StreamEvent::Error(problem) => self.phase = Phase::Failed(problem),
        }
    }

    /// True while more may come.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Requested | Phase::Running)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api_types::{DeltaEvent, DoneEvent, FinishReason, Usage};

    #[test]
    fn text_grows_with_each_delta_and_done_ends_it() {
        let mut assessment = Assessment::default();
        assessment.start();
        for text in ["One. ", "Two."] {
            assessment.apply(StreamEvent::Delta(DeltaEvent { text: text.into() }));
        }
        assert!(assessment.is_running());
        assessment.apply(StreamEvent::Done(DoneEvent {
            finish: FinishReason::Stop,
            usage: Usage::default(),
            ttft_ms: Some(1),
            total_ms: 2,
            take_a_break: false,
        }));
        assert_eq!(
            (assessment.text.as_str(), assessment.is_running()),
            ("One. Two.", false)
        );
    }

    #[test]
    fn a_second_start_forgets_the_first_result() {
        let mut assessment = Assessment {
            text: "old".into(),
            ..Assessment::default()
        };
        assessment.start();
        assert_eq!(
            assessment,
            Assessment {
                phase: Phase::Running,
                ..Assessment::default()
            }
        );
    }
}
