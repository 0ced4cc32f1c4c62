//! Running a test runner while reading its summary. Comes in: a command; goes out: how many tests ran.
//!
//! Knows the summaries of `cargo nextest`, `cargo test` and Node's test runner. A runner that succeeds without saying
//! how many tests it ran is an error: it may have run none.

use std::{
    fmt,
    io::{BufRead, BufReader, Read},
    iter::Sum,
    process::{Command, Stdio},
    sync::mpsc::{SyncSender, sync_channel},
    thread,
};

use anyhow::{Context, Result, bail};

/// Lines that wait for the counter at most.
const QUEUE_LINES: usize = 64;

/// The numbers of a test run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) run: u64,
    pub(crate) passed: u64,
    pub(crate) skipped: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} tests run: {} passed, {} skipped",
            self.run, self.passed, self.skipped
        )
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |a, b| Self {
            run: a.run + b.run,
            passed: a.passed + b.passed,
            skipped: a.skipped + b.skipped,
        })
    }
}

/// Runs the command, passes its output on and counts.
pub(super) fn run(command: &mut Command) -> Result<Counts> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let (sender, lines) = sync_channel(QUEUE_LINES);
    let readers = [
        child
            .stdout
            .take()
            .map(|pipe| forward(pipe, sender.clone())),
        child.stderr.take().map(|pipe| forward(pipe, sender)),
    ];
    let mut counter = Counter::default();
    for line in lines {
        println!("{line}");
        counter.line(&line);
    }
    for reader in readers.into_iter().flatten() {
        // It ended, or `lines` would not have; a panic in it has been printed.
        drop(reader.join());
    }
    let status = child.wait().context("cannot wait for the test runner")?;
    if !status.success() {
        bail!("the test runner failed ({status})");
    }
    counter
        .finish()
        .context("the test runner did not say how many tests it ran")
}

fn forward(pipe: impl Read + Send + 'static, sender: SyncSender<String>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        while matches!(reader.read_until(b'\n', &mut line), Ok(count) if count > 0) {
            if sender
                .send(String::from_utf8_lossy(&line).trim_end().to_owned())
                .is_err()
            {
                return;
            }
            line.clear();
        }
    })
}

/// Picks the numbers out of a runner's lines.
#[derive(Debug, Default)]
struct Counter {
    counts: Counts,
    seen: bool,
}

impl Counter {
    fn line(&mut self, line: &str) {
        let plain = without_colours(line);
        let words: Vec<&str> = plain.split_whitespace().collect();
        let before = |word: &str| {
            let position = words
                .iter()
                .position(|w| w.trim_end_matches([',', ';', '.', ':']) == word)?;
            words.get(position.checked_sub(1)?)?.parse::<u64>().ok()
        };
        if plain.trim_start().starts_with("Summary [") {
            // nextest: `Summary [ 0.3s] 12 tests run: 12 passed (1 slow), 3 skipped`
            self.seen = true;
            self.counts.run += before("tests").or_else(|| before("test")).unwrap_or(0);
            self.counts.passed += before("passed").unwrap_or(0);
            self.counts.skipped += before("skipped").unwrap_or(0);
        } else if plain.starts_with("test result:") {
            // cargo test, once for each binary: `test result: ok. 3 passed; 0 failed; 1 ignored; ...`
            self.seen = true;
            let (passed, failed) = (before("passed").unwrap_or(0), before("failed").unwrap_or(0));
            self.counts.run += passed + failed;
            self.counts.passed += passed;
            self.counts.skipped += before("ignored").unwrap_or(0);
        } else if let [_, word, number] = words[..] {
            // Node: `# tests 9` or, on a terminal, the same with an information sign.
            let Ok(number) = number.parse::<u64>() else {
                return;
            };
            let field = match word {
                "tests" => &mut self.counts.run,
                "pass" => &mut self.counts.passed,
                "skipped" => &mut self.counts.skipped,
                _ => return,
            };
            if !words[0].starts_with(['#', '\u{2139}']) {
                return;
            }
            self.seen = true;
            *field += number;
        }
    }

    fn finish(self) -> Option<Counts> {
        self.seen.then_some(self.counts)
    }
}

/// The line without terminal colour sequences.
fn without_colours(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some((text, sequence)) = rest.split_once("\u{1b}[") {
        plain.push_str(text);
        rest = sequence.split_once('m').map_or("", |(_, after)| after);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(lines: &[&str]) -> Option<Counts> {
        let mut counter = Counter::default();
        for line in lines {
            counter.line(line);
        }
        counter.finish()
    }

    #[test]
    fn the_summary_of_nextest_is_read_with_and_without_colours() {
        let expected = Some(Counts {
            run: 12,
            passed: 12,
            skipped: 3,
        });
        assert_eq!(
            count(&["     Summary [   0.312s] 12 tests run: 12 passed (1 slow), 3 skipped"]),
            expected
        );
        let coloured = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.312s] \u{1b}[1m12\u{1b}[0m tests run: \
                        \u{1b}[1m12\u{1b}[0m passed, \u{1b}[1m3\u{1b}[0m skipped";
        assert_eq!(count(&[coloured]), expected);
        let one = "     Summary [   0.1s] 1 test run: 1 passed, 0 skipped";
        assert_eq!(
            count(&[one]),
            Some(Counts {
                run: 1,
                passed: 1,
                skipped: 0
            })
        );
    }

    #[test]
    fn the_summaries_of_cargo_test_are_added_up() {
        let lines = [
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ];
        assert_eq!(
            count(&lines),
            Some(Counts {
                run: 5,
                passed: 5,
                skipped: 1
            })
        );
    }

    #[test]
    fn the_summary_of_node_is_read_in_both_of_its_forms() {
        let expected = Some(Counts {
            run: 9,
            passed: 8,
            skipped: 1,
        });
        assert_eq!(
            count(&["# tests 9", "# pass 8", "# fail 0", "# skipped 1"]),
            expected
        );
        assert_eq!(
            count(&["\u{2139} tests 9", "\u{2139} pass 8", "\u{2139} skipped 1"]),
            expected
        );
    }

    #[test]
    fn a_runner_that_counts_nothing_is_an_error() {
        let error = run(Command::new("sh").args(["-c", "echo all good"]))
            .unwrap_err()
            .to_string();
        assert!(error.contains("did not say how many"), "{error}");
    }

    #[test]
    fn a_runner_that_fails_is_an_error_even_with_a_summary() {
        let script = "echo '# tests 1'; echo '# pass 0'; exit 1";
        let error = run(Command::new("sh").args(["-c", script]))
            .unwrap_err()
            .to_string();
        assert!(error.contains("failed"), "{error}");
    }
}
