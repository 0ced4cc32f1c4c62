//! LoRA adapters (Hu et al. 2021, <https://arxiv.org/abs/2106.09685>): for each chosen matrix W two
//! small ones, A `[rank, in]` and B `[out, rank]`, that add `(alpha / rank) · x · Aᵀ · Bᵀ` to `x · Wᵀ`.
//! Weights lie in the model's own row order; `peft.rs` reorders them for files.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use candle_core::{Device, Tensor, Var};
use rand::{SeedableRng, rngs::StdRng};

use super::config::ModelConfig;
use crate::layers::LowRankPair;

/// The matrices of a layer that can carry an adapter; the number is the position in a layer's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Module {
    /// Query projection.
    Query = 0,
    /// Key projection.
    Key = 1,
    /// Value projection.
    Value = 2,
    /// Projection of the attention's result.
    Output = 3,
    /// Gate of the feed-forward network.
    Gate = 4,
    /// First matrix of the feed-forward network.
    Up = 5,
    /// Second matrix of the feed-forward network.
    Down = 6,
}

impl Module {
    /// In the order of the numbers.
    pub const ALL: [Self; 7] = [
        Self::Query,
        Self::Key,
        Self::Value,
        Self::Output,
        Self::Gate,
        Self::Up,
        Self::Down,
    ];

    /// Hugging Face's name, for example "q_proj".
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Query => "q_proj",
            Self::Key => "k_proj",
            Self::Value => "v_proj",
            Self::Output => "o_proj",
            Self::Gate => "gate_proj",
            Self::Up => "up_proj",
            Self::Down => "down_proj",
        }
    }

    /// Hugging Face's name of the part of the layer that holds it.
    #[must_use]
    pub const fn parent(self) -> &'static str {
        match self {
            Self::Query | Self::Key | Self::Value | Self::Output => "self_attn",
            Self::Gate | Self::Up | Self::Down => "mlp",
        }
    }

    /// Output and input width.
    #[must_use]
    pub const fn dims(self, config: &ModelConfig) -> (usize, usize) {
        let query = config.heads * config.head_width;
        let key = config.kv_heads * config.head_width;
        match self {
            Self::Query => (query, config.hidden),
            Self::Key | Self::Value => (key, config.hidden),
            Self::Output => (config.hidden, query),
            Self::Gate | Self::Up => (config.intermediate, config.hidden),
            Self::Down => (config.hidden, config.intermediate),
        }
    }
}

/// What an adapter is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct AdapterConfig {
    /// Rows of A.
    pub rank: usize,
    /// The sum is scaled by `alpha / rank`.
    pub alpha: f64,
    /// The matrices that have one, in every layer.
    pub modules: Vec<Module>,
}

impl AdapterConfig {
    /// Every linear layer.
    #[must_use]
    pub fn all(rank: usize, alpha: f64) -> Self {
        Self {
            rank,
            alpha,
            modules: Module::ALL.to_vec(),
        }
    }
}

/// The trainable weights.
#[derive(Debug, Clone)]
pub struct Adapter {
    /// What it is made of.
    pub config: AdapterConfig,
    pairs: BTreeMap<(usize, Module), LowRankPair>,
}

impl Adapter {
    /// A new adapter that changes nothing yet: A is uniform in ±1/√in (PEFT's default), B is zero.
    ///
    /// # Errors
    /// The rank is 0 or the device has no memory left.
    pub fn new(
        config: AdapterConfig,
        model: &ModelConfig,
        seed: u64,
        device: &Device,
    ) -> Result<Self> {
        ensure!(config.rank > 0, "the rank of an adapter must be at least 1");
        let mut random = StdRng::seed_from_u64(seed);
        let mut pairs = BTreeMap::new();
        for layer in 0..model.layers {
            for module in &config.modules {
                let pair = LowRankPair::new(module.dims(model), config.rank, &mut random, device)?;
                pairs.insert((layer, *module), pair);
            }
        }
        Ok(Self { config, pairs })
    }

    /// An adapter of given weights.
    pub(super) fn from_pairs(
        config: AdapterConfig,
        pairs: BTreeMap<(usize, Module), LowRankPair>,
    ) -> Self {
        Self { config, pairs }
    }

    /// Layer, module and weights of each adapted matrix.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, Module, &LowRankPair)> {
        self.pairs
            .iter()
            .map(|((layer, module), pair)| (*layer, *module, pair))
    }

    /// All trainable tensors under stable names.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, Var)> {
        self.pairs()
            .flat_map(|(layer, module, pair)| {
                let name = module.name();
                [
                    (format!("{layer}.{name}.A"), pair.down.clone()),
                    (format!("{layer}.{name}.B"), pair.up.clone()),
                ]
            })
            .collect()
    }

    /// The number of trainable numbers.
    #[must_use]
    pub fn parameters(&self) -> usize {
        let variables = self.variables();
        variables.iter().map(|(_, var)| var.elem_count()).sum()
    }

    /// What is added to the product of a matrix and `input` `[rows, in]`; nothing when the matrix has
    /// no adapter.
    pub(super) fn delta(
        &self,
        layer: usize,
        module: Module,
        input: &Tensor,
    ) -> Result<Option<Tensor>> {
        let Some(pair) = self.pairs.get(&(layer, module)) else {
            return Ok(None);
        };
        Ok(Some(pair.delta(input, self.scale())?))
    }

    /// `(alpha / rank) · B · A`, what merging adds to a matrix `[out, in]`.
    ///
    /// # Errors
    /// The device has no memory left.
    pub fn merged_delta(&self, layer: usize, module: Module) -> Result<Option<Tensor>> {
        let Some(pair) = self.pairs.get(&(layer, module)) else {
            return Ok(None);
        };
        Ok(Some(pair.merged(self.scale())?))
    }

    fn scale(&self) -> f64 {
        self.config.alpha / self.config.rank as f64
    }
}
