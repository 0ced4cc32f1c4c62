//! The encoder without heads: token ids in, one vector for each text out.

use candle_core::{Device, Tensor};
use rayon::prelude::*;

use crate::{
    config::{Config, Pooling},
    error::EncoderError,
    kernels,
    layer::Layer,
    packed::Packed,
    product::Precision,
    tokens::Tokens,
    weights::Weights,
};

pub(crate) struct Model {
    dim: usize,
    pooling: Pooling,
    words: Vec<f32>,
    positions: Vec<f32>,
    norm_scale: Vec<f32>,
    norm_shift: Vec<f32>,
    epsilon: f32,
    layers: Vec<Layer>,
}

impl Model {
    pub(crate) fn read(
        weights: &Weights,
        config: &Config,
        pooling: Pooling,
        precision: Precision,
    ) -> Result<Self, EncoderError> {
        // A bare DistilBertModel is saved without the prefix.
        let bare = weights.contains("embeddings.word_embeddings.weight");
        let prefix = if bare { "" } else { "distilbert." };
        let dim = config.dim;
        let embedding = |name: &str, shape: &[usize]| {
            weights.values(&format!("{prefix}embeddings.{name}"), shape)
        };
        let layers = (0..config.n_layers)
            .map(|n| {
                let prefix = format!("{prefix}transformer.layer.{n}");
                Layer::read(weights, &prefix, config, precision)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            dim,
            pooling,
            words: embedding("word_embeddings.weight", &[config.vocab_size, dim])?,
            positions: embedding(
                "position_embeddings.weight",
                &[config.max_position_embeddings, dim],
            )?,
            norm_scale: embedding("LayerNorm.weight", &[dim])?,
            norm_shift: embedding("LayerNorm.bias", &[dim])?,
            epsilon: config.layer_norm_eps,
            layers,
        })
    }

    /// `[texts, dim]`.
    pub(crate) fn forward(&self, texts: &[Tokens]) -> Result<Tensor, EncoderError> {
        // On a thread of the pool as a whole: from outside, each of the many short steps would wait for the pool.
        rayon::scope(|_| self.forward_in_pool(texts))
    }

    fn forward_in_pool(&self, texts: &[Tokens]) -> Result<Tensor, EncoderError> {
        let packed = Packed::new(texts.iter().map(|text| text.ids.len()));
        let mut hidden = self.embed_tokens(texts, &packed)?;
        for layer in &self.layers {
            hidden = layer.forward(&hidden, &packed)?;
        }
        self.pool(&hidden, &packed)
    }

    /// Word plus position, normalised.
    fn embed_tokens(&self, texts: &[Tokens], packed: &Packed) -> Result<Tensor, EncoderError> {
        let dim = self.dim;
        let tokens: Vec<(u32, usize)> = texts
            .iter()
            .flat_map(|text| text.ids.iter().copied().zip(0..))
            .collect();
        let mut values = vec![0.0; packed.rows() * dim];
        values
            .par_chunks_exact_mut(dim)
            .with_min_len(16)
            .zip(tokens)
            .for_each(|(row, (id, position))| {
                let word = &self.words[id as usize * dim..][..dim];
                let position = &self.positions[position * dim..][..dim];
                for ((value, word), position) in row.iter_mut().zip(word).zip(position) {
                    *value = word + position;
                }
                kernels::layer_norm(row, &self.norm_scale, &self.norm_shift, self.epsilon);
            });
        Ok(Tensor::from_vec(
            values,
            (packed.rows(), dim),
            &Device::Cpu,
        )?)
    }

    fn pool(&self, hidden: &Tensor, packed: &Packed) -> Result<Tensor, EncoderError> {
        let rows = packed.ranges().iter().map(|range| match self.pooling {
            Pooling::Cls => hidden.narrow(0, range.start, 1),
            Pooling::Mean => hidden.narrow(0, range.start, range.len())?.mean_keepdim(0),
        });
        Ok(Tensor::cat(&rows.collect::<Result<Vec<_>, _>>()?, 0)?)
    }
}
