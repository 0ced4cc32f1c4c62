//! The prepared files: JSON lines for training, CSV for whoever opens them in a table, and a manifest with
//! hashes and counts. Files appear under their names when they are whole.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use encoder::Encoder;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::{
    prepare::{PrepareOptions, Removed, Row},
    split::Part,
    steps,
};
use crate::files;

/// Prompts whose mood is found in one call.
const PROMPTS_AT_ONCE: usize = 32;
/// The head that tells the mood.
const MOOD: &str = "mood";

/// A prepared row with what the analysis needs.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    prompt: &'a str,
    chosen: &'a str,
    rejected: &'a str,
    category: &'a str,
    severity: &'a str,
    prompt_len: usize,
    chosen_len: usize,
    rejected_len: usize,
    prompt_words: usize,
    chosen_words: usize,
    rejected_words: usize,
    sentiment: Option<&'a str>,
}

/// Finds the mood of prompts.
pub struct Sentiment(Encoder);

impl Sentiment {
    /// Loads a model folder.
    ///
    /// # Errors
    /// It is no model folder.
    pub fn load(folder: &Path) -> Result<Self> {
        let encoder = Encoder::load(folder);
        Ok(Self(encoder.with_context(|| {
            format!("cannot load {}", folder.display())
        })?))
    }

    fn of(&self, prompts: &[&str]) -> Result<Vec<Option<String>>> {
        let found = self.0.classify(prompts, Some(&[MOOD.to_owned()]))?;
        let best = found.iter().map(|one| {
            let head = one.heads.first().and_then(|head| head.best());
            head.map(|score| score.label.to_string())
        });
        Ok(best.collect())
    }
}

/// What is in the files of a part.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Written {
    /// Rows.
    pub rows: usize,
    /// Rows of each theme and severity.
    pub strata: BTreeMap<String, usize>,
    /// File name to SHA-256.
    pub files: BTreeMap<String, String>,
}

struct PartFiles {
    lines: BufWriter<File>,
    table: csv::Writer<File>,
    waiting: Vec<Row>,
    written: Written,
}

/// Writes the parts.
pub struct Writers {
    staged: TempDir,
    folder: PathBuf,
    parts: BTreeMap<Part, PartFiles>,
    sentiment: Option<Sentiment>,
}

impl Writers {
    /// Files in a temporary folder beside `folder`.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn create(folder: &Path, sentiment: Option<Sentiment>) -> Result<Self> {
        let staged = files::staging_folder(folder)?;
        let mut parts = BTreeMap::new();
        for part in Part::ALL {
            let path = |ending: &str| staged.path().join(format!("{part}.{ending}"));
            let files = PartFiles {
                lines: BufWriter::with_capacity(1 << 20, File::create(path("jsonl"))?),
                table: csv::Writer::from_path(path("csv"))?,
                waiting: Vec::new(),
                written: Written::default(),
            };
            parts.insert(part, files);
        }
        Ok(Self {
            staged,
            folder: folder.to_owned(),
            parts,
            sentiment,
        })
    }

    /// Adds a row to a part.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn add(&mut self, part: Part, row: Row) -> Result<()> {
        let Some(files) = self.parts.get_mut(&part) else {
            return Ok(());
        };
        files.waiting.push(row);
        if files.waiting.len() >= PROMPTS_AT_ONCE {
            files.write_waiting(self.sentiment.as_ref())?;
        }
        Ok(())
    }

    /// Writes what is left and puts the files in their places.
    ///
    /// # Errors
    /// The disk refuses; the destination is then as it was.
    pub fn finish(mut self) -> Result<BTreeMap<Part, Written>> {
        let mut written = BTreeMap::new();
        for (part, mut files) in std::mem::take(&mut self.parts) {
            files.write_waiting(self.sentiment.as_ref())?;
            files.lines.flush()?;
            files.table.flush()?;
            for ending in ["jsonl", "csv"] {
                let name = format!("{part}.{ending}");
                let hash = sha256(&self.staged.path().join(&name))?;
                files.written.files.insert(name, hash);
            }
            written.insert(part, files.written);
        }
        files::replace_folder(self.staged, &self.folder)?;
        Ok(written)
    }
}

impl PartFiles {
    fn write_waiting(&mut self, sentiment: Option<&Sentiment>) -> Result<()> {
        let rows = std::mem::take(&mut self.waiting);
        let prompts: Vec<&str> = rows.iter().map(|row| row.prompt.as_str()).collect();
        let moods = match sentiment {
            Some(sentiment) if !prompts.is_empty() => sentiment.of(&prompts)?,
            _ => vec![None; rows.len()],
        };
        for (row, mood) in rows.iter().zip(&moods) {
            let line = Line {
                id: &row.id,
                prompt: &row.prompt,
                chosen: &row.chosen,
                rejected: &row.rejected,
                category: row.category,
                severity: row.severity,
                prompt_len: steps::length(&row.prompt),
                chosen_len: steps::length(&row.chosen),
                rejected_len: steps::length(&row.rejected),
                prompt_words: steps::word_count(&row.prompt),
                chosen_words: steps::word_count(&row.chosen),
                rejected_words: steps::word_count(&row.rejected),
                sentiment: mood.as_deref(),
            };
            serde_json::to_writer(&mut self.lines, &line)?;
            self.lines.write_all(b"\n")?;
            self.table.serialize(&line)?;
            let stratum = format!("{}, {}", row.category, row.severity);
            *self.written.strata.entry(stratum).or_default() += 1;
            self.written.rows += 1;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Manifest<'a> {
    inputs: BTreeMap<String, String>,
    held_out: Vec<String>,
    removed: Removed,
    similarity: f64,
    validation: f64,
    seed: u64,
    parts: BTreeMap<&'a str, &'a Written>,
}

/// Writes manifest.json beside the parts.
///
/// # Errors
/// An input cannot be read again or the disk refuses.
pub fn write_manifest(
    options: &PrepareOptions,
    inputs: &[PathBuf],
    removed: Removed,
    parts: &BTreeMap<Part, Written>,
) -> Result<()> {
    let name = |path: &PathBuf| {
        let name = path.file_name().unwrap_or(path.as_os_str());
        name.to_string_lossy().into_owned()
    };
    let hashes = inputs.iter().map(|path| Ok((name(path), sha256(path)?)));
    let manifest = Manifest {
        inputs: hashes.collect::<Result<_>>()?,
        held_out: options.test.iter().map(name).collect(),
        removed,
        similarity: options.similarity,
        validation: options.validation,
        seed: options.seed,
        parts: parts
            .iter()
            .map(|(part, written)| (part.name(), written))
            .collect(),
    };
    files::write_json(&options.out.join("manifest.json"), &manifest)
}

fn sha256(path: &Path) -> Result<String> {
    let file = fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let length = reader.read(&mut buffer)?;
        if length == 0 {
            break;
        }
        hash.update(&buffer[..length]);
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
