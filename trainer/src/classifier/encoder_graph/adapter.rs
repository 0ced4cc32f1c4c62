//! The trainable part of the encoder: a low-rank pair for each linear layer, under names that a file can carry.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use candle_core::Var;
use rand::{SeedableRng, rngs::StdRng};

use super::{EncoderGraph, LINEAR_LAYERS, name};
use crate::layers::LowRankPair;

/// The trainable part.
pub struct EncoderAdapter {
    /// The sum is scaled by alpha / rank.
    pub scale: f64,
    pub(super) pairs: BTreeMap<String, LowRankPair>,
}

impl EncoderAdapter {
    /// Pairs on every linear layer that change nothing yet.
    ///
    /// # Errors
    /// The rank is 0.
    pub fn new(graph: &EncoderGraph, rank: usize, alpha: f64, seed: u64) -> Result<Self> {
        ensure!(rank > 0, "the rank of an adapter must be at least 1");
        let mut random = StdRng::seed_from_u64(seed);
        let mut pairs = BTreeMap::new();
        for (index, layer) in graph.layers.iter().enumerate() {
            for (part, linear) in LINEAR_LAYERS.iter().zip(&layer.linear) {
                let dims = linear.weight.dims2()?;
                let pair = LowRankPair::new(dims, rank, &mut random, graph.device())?;
                pairs.insert(name(index, part), pair);
            }
        }
        Ok(Self {
            scale: alpha / rank as f64,
            pairs,
        })
    }

    /// From a pair for each linear layer, with a scale of 1.
    pub(in crate::classifier) fn from_pairs(
        graph: &EncoderGraph,
        pair: impl Fn(&str) -> Result<LowRankPair>,
    ) -> Result<Self> {
        let names =
            (0..graph.layers.len()).flat_map(|index| LINEAR_LAYERS.map(|part| name(index, part)));
        let pairs = names.map(|name| {
            let pair = pair(&name)?;
            Ok((name, pair))
        });
        Ok(Self {
            scale: 1.0,
            pairs: pairs.collect::<Result<_>>()?,
        })
    }

    /// All trainable tensors under stable names.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, Var)> {
        let pairs = self.pairs.iter();
        pairs
            .flat_map(|(name, pair)| {
                [
                    (format!("{name}.A"), pair.down.clone()),
                    (format!("{name}.B"), pair.up.clone()),
                ]
            })
            .collect()
    }
}
