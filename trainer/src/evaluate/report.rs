//! Precision, recall and F1 for each label and their plain means, laid out as scikit-learn's
//! `classification_report`, with the confusion matrix below.

use std::fmt;

use serde::Serialize;

/// The figures of one label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelFigures {
    /// The label.
    pub label: String,
    /// Right among those predicted; 0 when none was predicted.
    pub precision: f32,
    /// Found among those that are; 0 when there are none.
    pub recall: f32,
    /// Harmonic mean of the two.
    pub f1: f32,
    /// How many there are.
    pub support: usize,
}

/// The report of one head.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// In the head's order.
    pub labels: Vec<LabelFigures>,
    /// Share of right predictions.
    pub accuracy: f32,
    /// Mean F1 of the labels that occur.
    pub macro_f1: f32,
    /// Mean precision of the labels that occur.
    pub macro_precision: f32,
    /// Mean recall of the labels that occur.
    pub macro_recall: f32,
    /// Rows are true labels, columns predicted ones.
    pub confusion: Vec<Vec<usize>>,
}

fn ratio(part: usize, whole: usize) -> f32 {
    if whole == 0 {
        0.0
    } else {
        part as f32 / whole as f32
    }
}

impl Report {
    /// Compares true with predicted classes.
    #[must_use]
    pub fn new(labels: &[String], classes: &[usize], predicted: &[usize]) -> Self {
        let mut confusion = vec![vec![0; labels.len()]; labels.len()];
        for (class, prediction) in classes.iter().zip(predicted) {
            confusion[*class][*prediction] += 1;
        }
        let figures: Vec<LabelFigures> = labels
            .iter()
            .enumerate()
            .map(|(class, label)| {
                let right = confusion[class][class];
                let support = confusion[class].iter().sum();
                let found: usize = confusion.iter().map(|row| row[class]).sum();
                let (precision, recall) = (ratio(right, found), ratio(right, support));
                LabelFigures {
                    label: label.clone(),
                    precision,
                    recall,
                    f1: ratio(2 * right, found + support),
                    support,
                }
            })
            .collect();
        let occurring: Vec<&LabelFigures> = figures.iter().filter(|f| f.support > 0).collect();
        let mean = |value: fn(&LabelFigures) -> f32| {
            let sum: f32 = occurring.iter().map(|figures| value(figures)).sum();
            sum / occurring.len().max(1) as f32
        };
        let right = (0..labels.len()).map(|class| confusion[class][class]).sum();
        Self {
            accuracy: ratio(right, classes.len()),
            macro_f1: mean(|f| f.f1),
            macro_precision: mean(|f| f.precision),
            macro_recall: mean(|f| f.recall),
            labels: figures,
            confusion,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.labels.iter().map(|figures| figures.label.len());
        let width = widths.max().unwrap_or(0).max("weighted avg".len());
        let head = ["precision", "recall", "f1-score", "support"];
        writeln!(
            f,
            "{:>width$} {:>10} {:>10} {:>10} {:>10}",
            "", head[0], head[1], head[2], head[3]
        )?;
        let mut row = |name: &str, p: f32, r: f32, f1: f32, support: usize| {
            writeln!(
                f,
                "{name:>width$} {p:>10.3} {r:>10.3} {f1:>10.3} {support:>10}"
            )
        };
        let mut total = 0;
        for l in &self.labels {
            row(&l.label, l.precision, l.recall, l.f1, l.support)?;
            total += l.support;
        }
        let averages = (self.macro_precision, self.macro_recall, self.macro_f1);
        row("macro avg", averages.0, averages.1, averages.2, total)?;
        let weighted = |value: fn(&LabelFigures) -> f32| {
            let sum: f32 = self
                .labels
                .iter()
                .map(|l| value(l) * l.support as f32)
                .sum();
            sum / total.max(1) as f32
        };
        let (precision, recall) = (weighted(|l| l.precision), weighted(|l| l.recall));
        row("weighted avg", precision, recall, weighted(|l| l.f1), total)?;
        writeln!(
            f,
            "{:>width$} {:>10} {:>10} {:>10.3} {total:>10}",
            "accuracy", "", "", self.accuracy
        )?;
        write!(f, "true \\ predicted")?;
        for (figures, row) in self.labels.iter().zip(&self.confusion) {
            write!(f, "\n{:>width$}", figures.label)?;
            for count in row {
                write!(f, " {count:>5}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_a_worked_example() {
        let labels = ["a", "b", "c"].map(str::to_owned);
        let report = Report::new(&labels, &[0, 0, 0, 1, 1], &[0, 0, 1, 1, 0]);
        assert!((report.labels[0].precision - 2.0 / 3.0).abs() < 1e-6);
        assert!((report.labels[0].recall - 2.0 / 3.0).abs() < 1e-6);
        assert!((report.labels[1].f1 - 0.5).abs() < 1e-6);
        assert_eq!(report.labels[2].support, 0);
        assert!((report.accuracy - 0.6).abs() < 1e-6);
        // A label that does not occur does not count.
        assert!((report.macro_f1 - (2.0 / 3.0 + 0.5) / 2.0).abs() < 1e-6);
        assert_eq!(report.confusion[0], [2, 1, 0]);
    }
}
