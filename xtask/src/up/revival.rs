//! Starting a service again that ended by itself: after a second, and after twice as long each time that it does not
//! stay. Comes in: how it ended; goes out: a new process, in due time.

use std::{process::ExitStatus, time::Duration};

use anyhow::Result;
use tokio::time::Instant;

use super::{
    output::Sink,
    service::{Service, ServiceCommand},
};

const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// A service that ran for so long is taken for healthy.
const STAYED: Duration = Duration::from_secs(120);

/// How to start one service again, and when.
#[derive(Debug)]
pub(super) struct Revival {
    command: ServiceCommand,
    delay: Duration,
    started: Instant,
    due: Option<Instant>,
}

impl Revival {
    pub(super) fn new(command: ServiceCommand) -> Self {
        Self {
            command,
            delay: FIRST_DELAY,
            started: Instant::now(),
            due: None,
        }
    }

    /// Whether it is time; the first question after an end says that it ended.
    pub(super) fn is_due(&mut self, status: ExitStatus, now: Instant) -> bool {
        if let Some(due) = self.due {
            return now >= due;
        }
        if now.duration_since(self.started) >= STAYED {
            self.delay = FIRST_DELAY;
        }
        eprintln!(
            "{} ended ({status}); it is started again in {} s, the rest goes on without it",
            self.command.name,
            self.delay.as_secs()
        );
        self.due = Some(now + self.delay);
        self.delay = (self.delay * 2).min(LONGEST_DELAY);
        false
    }

    /// Starts it.
    pub(super) fn start(&mut self, sink: &Sink) -> Result<Service> {
        self.due = None;
        self.started = Instant::now();
        Service::start(&self.command, sink)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn a_service_that_does_not_stay_is_started_ever_later_and_one_that_did_at_once() {
        let mut revival = Revival::new(ServiceCommand {
            name: "classifier-svc",
            program: "/bin/true".into(),
            arguments: Vec::new(),
        });
        let ended = ExitStatus::from_raw(9);
        let mut now = Instant::now();
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert!(!revival.is_due(ended, now), "after {seconds} s");
            now += Duration::from_secs(seconds);
            let before = now - Duration::from_millis(1);
            assert!(!revival.is_due(ended, before), "before {seconds} s");
            assert!(revival.is_due(ended, now), "at {seconds} s");
            revival.due = None;
            revival.started = now;
        }
        now += STAYED;
        assert!(!revival.is_due(ended, now));
        assert!(revival.is_due(ended, now + FIRST_DELAY), "it had stayed");
    }
}
