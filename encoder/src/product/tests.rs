//! The product against the library, and both of its forms against each other.

use candle_core::Device;

use super::*;

fn numbers(count: usize, step: f32) -> Vec<f32> {
    (0..count).map(|n| (n as f32 * step).sin()).collect()
}

fn matrix(values: &[f32], rows: usize) -> Tensor {
    Tensor::from_slice(values, (rows, values.len() / rows), &Device::Cpu).unwrap()
}

#[test]
fn the_product_is_that_of_the_library_but_for_the_rounding() {
    for (rows, inputs, outputs) in [(1, 3, 5), (5, 32, 16), (9, 42, 33), (50, 384, 96)] {
        let input = matrix(&numbers(rows * inputs, 0.7), rows);
        let weight = matrix(&numbers(outputs * inputs, 1.3), outputs);
        let expected = input.matmul(&weight.t().unwrap()).unwrap();
        let packed = PackedWeight::new(&weight).unwrap();
        let found = input.apply_op1_no_bwd(&packed).unwrap();
        assert_eq!(found.dims(), expected.dims());
        let difference = (found - expected).unwrap().abs().unwrap();
        let largest = difference.flatten_all().unwrap().max(0).unwrap();
        // Each of the products is off by at most half a step of either side, mostly less and in both directions.
        let bound = (inputs as f32).sqrt() * 0.01;
        assert!(largest.to_scalar::<f32>().unwrap() < bound);
    }
}

#[test]
fn both_forms_of_the_weights_give_the_same_numbers() {
    for (rows, inputs, outputs) in [(1, 3, 5), (13, 42, 33), (25, 384, 96)] {
        let input = matrix(&numbers(rows * inputs, 0.7), rows);
        let weight = matrix(&numbers(outputs * inputs, 1.3), outputs);
        let product = |in_bytes| {
            let packed = PackedWeight::with(&weight, in_bytes).unwrap();
            let product = input.apply_op1_no_bwd(&packed).unwrap();
            product.to_vec2::<f32>().unwrap()
        };
        assert_eq!(product(true), product(false));
    }
}

#[test]
fn the_instructions_add_up_as_plain_loops_do() {
    if !kernel::is_fast() {
        eprintln!("skipped: this processor has no AVX-512 VNNI");
    }
    let steps = 97;
    let mut weights = vec![Weights::ZERO; steps];
    for (index, group) in weights.iter_mut().enumerate() {
        for column in 0..PANEL {
            for input in 0..STEP {
                let value = (index * 31 + column * 7 + input * 3) % 255;
                group.set(column, input, (value as i16 - 127) as i8);
            }
        }
    }
    for rows in 1..=ROWS {
        let values: Vec<[i8; STEP]> = (0..rows * steps)
            .map(|n| [n, n * 5, n * 11, n * 17].map(|v| ((v % 255) as i16 - 127) as i8))
            .collect();
        let totals: Vec<i32> = values
            .chunks(steps)
            .map(|row| row.as_flattened().iter().copied().map(i32::from).sum())
            .collect();
        let mut found = vec![[0; PANEL]; rows];
        kernel::multiply(&values, &totals, &weights, &mut found);
        let mut plain: Vec<[i32; PANEL]> =
            totals.iter().map(|total| [-128 * total; PANEL]).collect();
        kernel::portable(&values, &weights, &mut plain);
        assert_eq!(found, plain, "{rows} rows");
        let exact: i32 = (0..steps)
            .flat_map(|step| (0..STEP).map(move |input| (step, input)))
            .map(|(step, input)| {
                i32::from(values[step][input]) * i32::from(weights[step].get(3, input))
            })
            .sum();
        assert_eq!(plain[0][3], exact);
    }
}

#[test]
fn a_row_of_zeros_and_a_row_that_is_not_finite_give_no_panic() {
    let weight = matrix(&numbers(64, 1.3), 4);
    let packed = PackedWeight::new(&weight).unwrap();
    let mut values = vec![0.0; 16];
    values.extend([f32::NAN, f32::INFINITY].repeat(8));
    let found = matrix(&values, 2).apply_op1_no_bwd(&packed).unwrap();
    assert_eq!(found.to_vec2::<f32>().unwrap()[0], [0.0; 4]);
}
