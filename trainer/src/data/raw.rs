//! Raw preference pairs, one JSON object a line, in the form in which they were collected. Rows are read one
//! at a time, so that the size of a file does not matter; whatever is wrong is told with file and line.

use std::{
    fs::File,
    io::{BufRead, BufReader, Lines},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// Longest text of a field in bytes; a longer one is a mistake in the collection.
pub const LONGEST_TEXT: usize = 20_000;

/// A row as it was collected; a field may be missing or null.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRow {
    /// What the person wrote.
    pub prompt: Option<String>,
    /// The better reply.
    pub chat_response: Option<String>,
    /// The worse reply.
    pub rejected_response: Option<String>,
    /// Theme, in any spelling.
    pub category: Option<String>,
    /// mild, moderate or severe.
    pub severity: Option<String>,
}

/// Where a row comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Position among the files.
    pub file: usize,
    /// From 1.
    pub line: usize,
}

/// Reads the rows of several files in order.
pub struct RawRows<'a> {
    files: &'a [PathBuf],
    next_file: usize,
    lines: Option<Lines<BufReader<File>>>,
    line: usize,
}

impl<'a> RawRows<'a> {
    /// Rows of these files.
    #[must_use]
    pub fn new(files: &'a [PathBuf]) -> Self {
        Self {
            files,
            next_file: 0,
            lines: None,
            line: 0,
        }
    }

    fn read(&mut self) -> Result<Option<(Place, RawRow)>> {
        loop {
            let Some(lines) = &mut self.lines else {
                let Some(path) = self.files.get(self.next_file) else {
                    return Ok(None);
                };
                let file = File::open(path);
                let file = file.with_context(|| format!("cannot open {}", path.display()))?;
                self.lines = Some(BufReader::with_capacity(1 << 20, file).lines());
                self.next_file += 1;
                self.line = 0;
                continue;
            };
            let Some(text) = lines.next() else {
                self.lines = None;
                continue;
            };
            self.line += 1;
            let file = self.next_file - 1;
            let place = || describe(&self.files[file], self.line);
            let text = text.with_context(place)?;
            if text.trim().is_empty() {
                continue;
            }
            let row: RawRow = serde_json::from_str(&text).with_context(place)?;
            row.check().with_context(place)?;
            let line = self.line;
            return Ok(Some((Place { file, line }, row)));
        }
    }
}

impl Iterator for RawRows<'_> {
    type Item = Result<(Place, RawRow)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

impl RawRow {
    fn check(&self) -> Result<()> {
        let fields = [
            ("prompt", &self.prompt),
            ("chat_response", &self.chat_response),
            ("rejected_response", &self.rejected_response),
        ];
        for (name, text) in fields {
            let length = text.as_ref().map_or(0, String::len);
            if length > LONGEST_TEXT {
                bail!("{name} has {length} bytes, more than {LONGEST_TEXT}");
            }
        }
        Ok(())
    }
}

/// "file, line n".
#[must_use]
pub fn describe(path: &Path, line: usize) -> String {
    format!("{}, line {line}", path.display())
}
