//! The figures of a run: a table for whoever watches, JSON lines for programs, event files for
//! TensorBoard. After a resume, lines beyond the checkpoint are dropped, so that each step is there once.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::{run::Figures, tensorboard::EventFile};

/// The file with one line a logged step.
pub const LOG: &str = "log.jsonl";

/// One line of the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LogLine {
    /// Updates made.
    pub step: usize,
    /// "train" or "validation".
    pub part: String,
    /// Means: over the steps since the line before, or over the validation examples.
    pub figures: Figures,
}

/// Writes the log of a run.
pub struct RunLog {
    lines: BufWriter<File>,
    events: EventFile,
    since_last: Vec<Figures>,
    columns: Vec<String>,
}

/// Reads the lines of a log.
///
/// # Errors
/// It cannot be read; a last line that a kill cut off is left out.
pub fn read(path: &Path) -> Result<Vec<LogLine>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text
        .lines()
        .map_while(|line| serde_json::from_str(line).ok())
        .collect())
}

impl RunLog {
    /// Opens the log of a run that has made `step` updates.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn open(run: &Path, step: usize) -> Result<Self> {
        fs::create_dir_all(run).with_context(|| format!("cannot create {}", run.display()))?;
        let path = run.join(LOG);
        let earlier = match step {
            0 => Vec::new(),
            _ => read(&path)?,
        };
        let file = create(&path)?;
        let mut log = Self {
            lines: BufWriter::new(file),
            events: EventFile::create(run, step)?,
            since_last: Vec::new(),
            columns: Vec::new(),
        };
        for line in earlier.iter().filter(|line| line.step <= step) {
            log.write(line)?;
        }
        Ok(log)
    }

    /// Takes the figures of an update; writes a line when it is due.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn training(&mut self, step: usize, figures: &Figures, is_due: bool) -> Result<()> {
        self.since_last.push(figures.clone());
        if !is_due {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.since_last);
        let mut means = Figures::new();
        for row in &rows {
            for (name, value) in row {
                *means.entry(name.clone()).or_default() += value / rows.len() as f64;
            }
        }
        self.line(step, "train", means)
    }

    /// Writes the figures of a look at the validation examples.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn validation(&mut self, step: usize, figures: &Figures) -> Result<()> {
        self.line(step, "validation", figures.clone())
    }

    /// Hands everything to the operating system.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn flush(&mut self) -> Result<()> {
        self.events.flush()?;
        Ok(self.lines.flush()?)
    }

    fn line(&mut self, step: usize, part: &str, figures: Figures) -> Result<()> {
        for (name, value) in &figures {
            self.events
                .scalar(&format!("{part}/{name}"), step, *value)?;
        }
        let line = LogLine {
            step,
            part: part.to_owned(),
            figures,
        };
        self.show(&line)?;
        self.write(&line)?;
        self.flush()
    }

    fn write(&mut self, line: &LogLine) -> Result<()> {
        serde_json::to_writer(&mut self.lines, line)?;
        Ok(self.lines.write_all(b"\n")?)
    }

    /// A row of the table; the heading is repeated when the columns change.
    fn show(&mut self, line: &LogLine) -> Result<()> {
        let mut out = std::io::stderr().lock();
        let columns: Vec<String> = line.figures.keys().cloned().collect();
        if columns != self.columns {
            write!(out, "{:>6} {:<10}", "step", "part")?;
            for name in &columns {
                write!(out, " {name:>width$}", width = name.len().max(9))?;
            }
            writeln!(out)?;
            self.columns = columns;
        }
        write!(out, "{:>6} {:<10}", line.step, line.part)?;
        for (name, value) in &line.figures {
            let width = name.len().max(9);
            if value.abs() < 1e-3 && *value != 0.0 {
                write!(out, " {value:>width$.2e}")?;
            } else {
                write!(out, " {value:>width$.4}")?;
            }
        }
        Ok(writeln!(out)?)
    }
}

fn create(path: &PathBuf) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))
}
