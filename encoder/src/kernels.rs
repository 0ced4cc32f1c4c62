//! Arithmetic on slices, written so that the compiler turns it into vector instructions: sums in
//! independent lanes, no branches, no calls into libm. Elementwise work is a third of the time of a
//! small encoder when it is done with one pass and one allocation for each operation.

use crate::config::Activation;

/// Independent partial sums, so that additions need not wait for each other.
const LANES: usize = 16;

/// a · b + c; fused only where that is one instruction.
#[inline(always)]
pub(crate) fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
        a.mul_add(b, c)
    } else {
        a * b + c
    }
}

/// e^x to about 2e-7 relative, for x up to 88; smaller than -87 gives a number near 1e-38.
/// Range reduction and polynomial of the Cephes library's expf.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let shifted = multiply_add(x, std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = multiply_add(n, -LN_2_LOW, multiply_add(n, -LN_2_HIGH, x));
    let mut p = 1.987_569_1e-4;
    for coefficient in [
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        1.666_666_5e-1,
        0.5,
    ] {
        p = multiply_add(p, r, coefficient);
    }
    let p = multiply_add(p, r * r, r + 1.0);
    let scale = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    p * scale
}

/// x · Φ(x), with the error function of Abramowitz and Stegun 7.1.26 (absolute error 1.5e-7).
#[inline(always)]
fn gelu(x: f32) -> f32 {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / multiply_add(0.327_591_1, z, 1.0);
    let mut p = 1.061_405_4;
    for coefficient in [-1.453_152_1, 1.421_413_8, -0.284_496_72, 0.254_829_6] {
        p = multiply_add(p, t, coefficient);
    }
    // 1 - erf(z), which is small where x is large: no cancellation on either side.
    let tail = p * t * exp(-z * z);
    multiply_add(-0.5 * x.abs(), tail, x.max(0.0))
}

/// Adds the bias to a row and applies the activation.
pub(crate) fn bias_activation(row: &mut [f32], bias: &[f32], activation: Activation) {
    match activation {
        Activation::Gelu => {
            for (value, bias) in row.iter_mut().zip(bias) {
                *value = gelu(*value + bias);
            }
        }
        Activation::Relu => {
            for (value, bias) in row.iter_mut().zip(bias) {
                *value = (*value + bias).max(0.0);
            }
        }
    }
}

fn sum_with(row: &[f32], value: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest: f32 = chunks.remainder().iter().map(|&x| value(x)).sum();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane += value(x);
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// Brings a row to mean 0 and variance 1, then scales and shifts it.
pub(crate) fn layer_norm(row: &mut [f32], scale: &[f32], shift: &[f32], epsilon: f32) {
    let count = row.len() as f32;
    let mean = sum_with(row, |x| x) / count;
    let variance = sum_with(row, |x| (x - mean) * (x - mean)) / count;
    let inverse = 1.0 / (variance + epsilon).sqrt();
    for ((value, scale), shift) in row.iter_mut().zip(scale).zip(shift) {
        *value = multiply_add((*value - mean) * inverse, *scale, *shift);
    }
}

/// Turns scores into probabilities that sum to 1.
pub(crate) fn softmax(row: &mut [f32]) {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder().iter().copied();
    let rest = rest.fold(f32::NEG_INFINITY, f32::max);
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = if x > *lane { x } else { *lane };
        }
    }
    let max = lanes.iter().copied().fold(rest, f32::max);
    for value in row.iter_mut() {
        *value = exp(*value - max);
    }
    let inverse = 1.0 / sum_with(row, |x| x);
    for value in row.iter_mut() {
        *value *= inverse;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_follows_the_exact_function() {
        for step in -860..=870 {
            let x = step as f32 * 0.1;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp(x)) - exact).abs() / exact;
            assert!(error < 4e-7, "exp({x}): relative error {error}");
        }
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
    }

    #[test]
    fn gelu_has_the_values_of_the_published_table() {
        // x·Φ(x) with Φ from a table of the normal distribution.
        let table = [
            (-3.0, -0.004_049_694),
            (-1.0, -0.158_655_25),
            (-0.5, -0.154_268_77),
            (0.0, 0.0),
            (0.5, 0.345_731_23),
            (1.0, 0.841_344_8),
            (3.0, 2.995_950_3),
        ];
        for (x, expected) in table {
            assert!((gelu(x) - expected).abs() < 1e-6, "gelu({x}) = {}", gelu(x));
        }
        assert_eq!(gelu(40.0), 40.0);
        assert!(gelu(-40.0).abs() < 1e-30);
    }

    #[test]
    fn softmax_is_stable_for_large_scores_and_odd_lengths() {
        for length in [1, 3, 16, 17, 40] {
            let mut row: Vec<f32> = (0..length).map(|i| 1000.0 + i as f32).collect();
            softmax(&mut row);
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            if length > 1 {
                let ratio = row[length - 1] / row[length - 2];
                assert!((ratio - std::f32::consts::E).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn layer_norm_scales_and_shifts_a_standardised_row() {
        let mut row = [1.0, 2.0, 3.0, 4.0];
        layer_norm(&mut row, &[1.0, 1.0, 2.0, 1.0], &[0.0, 0.0, 0.5, 0.0], 0.0);
        // Mean 2.5, standard deviation sqrt(1.25).
        let unit = 1.25_f32.sqrt();
        let expected = [-1.5 / unit, -0.5 / unit, 1.0 / unit + 0.5, 1.5 / unit];
        for (value, expected) in row.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-6);
        }
    }
}
