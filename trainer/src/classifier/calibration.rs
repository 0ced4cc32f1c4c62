//! Temperature scaling (Guo et al. 2017, "On Calibration of Modern Neural Networks"): one number
//! per head by which logits are divided, so that probabilities match how often a head is right.

/// The range that is searched; beyond it something is wrong with the logits.
const RANGE: (f32, f32) = (0.05, 20.0);
/// Steps of the golden-section search: each shrinks the range to 0.618 of itself.
const STEPS: usize = 60;

/// Mean negative log likelihood of the true classes at a temperature.
#[must_use]
pub fn negative_log_likelihood(logits: &[Vec<f32>], classes: &[usize], temperature: f32) -> f32 {
    let rows = logits.iter().zip(classes);
    let sum: f32 = rows
        .map(|(row, class)| {
            let scaled = row.iter().map(|x| x / temperature);
            let max = scaled.clone().fold(f32::NEG_INFINITY, f32::max);
            let log_sum = scaled.map(|x| (x - max).exp()).sum::<f32>().ln() + max;
            log_sum - row[*class] / temperature
        })
        .sum();
    sum / classes.len().max(1) as f32
}

/// The temperature with the smallest [`negative_log_likelihood`].
#[must_use]
pub fn best_temperature(logits: &[Vec<f32>], classes: &[usize]) -> f32 {
    let golden = (5.0_f32.sqrt() - 1.0) / 2.0;
    // In the logarithm the loss has one valley.
    let (mut low, mut high) = (RANGE.0.ln(), RANGE.1.ln());
    let loss = |x: f32| negative_log_likelihood(logits, classes, x.exp());
    for _ in 0..STEPS {
        let left = high - golden * (high - low);
        let right = low + golden * (high - low);
        if loss(left) < loss(right) {
            high = right;
        } else {
            low = left;
        }
    }
    f32::midpoint(low, high).exp()
}

/// Expected calibration error over ten bins of the winning probability: 0 is perfect.
#[must_use]
pub fn calibration_error(probabilities: &[Vec<f32>], classes: &[usize]) -> f32 {
    let mut bins = [(0.0_f32, 0.0_f32); 10];
    for (row, class) in probabilities.iter().zip(classes) {
        let best = argmax(row);
        let bin = ((row[best] * 10.0) as usize).min(9);
        bins[bin].0 += row[best];
        bins[bin].1 += f32::from(u8::from(best == *class));
    }
    let total: f32 = bins.iter().map(|(sum, right)| (sum - right).abs()).sum();
    total / classes.len().max(1) as f32
}

/// The position of the largest number; the first of equals.
#[must_use]
pub fn argmax(row: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = index;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overconfident_logits_get_the_temperature_that_undoes_it() {
        // Right three times of four: calibrated logits differ by ln 3, these by 5 ln 3.
        let logits = vec![vec![5.0 * 3.0_f32.ln(), 0.0]; 4];
        let temperature = best_temperature(&logits, &[0, 0, 0, 1]);
        assert!((temperature - 5.0).abs() < 0.05, "{temperature}");
    }

    #[test]
    fn calibration_error_is_the_gap_between_confidence_and_hits() {
        let rows = vec![vec![0.9, 0.1]; 10];
        let nine_right = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        assert!(calibration_error(&rows, &nine_right) < 1e-5);
        assert!((calibration_error(&rows, &[1; 10]) - 0.9).abs() < 1e-5);
    }
}
