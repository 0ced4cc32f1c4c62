//! Gradients of trainable variables, outside of candle's graph.

use std::collections::HashMap;

use anyhow::Result;
use candle_core::{Tensor, TensorId, Var, backprop::GradStore};

/// The gradients of trainable variables, summed over passes.
#[derive(Default)]
pub struct Gradients(HashMap<TensorId, Tensor>);

impl Gradients {
    /// Adds another gradient of a variable.
    fn add(&mut self, id: TensorId, gradient: &Tensor) -> Result<()> {
        // Without its graph, or every step would keep all before it.
        let gradient = gradient.detach();
        let sum = match self.0.remove(&id) {
            Some(sum) => (sum + gradient)?,
            None => gradient,
        };
        self.0.insert(id, sum);
        Ok(())
    }

    /// Adds the gradients of other passes.
    ///
    /// # Errors
    /// The device has no memory left.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        for (id, gradient) in &other.0 {
            self.add(*id, gradient)?;
        }
        Ok(())
    }

    /// The gradient of a variable; none when the loss does not depend on it.
    #[must_use]
    pub fn get(&self, variable: &Var) -> Option<&Tensor> {
        self.0.get(&variable.as_tensor().id())
    }

    /// The length of all gradients as one vector.
    ///
    /// # Errors
    /// The device fails.
    pub fn norm(&self) -> Result<f64> {
        let mut sum = 0.0;
        for gradient in self.0.values() {
            sum += f64::from(gradient.sqr()?.sum_all()?.to_scalar::<f32>()?);
        }
        Ok(sum.sqrt())
    }

    /// Multiplies all gradients.
    ///
    /// # Errors
    /// The device has no memory left.
    pub fn scale(&mut self, factor: f64) -> Result<()> {
        for gradient in self.0.values_mut() {
            *gradient = (&*gradient * factor)?;
        }
        Ok(())
    }

    /// Shortens the gradients to `longest` when as one vector they are longer. A GPU is not waited for.
    ///
    /// # Errors
    /// The device fails.
    pub fn clip(&mut self, longest: f64) -> Result<()> {
        let Some(device) = self.0.values().next().map(Tensor::device) else {
            return Ok(());
        };
        if device.is_cpu() {
            let norm = self.norm()?;
            return if norm > longest {
                self.scale(longest / norm)
            } else {
                Ok(())
            };
        }
        let flat = self.0.values().map(Tensor::flatten_all);
        let flat = Tensor::cat(&flat.collect::<candle_core::Result<Vec<_>>>()?, 0)?;
        let norm = flat.sqr()?.sum_all()?.sqrt()?;
        let factor = (norm.maximum(longest)?.recip()? * longest)?;
        for gradient in self.0.values_mut() {
            *gradient = gradient.broadcast_mul(&factor)?;
        }
        Ok(())
    }

    /// Adds what a backward pass found for `variables`.
    ///
    /// # Errors
    /// The device has no memory left.
    pub fn collect(&mut self, variables: &[Var], store: &GradStore) -> Result<()> {
        for variable in variables {
            if let Some(gradient) = store.get(variable.as_tensor()) {
                self.add(variable.as_tensor().id(), gradient)?;
            }
        }
        Ok(())
    }
}
