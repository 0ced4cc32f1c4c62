//! AdamW (Loshchilov & Hutter 2019, <https://arxiv.org/abs/1711.05101>) whose whole state can be written
//! to a file and read back, so that training goes on after a stop as if there had been none.

use std::{collections::HashMap, path::Path};

use anyhow::{Context, Result, ensure};
use candle_core::{DType, Tensor, Var, safetensors};

use super::Gradients;

/// Constants of the update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamWSettings {
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// Added to the root of the mean of squared gradients.
    pub epsilon: f64,
    /// Each step takes away `learning rate · weight_decay` of each weight.
    pub weight_decay: f64,
}

impl Default for AdamWSettings {
    /// PyTorch's defaults, without weight decay: adapters are small already.
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
        }
    }
}

/// A variable's place in the moments.
struct Part {
    name: String,
    variable: Var,
    start: usize,
    count: usize,
}

/// The optimizer with its state.
pub struct AdamW {
    settings: AdamWSettings,
    step: i32,
    parts: Vec<Part>,
    /// Of all variables, one after the other: a few large operations instead of many small ones.
    moments: Option<Moments>,
}

struct Moments {
    mean: Tensor,
    square: Tensor,
}

impl Moments {
    fn narrow(&self, start: usize, count: usize) -> candle_core::Result<Self> {
        Ok(Self {
            mean: self.mean.narrow(0, start, count)?,
            square: self.square.narrow(0, start, count)?,
        })
    }

    fn join(pieces: &[Self]) -> candle_core::Result<Self> {
        let means: Vec<&Tensor> = pieces.iter().map(|piece| &piece.mean).collect();
        let squares: Vec<&Tensor> = pieces.iter().map(|piece| &piece.square).collect();
        Ok(Self {
            mean: Tensor::cat(&means, 0)?,
            square: Tensor::cat(&squares, 0)?,
        })
    }
}

impl AdamW {
    /// Starts with empty moments.
    ///
    /// # Errors
    /// The device has no memory left.
    pub fn new(variables: Vec<(String, Var)>, settings: AdamWSettings) -> Result<Self> {
        let mut total = 0;
        let parts: Vec<Part> = variables
            .into_iter()
            .map(|(name, variable)| {
                let (start, count) = (total, variable.elem_count());
                total += count;
                Part {
                    name,
                    variable,
                    start,
                    count,
                }
            })
            .collect();
        let zeros = |part: &Part| Tensor::zeros(total, DType::F32, part.variable.device());
        let mean = parts.first().map(zeros).transpose()?;
        Ok(Self {
            settings,
            step: 0,
            moments: mean.map(|mean| Moments {
                square: mean.clone(),
                mean,
            }),
            parts,
        })
    }

    /// Updates every variable that has a gradient.
    ///
    /// # Errors
    /// The device has no memory left.
    pub fn step(&mut self, gradients: &Gradients, learning_rate: f64) -> Result<()> {
        self.step += 1;
        let Some(moments) = &self.moments else {
            return Ok(());
        };
        let has_gradient = |part: &Part| gradients.get(&part.variable).is_some();
        let runs = self
            .parts
            .chunk_by(|one, next| has_gradient(one) == has_gradient(next));
        let pieces = runs.map(|run| {
            let start = run[0].start;
            let count = run.iter().map(|part| part.count).sum();
            let old = moments.narrow(start, count)?;
            if has_gradient(&run[0]) {
                self.update(run, &old, gradients, learning_rate)
            } else {
                Ok(old)
            }
        });
        let pieces: Vec<Moments> = pieces.collect::<Result<_>>()?;
        self.moments = Some(match <[Moments; 1]>::try_from(pieces) {
            Ok([piece]) => piece,
            Err(pieces) => Moments::join(&pieces)?,
        });
        Ok(())
    }

