//! A classification head: one linear layer, or two with an activation between them, then softmax
//! over logits divided by the calibrated temperature.

use std::sync::Arc;

use candle_core::Tensor;

use crate::{
    config::{Activation, Config, HeadConfig},
    error::EncoderError,
    kernels,
    ops::BiasActivation,
    weights::Weights,
};

/// The one head of a Hugging Face folder whose config.json gives it no name.
const DEFAULT_NAME: &str = "label";

/// A head: its name, its labels and its weights.
pub struct Head {
    name: Arc<str>,
    labels: Vec<Arc<str>>,
    temperature: f32,
    hidden: Option<(Tensor, BiasActivation)>,
    weight: Tensor,
    bias: Tensor,
}

impl Head {
    /// The name that callers ask for.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The labels in the order of the classes.
    #[must_use]
    pub fn labels(&self) -> &[Arc<str>] {
        &self.labels
    }

    /// `DistilBertForSequenceClassification` is recognised by its `pre_classifier`; any other
    /// folder lists its heads in config.json.
    pub(crate) fn read_all(weights: &Weights, config: &Config) -> Result<Vec<Self>, EncoderError> {
        if is_sequence_classification(weights) {
            return Ok(vec![Self::sequence_classification(weights, config)?]);
        }
        let heads = config.heads.iter();
        heads.map(|h| Self::own(weights, h, config.dim)).collect()
    }

    fn sequence_classification(weights: &Weights, config: &Config) -> Result<Self, EncoderError> {
        let classes = weights.rows("classifier.weight")?;
        let shape = HeadConfig {
            name: config.problem.as_deref().unwrap_or(DEFAULT_NAME).to_owned(),
            labels: config.class_labels(classes),
            temperature: 1.0,
            hidden: Some(Activation::Relu),
        };
        Self::read(weights, &shape, config.dim, "classifier", "pre_classifier")
    }

    fn own(weights: &Weights, head: &HeadConfig, dim: usize) -> Result<Self, EncoderError> {
        let prefix = format!("heads.{}", head.name);
        Self::read(weights, head, dim, &prefix, &format!("{prefix}.hidden"))
    }

    fn read(
        weights: &Weights,
        head: &HeadConfig,
        dim: usize,
        output: &str,
        hidden: &str,
    ) -> Result<Self, EncoderError> {
        let classes = head.labels.len();
        let hidden = match head.hidden {
            None => None,
            Some(activation) => Some((
                weights.get(&format!("{hidden}.weight"), &[dim, dim])?.t()?,
                BiasActivation {
                    bias: weights.values(&format!("{hidden}.bias"), &[dim])?,
                    activation,
                },
            )),
        };
        Ok(Self {
            name: Arc::from(head.name.as_str()),
            labels: head.labels.iter().map(|l| Arc::from(l.as_str())).collect(),
            temperature: head.temperature,
            hidden,
            weight: weights
                .get(&format!("{output}.weight"), &[classes, dim])?
                .t()?,
            bias: weights.get(&format!("{output}.bias"), &[classes])?,
        })
    }

    /// `[texts, dim]` to one row of probabilities for each text.
    pub(crate) fn probabilities(&self, pooled: &Tensor) -> Result<Vec<Vec<f32>>, EncoderError> {
        let logits = match &self.hidden {
            None => pooled.matmul(&self.weight)?,
            Some((weight, activation)) => {
                let hidden = pooled.matmul(weight)?;
                hidden.inplace_op1(activation)?;
                hidden.matmul(&self.weight)?
            }
        };
        let mut rows: Vec<Vec<f32>> = logits.broadcast_add(&self.bias)?.to_vec2()?;
        for row in &mut rows {
            for logit in row.iter_mut() {
                *logit /= self.temperature;
            }
            kernels::softmax(row);
        }
        Ok(rows)
    }
}

/// Whether the weights are those of Hugging Face's `DistilBertForSequenceClassification`.
pub(crate) fn is_sequence_classification(weights: &Weights) -> bool {
    weights.contains("pre_classifier.weight")
}
