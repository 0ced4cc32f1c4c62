//! Each fused step against its formula in candle's own operations.

use candle_core::{Device, Var};

use candle_nn::ops::{silu, softmax};

use super::*;
use crate::layers::row_ops::{MASKED, causal_softmax, swiglu};

/// Compares the gradients of two ways to compute the same thing, and the results.
fn same(inputs: &[Var], one: impl Fn(&[Var]) -> Tensor, other: impl Fn(&[Var]) -> Tensor) {
    let (one, other) = (one(inputs), other(inputs));
    let close = |a: &Tensor, b: &Tensor| {
        let difference = (a - b).unwrap().abs().unwrap().max_all().unwrap();
        assert!(difference.to_scalar::<f32>().unwrap() < 1e-4, "{a} {b}");
    };
    close(&one, &other);
    let weights = Tensor::randn(0.0_f32, 1.0, one.shape(), &Device::Cpu).unwrap();
    let gradients = |out: &Tensor| {
        let loss = (out * &weights).unwrap().sum_all().unwrap();
        loss.backward().unwrap()
    };
    let (one, other) = (gradients(&one), gradients(&other));
    for input in inputs {
        close(one.get(input).unwrap(), other.get(input).unwrap());
    }
}

fn random(shape: &[usize]) -> Var {
    Var::randn(0.0_f32, 2.0, shape, &Device::Cpu).unwrap()
}

#[test]
fn rms_norm_and_its_gradient_are_those_of_the_formula() {
    let weight = Tensor::randn(0.0_f32, 1.0, 24, &Device::Cpu).unwrap();
    same(
        &[random(&[19, 24])],
        |inputs| rms_norm(&inputs[0], &weight, 1e-5).unwrap(),
        |inputs| {
            let mean = inputs[0].sqr().unwrap().mean_keepdim(1).unwrap();
            let scale = (mean + 1e-5).unwrap().sqrt().unwrap();
            let normed = inputs[0].broadcast_div(&scale).unwrap();
            normed.broadcast_mul(&weight).unwrap()
        },
    );
}

#[test]
fn layer_norm_and_its_gradient_are_those_of_the_formula() {
    let weight = Tensor::randn(0.0_f32, 1.0, 24, &Device::Cpu).unwrap();
    let bias = Tensor::randn(0.0_f32, 1.0, 24, &Device::Cpu).unwrap();
    for one in [layer_norm, by_hand::layer_norm] {
        same(
            &[random(&[19, 24])],
            |inputs| one(&inputs[0], &weight, &bias, 1e-5).unwrap(),
            |inputs| {
                let mean = inputs[0].mean_keepdim(1).unwrap();
                let centred = inputs[0].broadcast_sub(&mean).unwrap();
                let variance = centred.sqr().unwrap().mean_keepdim(1).unwrap();
                let scale = (variance + 1e-5).unwrap().sqrt().unwrap();
                let normal = centred.broadcast_div(&scale).unwrap();
                let scaled = normal.broadcast_mul(&weight).unwrap();
                scaled.broadcast_add(&bias).unwrap()
            },
        );
    }
}

#[test]
fn swiglu_and_its_gradients_are_those_of_the_formula() {
    same(
        &[random(&[11, 16]), random(&[11, 16])],
        |inputs| swiglu(&inputs[0], &inputs[1]).unwrap(),
        |inputs| (silu(&inputs[0]).unwrap() * inputs[1].as_tensor()).unwrap(),
    );
}

#[test]
fn a_token_looks_back_only_and_the_gradient_agrees() {
    let mask: Vec<f32> = (0..9)
        .flat_map(|row| (0..9).map(move |column| if column > row { MASKED } else { 0.0 }))
        .collect();
    let mask = Tensor::from_vec(mask, (9, 9), &Device::Cpu).unwrap();
    same(
        &[random(&[3, 9, 9])],
        |inputs| causal_softmax(&inputs[0]).unwrap(),
        |inputs| softmax(&inputs[0].broadcast_add(&mask).unwrap(), D::Minus1).unwrap(),
    );
}
