//! Exploratory analysis of prepared pairs. In: the folder of `trainer prepare`. Out: figures as SVG, one HTML
//! report that holds them, and the JSON from which the web page draws its own. Rows are read one at a time; what
//! is kept are counts and a sample of points.

mod analysis;
mod chart;
mod page;
mod web;
mod word_cloud;
mod words;

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use clap::Args;

use self::{analysis::Analysis, page::Figure};
use crate::{data::steps::CATEGORIES, files};

/// Name of the report inside the output folder.
pub const REPORT: &str = "report.html";
/// Name of the web page's data inside the output folder.
pub const WEB: &str = "training-data.json";

/// Words of a word cloud.
const CLOUD_WORDS: usize = 60;
/// Words of a list.
const TOP_WORDS: usize = 10;

/// What to analyse.
#[derive(Debug, Clone, Args)]
pub struct EdaOptions {
    /// Folder that `trainer prepare` wrote.
    #[arg(long)]
    data: PathBuf,
    /// Folder to write: report.html, the figures, and training-data.json for the web page.
    #[arg(long)]
    out: PathBuf,
    /// Points of each theme in the scatter plot; a random sample when there are more rows.
    #[arg(long, default_value_t = 1000)]
    points: usize,
}

impl EdaOptions {
    /// The folder to write.
    #[must_use]
    pub fn out(&self) -> &Path {
        &self.out
    }
}

/// Analyses and writes.
///
/// # Errors
/// No prepared file, a line that cannot be read (named with its file), a disk that refuses.
pub fn explore(options: &EdaOptions, report: &mut impl Write) -> Result<()> {
    let analysis = Analysis::of(&options.data, options.points)?;
    let figures = figures(&analysis).context("cannot draw the figures")?;
    let staged = files::staging_folder(&options.out)?;
    for figure in &figures {
        write_text(&staged.path().join(&figure.file), &figure.svg)?;
    }
    write_text(
        &staged.path().join(REPORT),
        &page::render(&analysis, &figures),
    )?;
    files::write_json(&staged.path().join(WEB), &web::training_data(&analysis))?;
    files::replace_folder(staged, &options.out)?;
    let rows = analysis.rows;
    writeln!(report, "{rows} pairs, {} figures", figures.len())?;
    Ok(())
}

fn write_text(path: &Path, text: &str) -> Result<()> {
    files::write_atomically(path, |out| Ok(out.write_all(text.as_bytes())?))
}

fn figures(analysis: &Analysis) -> Result<Vec<Figure>> {
    let mut figures = vec![
        Figure::new(
            "lengths",
            "Length of prompts against length of rejected replies, in characters",
            chart::scatter(&analysis.points, "prompt", "rejected reply")?,
        ),
        Figure::new(
            "themes",
            "Pairs of each theme",
            chart::bars(&analysis.by_category())?,
        ),
        Figure::new(
            "severities",
            "Pairs of each theme and severity",
            chart::bars(&analysis.by_severity())?,
        ),
        Figure::new(
            "words",
            "Words in a text, on average",
            chart::bars(&analysis.mean_words())?,
        ),
    ];
    if !analysis.sentiments.is_empty() {
        figures.push(Figure::new(
            "moods",
            "Mood of the prompts",
            chart::bars(&analysis.by_mood())?,
        ));
    }
    for column in words::COLUMNS {
        for category in CATEGORIES {
            let top = analysis.words.top(column, category, CLOUD_WORDS);
            let name = format!("{column}-{}", category.replace(' ', "-"));
            let first = words::as_bars(&top, TOP_WORDS);
            figures.push(Figure::new(
                &format!("top-{name}"),
                &format!("Ten most frequent words of {column} texts, {category}"),
                chart::bars(&first)?,
            ));
            figures.push(Figure::new(
                &format!("cloud-{name}"),
                &format!("Words of {column} texts, {category}"),
                word_cloud::draw(&top)?,
            ));
        }
    }
    Ok(figures)
}
