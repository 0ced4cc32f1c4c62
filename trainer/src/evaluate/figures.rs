//! Everything that is measured about one head on one set of texts.

use serde::Serialize;

use super::report::Report;
use crate::classifier::calibration::{argmax, calibration_error};

/// Where a caller may want to act: a label counts as found from this probability on.
const THRESHOLDS: [f32; 5] = [0.05, 0.1, 0.2, 0.3, 0.5];

/// The figures of one head.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// When the most probable label is taken.
    pub report: Report,
    /// Expected calibration error of the probabilities.
    pub calibration_error: f32,
    /// When a label is taken from some probability on.
    pub operating_points: Vec<OperatingPoint>,
}

/// One label at one threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OperatingPoint {
    /// The label.
    pub label: String,
    /// The smallest probability that counts.
    pub threshold: f32,
    /// Right among those found; 0 when none was found.
    pub precision: f32,
    /// Found among those that are.
    pub recall: f32,
}

impl Figures {
    /// Compares true classes with one row of probabilities for each.
    #[must_use]
    pub fn new(labels: &[String], classes: &[usize], probabilities: &[Vec<f32>]) -> Self {
        let predicted: Vec<usize> = probabilities.iter().map(|row| argmax(row)).collect();
        let points = labels.iter().enumerate().flat_map(|(class, label)| {
            THRESHOLDS.map(|threshold| {
                let rows = probabilities.iter().zip(classes);
                let found = rows.filter(|(row, _)| row[class] >= threshold);
                let hits: Vec<bool> = found.map(|(_, truth)| *truth == class).collect();
                let right = hits.iter().filter(|hit| **hit).count() as f32;
                let support = classes.iter().filter(|truth| **truth == class).count();
                OperatingPoint {
                    label: label.clone(),
                    threshold,
                    precision: right / hits.len().max(1) as f32,
                    recall: right / support.max(1) as f32,
                }
            })
        });
        Self {
            operating_points: points.collect(),
            report: Report::new(labels, classes, &predicted),
            calibration_error: calibration_error(probabilities, classes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lower_threshold_finds_more_and_is_wrong_more_often() {
        let labels = ["none", "crisis"].map(str::to_owned);
        let rows = [0.9, 0.35, 0.25, 0.01].map(|crisis| vec![1.0 - crisis, crisis]);
        let figures = Figures::new(&labels, &[1, 1, 0, 0], &rows);
        let at = |threshold: f32| {
            let mut points = figures.operating_points.iter();
            let point = points.find(|p| p.label == "crisis" && p.threshold == threshold);
            point.map(|point| (point.precision, point.recall))
        };
        assert_eq!(at(0.5), Some((1.0, 0.5)));
        assert_eq!(at(0.3), Some((1.0, 1.0)));
        assert_eq!(at(0.2), Some((2.0 / 3.0, 1.0)));
    }
}
