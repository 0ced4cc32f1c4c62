//! AdamW (Loshchilov & Hutter 2019, <https://arxiv.org/abs/1711.05101>) whose whole state can be written
//! to a file and read back, so that training goes on after a stop as if there had been none.

use std::{collections::HashMap, path::Path};

use anyhow::{Context, Result, ensure};
use candle_core::{Tensor, Var, safetensors};

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

struct Moments {
    name: String,
    variable: Var,
    mean: Tensor,
    square: Tensor,
}

/// The optimizer with its state.
pub struct AdamW {
    settings: AdamWSettings,
    step: i32,
    moments: Vec<Moments>,
}

impl AdamW {
    /// Starts with empty moments.
    ///
    /// # Errors
    /// The device has no memory left.
    pub fn new(variables: Vec<(String, Var)>, settings: AdamWSettings) -> Result<Self> {
        let moments = variables.into_iter().map(|(name, variable)| {
            Ok(Moments {
                name,
                mean: variable.zeros_like()?,
                square: variable.zeros_like()?,
                variable,
            })
        });
        Ok(Self {
            settings,
            step: 0,
            moments: moments.collect::<Result<_>>()?,
        })
    }

    /// Updates every variable that has a gradient.
    ///
    /// # Errors
    /// The device has no memory left.
    pub fn step(&mut self, gradients: &Gradients, learning_rate: f64) -> Result<()> {
        let AdamWSettings {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } = self.settings;
        self.step += 1;
        let mean_bias = 1.0 - beta1.powi(self.step);
        let square_bias = 1.0 - beta2.powi(self.step);
        for state in &mut self.moments {
            let Some(gradient) = gradients.get(&state.variable) else {
                continue;
            };
            state.mean = ((&state.mean * beta1)? + (gradient * (1.0 - beta1))?)?;
            state.square = ((&state.square * beta2)? + (gradient.sqr()? * (1.0 - beta2))?)?;
            let root = ((&state.square / square_bias)?.sqrt()? + epsilon)?;
            let change = ((&state.mean / mean_bias)? / root)?;
            let kept =
                (state.variable.as_detached_tensor() * (1.0 - learning_rate * weight_decay))?;
            state.variable.set(&(kept - (change * learning_rate)?)?)?;
        }
        Ok(())
    }

    /// Writes variables and moments to one safetensors file.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn save(&self, path: &Path) -> Result<()> {
        let mut tensors = HashMap::new();
        for state in &self.moments {
            let name = &state.name;
            tensors.insert(
                format!("{name}.weight"),
                state.variable.as_detached_tensor(),
            );
            tensors.insert(format!("{name}.mean"), state.mean.clone());
            tensors.insert(format!("{name}.square"), state.square.clone());
        }
        Ok(safetensors::save(&tensors, path)?)
    }

    /// Reads back what [`Self::save`] wrote after `step` updates.
    ///
    /// # Errors
    /// The file is missing, truncated, or belongs to another adapter.
    pub fn restore(&mut self, path: &Path, step: usize) -> Result<()> {
        let tensors = match self.moments.first() {
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
        for state in &mut self.moments {
            let name = &state.name;
            let weight = get(format!("{name}.weight"), &state.variable)?;
            state.mean = get(format!("{name}.mean"), &state.variable)?;
            state.square = get(format!("{name}.square"), &state.variable)?;
            state.variable.set(&weight)?;
        }
        self.step = i32::try_from(step)?;
        Ok(())
    }
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