    /// Updates variables that lie side by side, and gives back their new moments.
    fn update(
        &self,
        run: &[Part],
        old: &Moments,
        gradients: &Gradients,
        learning_rate: f64,
    ) -> Result<Moments> {
        let AdamWSettings {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } = self.settings;
        let mean_bias = 1.0 - beta1.powi(self.step);
        let square_bias = 1.0 - beta2.powi(self.step);
        let gradient = flat(run.iter().filter_map(|part| gradients.get(&part.variable)))?;
        let weights = flat(run.iter().map(|part| part.variable.as_tensor()))?.detach();
        let mean = ((&old.mean * beta1)? + (&gradient * (1.0 - beta1))?)?;
        let square = ((&old.square * beta2)? + (gradient.sqr()? * (1.0 - beta2))?)?;
        let root = ((&square / square_bias)?.sqrt()? + epsilon)?;
        let change = ((&mean / mean_bias)? / root)?;
        let kept = (weights * (1.0 - learning_rate * weight_decay))?;
        let weights = (kept - (change * learning_rate)?)?;
        for part in run {
            let own = weights.narrow(0, part.start - run[0].start, part.count)?;
            part.variable.set(&own.reshape(part.variable.shape())?)?;
        }
        Ok(Moments { mean, square })
    }

    /// Writes variables and moments to one safetensors file.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn save(&self, path: &Path) -> Result<()> {
        let mut tensors = HashMap::new();
        for part in &self.parts {
            let (name, variable) = (&part.name, &part.variable);
            tensors.insert(format!("{name}.weight"), variable.as_detached_tensor());
            if let Some(moments) = &self.moments {
                let Moments { mean, square } = moments.narrow(part.start, part.count)?;
                let shape = variable.shape();
                tensors.insert(format!("{name}.mean"), mean.reshape(shape)?);
                tensors.insert(format!("{name}.square"), square.reshape(shape)?);
            }
        }
        Ok(safetensors::save(&tensors, path)?)
    }

    /// Reads back what [`Self::save`] wrote after `step` updates.
    ///
    /// # Errors
    /// The file is missing, truncated, or belongs to another adapter.
    pub fn restore(&mut self, path: &Path, step: usize) -> Result<()> {
        let tensors = match self.parts.first() {
            Some(first) => safetensors::load(path, first.variable.device()),
            None => Ok(HashMap::new()),
        };
        let tensors = tensors.with_context(|| {
            format!(
                "the checkpoint {} cannot be read; delete its folder to begin anew",
                path.display()
            )
        })?;
        let get = |name: String, like: &Tensor| -> Result<Tensor> {
            let tensor = tensors
                .get(&name)
                .with_context(|| format!("the checkpoint has no {name}"))?;
            ensure!(
                tensor.dims() == like.dims(),
                "{name} of the checkpoint has another shape than the adapter's"
            );
            Ok(tensor.clone())
        };
        let mut pieces = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let (name, variable) = (&part.name, &part.variable);
            let weight = get(format!("{name}.weight"), variable)?;
            pieces.push(Moments {
                mean: get(format!("{name}.mean"), variable)?.flatten_all()?,
                square: get(format!("{name}.square"), variable)?.flatten_all()?,
            });
            variable.set(&weight)?;
        }
        if !pieces.is_empty() {
            self.moments = Some(Moments::join(&pieces)?);
        }
        self.step = i32::try_from(step)?;
        Ok(())
    }
}

/// All numbers of the tensors, one after the other.
fn flat<'a>(tensors: impl Iterator<Item = &'a Tensor>) -> candle_core::Result<Tensor> {
    let tensors = tensors.map(Tensor::flatten_all);
    Tensor::cat(&tensors.collect::<candle_core::Result<Vec<_>>>()?, 0)
}

/// Linear warm-up, then half a cosine down to zero (Loshchilov & Hutter 2017,
/// <https://arxiv.org/abs/1608.03983>). `step` counts from 1 to `steps`.
#[must_use]
pub fn cosine_with_warmup(peak: f64, step: usize, warmup: usize, steps: usize) -> f64 {
    if step <= warmup {
        return peak * step as f64 / warmup.max(1) as f64;
    }
    let done = (step - warmup) as f64 / steps.saturating_sub(warmup).max(1) as f64;
    peak * 0.5 * (1.0 + (std::f64::consts::PI * done.min(1.0)).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_learning_rate_rises_and_falls() {
        let rate = |step| cosine_with_warmup(2.0, step, 10, 110);
        assert!((rate(5) - 1.0).abs() < 1e-9);
        assert!((rate(10) - 2.0).abs() < 1e-9);
        assert!((rate(60) - 1.0).abs() < 1e-9);
        assert!(rate(110).abs() < 1e-9);
    }
}
