//! DistilBERT written down a second time, as plainly as possible: one text, loops, f64, padding to
//! a fixed length with a mask as Hugging Face does it. Slow and independent of the real code.

use std::{collections::HashMap, path::Path};

use candle_core::{DType, Device, safetensors};
use encoder::testing::{ATTENTION_HEADS, DIM, LAYERS};

type Matrix = Vec<Vec<f64>>;

/// The tensors of a folder as rows of numbers; a vector is one row.
pub(crate) struct Reference(HashMap<String, Matrix>);

impl Reference {
    pub(crate) fn read(folder: &Path) -> Self {
        let mut tensors = HashMap::new();
        for file in ["model.safetensors", "heads.safetensors"] {
            let path = folder.join(file);
            if !path.exists() {
                continue;
            }
            for (name, tensor) in safetensors::load(path, &Device::Cpu).unwrap() {
                let tensor = tensor.to_dtype(DType::F64).unwrap();
                let rows = match tensor.rank() {
                    1 => vec![tensor.to_vec1().unwrap()],
                    _ => tensor.to_vec2().unwrap(),
                };
                tensors.insert(name, rows);
            }
        }
        Self(tensors)
    }

    fn linear(&self, name: &str, input: &[f64]) -> Vec<f64> {
        let bias = &self.0[&format!("{name}.bias")][0];
        let weight = &self.0[&format!("{name}.weight")];
        let rows = weight.iter().zip(bias);
        rows.map(|(row, bias)| dot(row, input) + bias).collect()
    }

    fn normalise(&self, name: &str, input: &[f64]) -> Vec<f64> {
        let count = input.len() as f64;
        let mean = input.iter().sum::<f64>() / count;
        let variance = input.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
        let scale = &self.0[&format!("{name}.weight")][0];
        let shift = &self.0[&format!("{name}.bias")][0];
        (0..input.len())
            .map(|i| (input[i] - mean) / (variance + 1e-12).sqrt() * scale[i] + shift[i])
            .collect()
    }

    fn embedding(&self, table: &str, row: usize) -> &[f64] {
        &self.0[&format!("distilbert.embeddings.{table}.weight")][row]
    }

    fn attention(&self, prefix: &str, hidden: &Matrix, tokens: usize) -> Matrix {
        let project = |name: &str| -> Matrix {
            let name = format!("{prefix}.attention.{name}");
            hidden.iter().map(|row| self.linear(&name, row)).collect()
        };
        let (query, key, value) = (project("q_lin"), project("k_lin"), project("v_lin"));
        let width = DIM / ATTENTION_HEADS;
        let mut context = vec![vec![0.0; DIM]; hidden.len()];
        for head in 0..ATTENTION_HEADS {
            let columns = head * width..(head + 1) * width;
            for row in 0..hidden.len() {
                let scores: Vec<f64> = (0..hidden.len())
                    .map(|other| match other < tokens {
                        true => {
                            dot(&query[row][columns.clone()], &key[other][columns.clone()])
                                / (width as f64).sqrt()
                        }
                        false => f64::NEG_INFINITY,
                    })
                    .collect();
                for (other, weight) in softmax(&scores).into_iter().enumerate() {
                    for column in columns.clone() {
                        context[row][column] += weight * value[other][column];
                    }
                }
            }
        }
        let out = format!("{prefix}.attention.out_lin");
        context.iter().map(|row| self.linear(&out, row)).collect()
    }

    /// One vector for each token, padding excluded.
    pub(crate) fn hidden(&self, ids: &[u32], padding: usize) -> Matrix {
        let padded = ids.iter().copied().chain(std::iter::repeat_n(0, padding));
        let mut hidden: Matrix = padded
            .enumerate()
            .map(|(position, id)| {
                let word = self.embedding("word_embeddings", id as usize);
                let position = self.embedding("position_embeddings", position);
                self.normalise("distilbert.embeddings.LayerNorm", &add(word, position))
            })
            .collect();
        for layer in 0..LAYERS {
            let prefix = format!("distilbert.transformer.layer.{layer}");
            let attended = self.attention(&prefix, &hidden, ids.len());
            for (row, attended) in hidden.iter_mut().zip(attended) {
                let attended =
                    self.normalise(&format!("{prefix}.sa_layer_norm"), &add(&attended, row));
                let wide = self.linear(&format!("{prefix}.ffn.lin1"), &attended);
                let wide: Vec<f64> = wide.into_iter().map(gelu).collect();
                let narrow = self.linear(&format!("{prefix}.ffn.lin2"), &wide);
                *row = self.normalise(
                    &format!("{prefix}.output_layer_norm"),
                    &add(&narrow, &attended),
                );
            }
        }
        hidden.truncate(ids.len());
        hidden
    }

    pub(crate) fn mean(&self, ids: &[u32], padding: usize) -> Vec<f64> {
        let hidden = self.hidden(ids, padding);
        let count = hidden.len() as f64;
        let sum = hidden
            .iter()
            .fold(vec![0.0; DIM], |sum, row| add(&sum, row));
        sum.into_iter().map(|x| x / count).collect()
    }

    /// Our linear head "topic".
    pub(crate) fn topic(&self, pooled: &[f64]) -> Vec<f32> {
        probabilities(&self.linear("heads.topic", pooled), 1.0)
    }

    /// Our head "risk": a hidden layer with GELU, temperature 2.
    pub(crate) fn risk(&self, pooled: &[f64]) -> Vec<f32> {
        let hidden = self.linear("heads.risk.hidden", pooled);
        let hidden: Vec<f64> = hidden.into_iter().map(gelu).collect();
        probabilities(&self.linear("heads.risk", &hidden), 2.0)
    }

    /// The head of Hugging Face's model: first token, linear, ReLU, linear.
    pub(crate) fn sequence_classification(&self, ids: &[u32], padding: usize) -> Vec<f32> {
        let first = &self.hidden(ids, padding)[0];
        let hidden = self.linear("pre_classifier", first);
        let hidden: Vec<f64> = hidden.into_iter().map(|x| x.max(0.0)).collect();
        probabilities(&self.linear("classifier", &hidden), 1.0)
    }
}

fn add(left: &[f64], right: &[f64]) -> Vec<f64> {
    left.iter().zip(right).map(|(l, r)| l + r).collect()
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(l, r)| l * r).sum()
}

fn softmax(scores: &[f64]) -> Vec<f64> {
    let powers: Vec<f64> = scores.iter().map(|score| score.exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

fn probabilities(logits: &[f64], temperature: f64) -> Vec<f32> {
    let scaled: Vec<f64> = logits.iter().map(|logit| logit / temperature).collect();
    softmax(&scaled).into_iter().map(|p| p as f32).collect()
}

/// With the Taylor series of the error function, exact to f64 for the small numbers here.
fn gelu(x: f64) -> f64 {
    let z = x / std::f64::consts::SQRT_2;
    assert!(z.abs() < 5.0, "the series would lose digits");
    let (mut term, mut sum) = (z, z);
    for n in 1..200 {
        let n = f64::from(n);
        term *= -z * z / n;
        sum += term / (2.0 * n + 1.0);
    }
    0.5 * x * (1.0 + sum * std::f64::consts::FRAC_2_SQRT_PI)
}
