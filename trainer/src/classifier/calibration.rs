//! Temperature scaling (Guo et al. 2017, "On Calibration of Modern Neural Networks"): one number
//! per head by which logits are divided, so that probabilities match how often a head is right.

/// The range that is searched. Below a half, the validation texts were too few or too easy to tell how sure a head may
/// be; above twenty, something is wrong with the logits.
const RANGE: (f32, f32) = (0.5, 20.0);
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

/// Shifts that are tried for each label but the first, in units of calibrated log-probability.
const SHIFTS: [f32; 11] = [-1.0, -0.8, -0.6, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6, 0.8, 1.0];
/// What a shift costs in macro-F1 for each unit squared, so that noise moves nothing.
const SHIFT_COST: f32 = 0.01;

/// Shifts of the logits, one a label (the first is 0), with which the most probable label gives the best mean F1
/// over the labels. Training by likelihood leaves a label that lies between others, such as "moderate", predicted
/// too rarely. `logits` are divided by the temperature.
#[must_use]
pub fn balancing_shifts(logits: &[Vec<f32>], classes: &[usize], labels: usize) -> Vec<f32> {
    let mut best = (f32::NEG_INFINITY, vec![0.0; labels]);
    let mut choice = vec![0; labels.saturating_sub(1)];
    loop {
        let shifts: Vec<f32> = std::iter::once(0.0)
            .chain(choice.iter().map(|index| SHIFTS[*index]))
            .collect();
        let cost: f32 = shifts.iter().map(|shift| shift * shift * SHIFT_COST).sum();
        let score = shifted_macro_f1(logits, classes, &shifts) - cost;
        if score > best.0 {
            best = (score, shifts);
        }
        let Some(place) = choice.iter().position(|index| index + 1 < SHIFTS.len()) else {
            return best.1;
        };
        choice[..place].fill(0);
        choice[place] += 1;
    }
}

fn shifted_macro_f1(logits: &[Vec<f32>], classes: &[usize], shifts: &[f32]) -> f32 {
    let mut hits = vec![0_usize; shifts.len()];
    let mut marked = vec![0_usize; shifts.len()];
    for (row, class) in logits.iter().zip(classes) {
        let shifted: Vec<f32> = row
            .iter()
            .zip(shifts)
            .map(|(logit, shift)| logit + shift)
            .collect();
        let predicted = argmax(&shifted);
        marked[predicted] += 1;
        marked[*class] += 1;
        hits[*class] += usize::from(predicted == *class);
    }
    let scores = hits.iter().zip(&marked);
    let sum: f32 = scores
        .map(|(hits, marked)| 2.0 * *hits as f32 / (*marked).max(1) as f32)
        .sum();
    sum / shifts.len().max(1) as f32
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
    fn a_label_between_two_others_is_predicted_as_often_as_it_helps() {
        // The middle label is right for half of the texts, and always a little behind the first.
        let logits = vec![vec![1.0, 0.5, -1.0]; 10];
        let classes: Vec<usize> = (0..10).map(|number| usize::from(number < 9)).collect();
        let shifts = balancing_shifts(&logits, &classes, 3);
        assert!(shifts[1] > 0.5 && shifts[1] < 0.9, "{shifts:?}");
        let clear = vec![vec![3.0, 0.0], vec![0.0, 3.0]];
        assert_eq!(balancing_shifts(&clear, &[0, 1], 2), [0.0, 0.0]);
    }

    #[test]
    fn overconfident_logits_get_the_temperature_that_undoes_it() {
        // Right three times of four: calibrated logits differ by ln 3, these by 5 ln 3.
        let logits = vec![vec![5.0 * 3.0_f32.ln(), 0.0]; 4];
        let temperature = best_temperature(&logits, &[0, 0, 0, 1]);
        assert!((temperature - 5.0).abs() < 0.05, "{temperature}");
    }

    #[test]
    fn a_head_that_was_always_right_is_not_made_certain() {
        let logits = vec![vec![2.0, -2.0]; 20];
        let temperature = best_temperature(&logits, &[0; 20]);
        assert!(temperature >= 0.5, "{temperature}");
    }

    #[test]
    fn calibration_error_is_the_gap_between_confidence_and_hits() {
        let rows = vec![vec![0.9, 0.1]; 10];
        let nine_right = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        assert!(calibration_error(&rows, &nine_right) < 1e-5);
        assert!((calibration_error(&rows, &[1; 10]) - 0.9).abs() < 1e-5);
    }
}
