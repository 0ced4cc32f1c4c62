//! The list of steps: what ran, for how long, and how many tests. Comes in: steps as closures; goes out: a table.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::counts::Counts;

/// What happened so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: String,
    time: Duration,
    passed: bool,
    counts: Option<Counts>,
    /// What a reader of the table should know of a step that passed.
    note: Option<String>,
}

impl Report {
    /// Announces and runs a step that counts nothing.
    pub(super) fn step<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let started = announce(name);
        let result = work();
        self.record(name, started, result.is_ok(), None);
        result
    }

    /// Announces and runs a step that counts nothing and may have left something out: then it says so.
    pub(super) fn noted(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<Option<String>>,
    ) -> Result<()> {
        let note = self.step(name, work)?;
        if let Some(step) = self.steps.last_mut() {
            step.note = note;
        }
        Ok(())
    }

    /// Announces and runs a step that counts tests.
    pub(super) fn tests(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<Counts>,
    ) -> Result<()> {
        let started = announce(name);
        self.record_tests(name, started, work())
    }

    /// Records a test step whose work was awaited by the caller, after [`announce`].
    pub(super) fn record_tests(
        &mut self,
        name: &str,
        started: Instant,
        result: Result<Counts>,
    ) -> Result<()> {
        let counts = result.as_ref().ok().copied();
        self.record(name, started, result.is_ok(), counts);
        result.map(drop)
    }

    /// Records a step whose work was awaited by the caller, after [`announce`].
    pub(super) fn record(
        &mut self,
        name: &str,
        started: Instant,
        passed: bool,
        counts: Option<Counts>,
    ) {
        self.steps.push(Step {
            name: name.to_owned(),
            time: started.elapsed(),
            passed,
            counts,
            note: None,
        });
    }

    /// The table; the last line is the sum over all test runners.
    pub(super) fn print(&self, passed: bool) {
        println!("\n{:<28} {:>8}  result", "step", "time");
        for step in &self.steps {
            println!(
                "{:<28} {:>6.1} s  {}",
                step.name,
                step.time.as_secs_f64(),
                step.result()
            );
        }
        let total: Duration = self.steps.iter().map(|step| step.time).sum();
        println!(
            "{:<28} {:>6.1} s  {}",
            "all",
            total.as_secs_f64(),
            if passed { "ok" } else { "FAILED" }
        );
        if passed {
            println!("{}", self.total());
        }
    }

    fn total(&self) -> Counts {
        self.steps.iter().filter_map(|step| step.counts).sum()
    }
}

impl Step {
    fn result(&self) -> String {
        match (self.passed, self.counts, &self.note) {
            (false, ..) => "FAILED".to_owned(),
            (true, Some(counts), _) => counts.to_string(),
            (true, None, Some(note)) => format!("ok; {note}"),
            (true, None, None) => "ok".to_owned(),
        }
    }
}

/// Prints the step's name before its work begins.
pub(super) fn announce(name: &str) -> Instant {
    println!("==> {name}");
    Instant::now()
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn the_total_is_the_sum_over_the_test_steps() {
        let mut report = Report::default();
        report.step("tools", || Ok(())).unwrap();
        report
            .tests("one", || {
                Ok(Counts {
                    run: 3,
                    passed: 3,
                    skipped: 1,
                })
            })
            .unwrap();
        report
            .tests("two", || {
                Ok(Counts {
                    run: 2,
                    passed: 2,
                    skipped: 0,
                })
            })
            .unwrap();
        assert_eq!(
            report.total().to_string(),
            "5 tests run: 5 passed, 1 skipped"
        );
    }

    #[test]
    fn what_a_step_left_out_stands_in_the_table() {
        let mut report = Report::default();
        report.noted("one", || Ok(None)).unwrap();
        report
            .noted("two", || Ok(Some("skipped: no network".to_owned())))
            .unwrap();
        let results: Vec<String> = report.steps.iter().map(Step::result).collect();
        assert_eq!(results, ["ok", "ok; skipped: no network"]);
    }

    #[test]
    fn a_failed_step_is_recorded_and_its_error_passed_on() {
        let mut report = Report::default();
        let error = report
            .tests("one", || bail!("two tests failed"))
            .unwrap_err();
        assert_eq!(error.to_string(), "two tests failed");
        assert!(!report.steps[0].passed);
    }
}
