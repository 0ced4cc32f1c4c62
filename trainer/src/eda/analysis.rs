//! Counts over all prepared rows, and a sample of points.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use anyhow::{Context, Result, bail, ensure};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::Deserialize;

use super::words::{COLUMNS, WordCounts};
use crate::{
    data::{
        raw::describe,
        split::Part,
        steps::{CATEGORIES, SEVERITIES},
    },
    progress,
};

/// The sample of points is the same in every run.
const SEED: u64 = 17;

#[derive(Deserialize)]
struct Line {
    prompt: String,
    chosen: String,
    rejected: String,
    category: String,
    severity: String,
    prompt_len: u32,
    rejected_len: u32,
    prompt_words: u32,
    chosen_words: u32,
    rejected_words: u32,
    sentiment: Option<String>,
}

/// Lengths of prompt and rejected reply in characters.
pub(super) type Point = (u32, u32);

/// What the figures show.
#[derive(Debug)]
pub(super) struct Analysis {
    pub(super) rows: usize,
    pub(super) parts: BTreeMap<&'static str, usize>,
    pub(super) strata: BTreeMap<(&'static str, &'static str), usize>,
    pub(super) sentiments: BTreeMap<String, usize>,
    pub(super) points: BTreeMap<&'static str, Vec<Point>>,
    pub(super) words: WordCounts,
    /// In the order of [`COLUMNS`].
    total_words: [u64; 3],
    random: StdRng,
}

impl Analysis {
    /// Reads every part in the folder.
    pub(super) fn of(folder: &Path, most_points: usize) -> Result<Self> {
        let mut analysis = Self {
            rows: 0,
            parts: BTreeMap::new(),
            strata: BTreeMap::new(),
            sentiments: BTreeMap::new(),
            points: BTreeMap::new(),
            words: WordCounts::new(),
            total_words: [0; 3],
            random: StdRng::seed_from_u64(SEED),
        };
        let bar = progress::bar(0, "read");
        for part in Part::ALL {
            let path = folder.join(format!("{part}.jsonl"));
            let file = File::open(&path).with_context(|| {
                format!(
                    "cannot open {}; `trainer prepare` writes it",
                    path.display()
                )
            })?;
            for (index, text) in BufReader::with_capacity(1 << 20, file).lines().enumerate() {
                let place = || describe(&path, index + 1);
                let line: Line =
                    serde_json::from_str(&text.with_context(place)?).with_context(place)?;
                analysis.add(&line, most_points).with_context(place)?;
                *analysis.parts.entry(part.name()).or_default() += 1;
                bar.inc(1);
            }
        }
        bar.finish_and_clear();
        ensure!(analysis.rows > 0, "there is no row in {}", folder.display());
        Ok(analysis)
    }

    fn add(&mut self, line: &Line, most_points: usize) -> Result<()> {
        let known = |list: &[&'static str; 3], name: &str| {
            list.iter().copied().find(|known| *known == name)
        };
        let Some(category) = known(&CATEGORIES, &line.category) else {
            bail!("the category {:?} is none of {CATEGORIES:?}", line.category);
        };
        let Some(severity) = known(&SEVERITIES, &line.severity) else {
            bail!("the severity {:?} is none of {SEVERITIES:?}", line.severity);
        };
        self.rows += 1;
        *self.strata.entry((category, severity)).or_default() += 1;
        if let Some(sentiment) = &line.sentiment {
            *self.sentiments.entry(sentiment.clone()).or_default() += 1;
        }
        let texts = [&line.prompt, &line.chosen, &line.rejected];
        for (column, text) in COLUMNS.into_iter().zip(texts) {
            self.words.add(column, category, text);
        }
        let counts = [line.prompt_words, line.chosen_words, line.rejected_words];
        for (total, count) in self.total_words.iter_mut().zip(counts) {
            *total += u64::from(count);
        }
        self.sample(category, (line.prompt_len, line.rejected_len), most_points);
        Ok(())
    }

    /// Reservoir sampling (Vitter 1985, algorithm R): every row of a theme has the same chance.
    fn sample(&mut self, category: &'static str, point: Point, most: usize) {
        let seen: usize = SEVERITIES
            .iter()
            .filter_map(|severity| self.strata.get(&(category, severity)))
            .sum();
        let points = self.points.entry(category).or_default();
        if points.len() < most {
            points.push(point);
            return;
        }
        let place = self.random.random_range(0..seen);
        if let Some(kept) = points.get_mut(place) {
            *kept = point;
        }
    }

    /// Rows of each theme.
    pub(super) fn by_category(&self) -> Vec<(String, f64)> {
        let rows = |category: &'static str| -> usize {
            let own = self
                .strata
                .iter()
                .filter(|((name, _), _)| *name == category);
            own.map(|(_, count)| count).sum()
        };
        CATEGORIES
            .map(|category| (category.to_owned(), rows(category) as f64))
            .into()
    }

    /// Rows of each theme and severity.
    pub(super) fn by_severity(&self) -> Vec<(String, f64)> {
        let pairs = CATEGORIES
            .into_iter()
            .flat_map(|category| SEVERITIES.map(|severity| (category, severity)));
        pairs
            .map(|(category, severity)| {
                let rows = self.strata.get(&(category, severity)).copied();
                (format!("{category}, {severity}"), rows.unwrap_or(0) as f64)
            })
            .collect()
    }

    /// Prompts of each mood.
    pub(super) fn by_mood(&self) -> Vec<(String, f64)> {
        let moods = self.sentiments.iter();
        moods
            .map(|(mood, rows)| (mood.clone(), *rows as f64))
            .collect()
    }

    /// Words of a text of each column, on average.
    pub(super) fn mean_words(&self) -> Vec<(String, f64)> {
        let mean = |total: u64| total as f64 / self.rows as f64;
        let columns = COLUMNS.into_iter().zip(self.total_words);
        columns
            .map(|(column, total)| (column.to_owned(), mean(total)))
            .collect()
    }
}
