//! What the services print: passed on line by line with the service's name, and the last lines kept for a report.
//!
//! Comes in: a pipe; goes out: prefixed lines on standard error, or a log file for each service.

use std::{
    collections::VecDeque,
    fs::File,
    io::Write,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// How many lines a failure report shows.
const TAIL_LINES: usize = 20;

/// Where lines go.
#[derive(Debug, Clone)]
pub(crate) enum Sink {
    /// Standard error, with the service's name.
    Terminal,
    /// `<folder>/<service>.log`.
    Folder(PathBuf),
}

/// The output of one service; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    name: &'static str,
    file: Option<Arc<File>>,
    tail: Arc<Mutex<VecDeque<String>>>,
}

impl Output {
    /// Opens the sink for one service.
    pub(crate) fn open(name: &'static str, sink: &Sink) -> Result<Self> {
        let file = match sink {
            Sink::Terminal => None,
            Sink::Folder(folder) => {
                let path = folder.join(format!("{name}.log"));
                let file = File::create(&path)
                    .with_context(|| format!("cannot write {}", path.display()))?;
                Some(Arc::new(file))
            }
        };
        Ok(Self {
            name,
            file,
            tail: Arc::default(),
        })
    }

    /// Reads `pipe` to its end.
    pub(crate) async fn pump(self, pipe: impl AsyncRead + Unpin) {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        // A pipe that fails has nothing more to say, like one that ends.
        while matches!(reader.read_until(b'\n', &mut line).await, Ok(count) if count > 0) {
            self.take(String::from_utf8_lossy(&line).trim_end());
            line.clear();
        }
    }

    fn take(&self, line: &str) {
        match &self.file {
            // A full disk must not stop the service: its last lines are still in memory.
            Some(file) => drop(writeln!(&**file, "{line}")),
            None => eprintln!("{:<14} | {line}", self.name),
        }
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        if tail.len() == TAIL_LINES {
            tail.pop_front();
        }
        tail.push_back(line.to_owned());
    }

    /// The last lines, oldest first.
    pub(crate) fn last_lines(&self) -> Vec<String> {
        self.tail
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_lines_reach_the_log_file_and_the_last_twenty_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let output = Output::open("gateway", &Sink::Folder(folder.path().into())).unwrap();
        let text: String = (1..=30).map(|number| format!("line {number}\n")).collect();
        output.clone().pump(text.as_bytes()).await;
        let lines = output.last_lines();
        assert_eq!(
            (lines.len(), lines[0].as_str(), lines[19].as_str()),
            (20, "line 11", "line 30")
        );
        assert_eq!(
            std::fs::read_to_string(folder.path().join("gateway.log")).unwrap(),
            text
        );
    }

    #[tokio::test]
    async fn bytes_that_are_not_utf8_do_not_end_the_log() {
        let output = Output::open("gateway", &Sink::Terminal).unwrap();
        output.clone().pump(&b"a\xff\nb"[..]).await;
        assert_eq!(output.last_lines(), ["a\u{fffd}", "b"]);
    }
}
