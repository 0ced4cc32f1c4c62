//! The mean of several trained classifiers, in place of a training (Wortsman et al. 2022, "Model soups",
//! <https://arxiv.org/abs/2203.05482>). It is one classifier as fast as each of them, and steadier than any:
//! what they agree on stays, what chance brought into one of them shrinks.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use candle_core::{DType, Tensor, Var, safetensors};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::Value;

use super::{
    encoder_graph::{EncoderAdapter, EncoderGraph},
    fine_tuning::{HeadLayer, Trainable},
    heads_spec::HeadSpec,
};
use crate::layers::LowRankPair;

/// Rounds of the iteration that finds the directions in which a matrix does most.
const ROUNDS: usize = 12;

/// Reads the result folders of earlier trainings and averages them. The exact mean of their changes has the sum of
/// their ranks; of it, the `rank` strongest directions of each matrix are kept.
pub(super) fn read(
    folders: &[PathBuf],
    rank: usize,
    graph: &EncoderGraph,
    heads: &[HeadSpec],
) -> Result<Trainable> {
    let parts = folders.iter().map(|folder| Part::read(folder, graph));
    let parts: Vec<Part> = parts.collect::<Result<_>>()?;
    let pair = |name: &str| -> Result<LowRankPair> {
        let downs = parts
            .iter()
            .map(|part| part.get(&format!("adapter.{name}.A")));
        let ups = parts.iter().map(|part| {
            let up = part.get(&format!("adapter.{name}.B"))?;
            Ok((up * (part.scale / parts.len() as f64))?)
        });
        let downs: Vec<Tensor> = downs.collect::<Result<_>>()?;
        let ups: Vec<Tensor> = ups.collect::<Result<_>>()?;
        strongest(&Tensor::cat(&ups, 1)?, &Tensor::cat(&downs, 0)?, rank)
    };
    let mean = |name: String| -> Result<Var> {
        let tensors = parts.iter().map(|part| part.get(&name));
        let tensors: Vec<Tensor> = tensors.collect::<Result<_>>()?;
        Ok(Var::from_tensor(&Tensor::stack(&tensors, 0)?.mean(0)?)?)
    };
    let head = |head: &HeadSpec| -> Result<HeadLayer> {
        let name = &head.name;
        let layer = HeadLayer {
            weight: mean(format!("heads.{name}.weight"))?,
            bias: mean(format!("heads.{name}.bias"))?,
        };
        ensure!(
            layer.bias.dims1()? == head.labels.len(),
            "the head {name} of the averaged classifiers has other labels"
        );
        Ok(layer)
    };
    Ok(Trainable {
        adapter: EncoderAdapter::from_pairs(graph, pair)?,
        heads: heads.iter().map(head).collect::<Result<_>>()?,
    })
}

/// One result folder.
struct Part {
    folder: PathBuf,
    tensors: HashMap<String, Tensor>,
    scale: f64,
}

impl Part {
    fn read(folder: &Path, graph: &EncoderGraph) -> Result<Self> {
        let list = folder.join("heads.json");
        let text = fs::read(&list).with_context(|| format!("cannot read {}", list.display()))?;
        let list: Value = serde_json::from_slice(&text)?;
        let scale = list.get("adapter_scale").and_then(Value::as_f64);
        let scale = scale
            .with_context(|| format!("{}: heads.json has no adapter_scale", folder.display()))?;
        let file = folder.join("heads.safetensors");
        let tensors = safetensors::load(&file, graph.device())
            .with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Self {
            folder: folder.to_owned(),
            tensors,
            scale,
        })
    }

    fn get(&self, name: &str) -> Result<Tensor> {
        let tensor = self.tensors.get(name);
        let tensor = tensor.with_context(|| format!("{} has no {name}", self.folder.display()))?;
        Ok(tensor.to_dtype(DType::F32)?)
    }
}

/// The pair of a rank that is nearest to `up · down`: the subspace iteration finds orthogonal directions of what
/// comes out, and what goes in follows from them.
fn strongest(up: &Tensor, down: &Tensor, rank: usize) -> Result<LowRankPair> {
    let product = up.matmul(down)?;
    let (out, _) = product.dims2()?;
    let back = product.t()?.contiguous()?;
    let mut random = StdRng::seed_from_u64(0);
    let start: Vec<f32> = (0..rank * out)
        .map(|_| random.random_range(-1.0..1.0))
        .collect();
    let mut directions = Tensor::from_vec(start, (rank, out), up.device())?;
    for _ in 0..ROUNDS {
        directions = orthonormal(&directions.matmul(&product)?.matmul(&back)?)?;
    }
    Ok(LowRankPair {
        down: Var::from_tensor(&directions.matmul(&product)?)?,
        up: Var::from_tensor(&directions.t()?.contiguous()?)?,
    })
}

/// Rows that span the same and stand at right angles, each of length 1 (Gram and Schmidt, twice for accuracy); a
/// row that the ones before it span becomes 0.
fn orthonormal(rows: &Tensor) -> Result<Tensor> {
    let mut found: Vec<Vec<f32>> = Vec::new();
    for mut row in rows.to_vec2::<f32>()? {
        let before = dot(&row, &row);
        for _ in 0..2 {
            for other in &found {
                let along = dot(&row, other);
                for (value, other) in row.iter_mut().zip(other) {
                    *value -= along * other;
                }
            }
        }
        let left = dot(&row, &row);
        let factor = if left > before * 1e-10 {
            left.sqrt().recip()
        } else {
            0.0
        };
        row.iter_mut().for_each(|value| *value *= factor);
        found.push(row);
    }
    Ok(Tensor::new(found, rows.device())?)
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    left.iter()
        .zip(right)
        .map(|(left, right)| left * right)
        .sum()
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn the_strongest_directions_stay() {
        // Strengths 5, 3 and 0.1 along the axes, mixed by `down`.
        let up = Tensor::new(
            &[[5.0_f32, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 0.1]],
            &Device::Cpu,
        );
        let down = Tensor::new(
            &[[0.0_f32, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]],
            &Device::Cpu,
        );
        let (up, down) = (up.unwrap(), down.unwrap());
        let rest = |rank: usize| {
            let pair = strongest(&up, &down, rank).unwrap();
            let difference = (up.matmul(&down).unwrap() - pair.merged(1.0).unwrap()).unwrap();
            let squares = difference.sqr().unwrap().sum_all().unwrap();
            squares.to_scalar::<f32>().unwrap().sqrt()
        };
        assert!((rest(1) - 9.01_f32.sqrt()).abs() < 1e-3, "{}", rest(1));
        assert!((rest(2) - 0.1).abs() < 1e-3, "{}", rest(2));
        assert!(rest(3) < 1e-3, "{}", rest(3));
    }
}
