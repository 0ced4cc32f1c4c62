//! Gradients of a loss over one or more sequences. The loss is computed on the last layer's vectors as
//! leaves; what it wants from them is then carried back through the layers, either through one graph
//! of the whole model or layer by layer with each layer computed once more (gradient checkpointing,
//! Chen et al. 2016, <https://arxiv.org/abs/1604.06174>).

use anyhow::{Context, Result};
use candle_core::{Tensor, Var, backprop::GradStore};

use super::{adapter::Adapter, model::LanguageModel};
use crate::optimisation::Gradients;

/// A forward pass whose gradients can be asked for.
pub struct Pass<'a> {
    model: &'a LanguageModel,
    adapter: &'a Adapter,
    variables: Vec<Var>,
    kept: Kept,
    /// The last layer's vectors `[tokens, hidden]`, a leaf for the loss.
    pub hidden: Var,
}

enum Kept {
    /// The graph from the adapter to the last layer's vectors.
    Graph(Tensor),
    /// What each layer was given.
    Inputs(Vec<Tensor>),
}

impl LanguageModel {
    /// Computes the last layer's vectors of `tokens` and keeps what gradients need.
    ///
    /// # Errors
    /// The sequence is empty or does not fit.
    pub fn pass<'a>(
        &'a self,
        tokens: &[u32],
        adapter: &'a Adapter,
        checkpointing: bool,
    ) -> Result<Pass<'a>> {
        let (kept, hidden) = if checkpointing {
            let positions = self.positions(tokens.len())?;
            let mut hidden = self.embed(tokens)?;
            let mut inputs = Vec::with_capacity(self.layers.len());
            for layer in &self.layers {
                let output = layer.forward(&self.config, &hidden, &positions, Some(adapter))?;
                inputs.push(std::mem::replace(&mut hidden, output.detach()));
            }
            (Kept::Inputs(inputs), hidden)
        } else {
            let graph = self.hidden(tokens, Some(adapter))?;
            let hidden = graph.detach();
            (Kept::Graph(graph), hidden)
        };
        Ok(Pass {
            model: self,
            adapter,
            variables: adapter
                .variables()
                .into_iter()
                .map(|(_, variable)| variable)
                .collect(),
            kept,
            hidden: Var::from_tensor(&hidden)?,
        })
    }
}

impl Pass<'_> {
    /// Adds the gradients of this pass, given those of the loss; a pass that the loss does not depend on
    /// adds none.
    ///
    /// # Errors
    /// The device has no memory left.
    pub fn backward(self, loss: &GradStore, gradients: &mut Gradients) -> Result<()> {
        let Some(wanted) = loss.get(self.hidden.as_tensor()) else {
            return Ok(());
        };
        let mut wanted = wanted.detach();
        match self.kept {
            Kept::Graph(graph) => {
                let store = (graph * wanted)?.sum_all()?.backward()?;
                gradients.collect(&self.variables, &store)
            }
            Kept::Inputs(inputs) => {
                let positions = self.model.positions(wanted.dim(0)?)?;
                let config = &self.model.config;
                for (layer, input) in self.model.layers.iter().zip(inputs).rev() {
                    let input = Var::from_tensor(&input)?;
                    let output = layer.forward(config, &input, &positions, Some(self.adapter))?;
                    let store = (output * wanted)?.sum_all()?.backward()?;
                    wanted = store
                        .get(input.as_tensor())
                        .context("a layer without a gradient for its input")?
                        .detach();
                    gradients.collect(&self.variables, &store)?;
                }
                Ok(())
            }
        }
    }
}
