//! What the web page shows about the training data: the same charts as numbers, in the form in which the gateway
//! hands out charts.

use serde::Serialize;

use super::{
    TOP_WORDS,
    analysis::Analysis,
    words::{COLUMNS, as_bars},
};
use crate::data::steps::CATEGORIES;

/// Points of each theme that a phone draws without trouble.
const POINTS: usize = 120;

/// The file content/training-data.json.
#[derive(Debug, Serialize)]
pub(super) struct TrainingData {
    pairs: usize,
    charts: Vec<Chart>,
    lengths: Vec<Series>,
}

#[derive(Debug, Serialize)]
struct Chart {
    id: String,
    title: String,
    caption: String,
    kind: &'static str,
    unit: &'static str,
    points: Vec<ChartPoint>,
    source: Source,
}

#[derive(Debug, Serialize)]
struct ChartPoint {
    label: String,
    value: f64,
}

#[derive(Debug, Serialize)]
struct Source {
    name: &'static str,
}

/// Lengths of prompts against lengths of rejected replies, one series a theme.
#[derive(Debug, Serialize)]
struct Series {
    name: &'static str,
    points: Vec<[u32; 2]>,
}

fn chart(
    id: &str,
    title: &str,
    caption: &str,
    unit: &'static str,
    rows: Vec<(String, f64)>,
) -> Chart {
    let points = rows.into_iter().map(|(label, value)| ChartPoint {
        label,
        value: (value * 10.0).round() / 10.0,
    });
    Chart {
        id: format!("training-{id}"),
        title: title.to_owned(),
        caption: caption.to_owned(),
        kind: "bar",
        unit,
        points: points.collect(),
        source: Source {
            name: "Counted in this project's training data; data/README.md says who wrote it and how",
        },
    }
}

/// Collects it.
pub(super) fn training_data(analysis: &Analysis) -> TrainingData {
    let mut charts = vec![
        chart(
            "themes",
            "Examples of each theme",
            "An example is a message, a better reply and a worse one.",
            "pairs",
            analysis.by_category(),
        ),
        chart(
            "severities",
            "Examples of each theme and severity",
            "How heavy the situation in the message is.",
            "pairs",
            analysis.by_severity(),
        ),
        chart(
            "words",
            "Words in a text, on average",
            "Messages, better replies (chosen) and worse ones (rejected).",
            "words",
            analysis.mean_words(),
        ),
    ];
    for category in CATEGORIES {
        let top = analysis.words.top(COLUMNS[0], category, TOP_WORDS);
        charts.push(chart(
            &format!("top-{}", category.replace(' ', "-")),
            &format!("Ten frequent words of messages about {category}"),
            "Without very common words.",
            "times",
            as_bars(&top, TOP_WORDS),
        ));
    }
    let lengths = analysis.points.iter().map(|(name, points)| Series {
        name,
        points: points.iter().take(POINTS).map(|(x, y)| [*x, *y]).collect(),
    });
    TrainingData {
        pairs: analysis.rows,
        charts,
        lengths: lengths.collect(),
    }
}
