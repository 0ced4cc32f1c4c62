//! Fits adapter and heads together: for each text the sum over the heads of a class-weighted
//! cross-entropy, AdamW with warm-up, and an end when the validation texts get no better.

use std::io::Write;

use anyhow::{Context, Result};
use candle_core::{DType, Tensor, Var};
use encoder::Tokens;

use super::{
    TrainingOptions, average,
    calibration::{argmax, balancing_shifts, best_temperature, negative_log_likelihood},
    encoder_graph::{EncoderAdapter, EncoderGraph},
    heads_spec::HeadSpec,
    learner::Learner,
};
use crate::{evaluate::report::Report, optimisation::Workers};

/// Texts that are looked at in one pass when nothing is learned.
const TEXTS_AT_ONCE: usize = 32;
/// A text ready for the model.
pub(super) struct Example {
    pub(super) tokens: Tokens,
    /// The class of each head, in the heads' order; a text may lack some.
    pub(super) classes: Vec<Option<usize>>,
}

/// The output layer of a head.
pub(super) struct HeadLayer {
    /// `[labels, dim]`.
    pub(super) weight: Var,
    /// `[labels]`.
    pub(super) bias: Var,
}

/// Adapter and heads.
pub(super) struct Trainable {
    pub(super) adapter: EncoderAdapter,
    pub(super) heads: Vec<HeadLayer>,
}

impl Trainable {
    fn new(graph: &EncoderGraph, heads: &[HeadSpec], options: &TrainingOptions) -> Result<Self> {
        let layer = |head: &HeadSpec| -> Result<HeadLayer> {
            let labels = head.labels.len();
            Ok(HeadLayer {
                weight: Var::zeros((labels, graph.dim()), DType::F32, graph.device())?,
                bias: Var::zeros(labels, DType::F32, graph.device())?,
            })
        };
        Ok(Self {
            adapter: EncoderAdapter::new(graph, options.rank, options.alpha, options.seed)?,
            heads: heads.iter().map(layer).collect::<Result<_>>()?,
        })
    }

    pub(super) fn variables(&self) -> Vec<(String, Var)> {
        let heads = self.heads.iter().enumerate().flat_map(|(index, head)| {
            [
                (format!("head.{index}.weight"), head.weight.clone()),
                (format!("head.{index}.bias"), head.bias.clone()),
            ]
        });
        self.adapter.variables().into_iter().chain(heads).collect()
    }

    /// Logits `[texts, labels]` of each head, from pooled vectors.
    pub(super) fn logits(&self, pooled: &Tensor) -> Result<Vec<Tensor>> {
        let logits = |head: &HeadLayer| {
            Ok(pooled
                .matmul(&head.weight.t()?)?
                .broadcast_add(&head.bias)?)
        };
        self.heads.iter().map(logits).collect()
    }
}

/// Logits of one head for the texts that have its label, with their classes.
pub(super) struct HeadPredictions {
    pub(super) logits: Vec<Vec<f32>>,
    pub(super) classes: Vec<usize>,
}

/// What came out.
pub(super) struct Fitted {
    pub(super) trainable: Trainable,
    /// The epoch whose weights were taken; 0 for an average.
    pub(super) epoch: usize,
    /// Of the validation texts, in the heads' order.
    pub(super) validation: Vec<HeadPredictions>,
}

impl Fitted {
    /// Moves the bias of a head so that its most probable labels are balanced on the first `texts` validation texts
    /// that have its label; see [`balancing_shifts`].
    pub(super) fn balance(&mut self, head: usize, texts: usize) -> Result<Vec<f32>> {
        let found = &mut self.validation[head];
        let temperature = best_temperature(&found.logits, &found.classes);
        let texts = texts.min(found.classes.len());
        let scaled: Vec<Vec<f32>> = found.logits[..texts]
            .iter()
            .map(|row| row.iter().map(|logit| logit / temperature).collect())
            .collect();
        let bias = &self.trainable.heads[head].bias;
        let labels = bias.dims1()?;
        let shifts = balancing_shifts(&scaled, &found.classes[..texts], labels);
        let added: Vec<f32> = shifts.iter().map(|shift| shift * temperature).collect();
        bias.set(&(bias.as_tensor() + Tensor::new(added.as_slice(), bias.device())?)?)?;
        for row in &mut found.logits {
            for (logit, added) in row.iter_mut().zip(&added) {
                *logit += added;
            }
        }
        Ok(shifts)
    }
}

/// The data and the plan of a fit.
pub(super) struct Fit<'a> {
    pub(super) graph: &'a EncoderGraph,
    pub(super) heads: &'a [HeadSpec],
    pub(super) training: &'a [Example],
    pub(super) validation: &'a [Example],
    pub(super) options: &'a TrainingOptions,
}

impl Fit<'_> {
    /// Trains until validation gets no better, and gives back the best weights; or averages earlier results.
    pub(super) fn run(&self, out: &mut impl Write) -> Result<Fitted> {
        let options = self.options;
        if !options.average.is_empty() {
            let trainable = average::read(&options.average, options.rank, self.graph, self.heads)?;
            return Ok(Fitted {
                validation: self.predict(&trainable, self.validation)?,
                trainable,
                epoch: 0,
            });
        }
        let trainable = Trainable::new(self.graph, self.heads, options)?;
        let mut learner = Learner::new(self, &trainable)?;
        let mut best: Option<(Score, usize, Vec<Tensor>)> = None;
        for epoch in 1..=options.max_epochs {
            let loss = learner.epoch(epoch)?;
            let score = self.score(&self.predict(&trainable, self.validation)?);
            learner.bar.suspend(|| {
                writeln!(
                    out,
                    "epoch {epoch:>2}  training loss {loss:.4}  validation macro-F1 {:.4}, loss {:.4}",
                    score.macro_f1, score.loss
                )
            })?;
            if best
                .as_ref()
                .is_none_or(|(highest, ..)| score.beats(*highest))
            {
                best = Some((score, epoch, learner.copies()?));
            } else if best
                .as_ref()
                .is_some_and(|(_, at, _)| epoch >= at + options.patience)
            {
                break;
            }
        }
        learner.bar.finish_and_clear();
        let (_, epoch, copies) = best.context("no epoch was trained")?;
        for (variable, copy) in learner.variables.iter().zip(copies) {
            variable.set(&copy)?;
        }
        let validation = self.predict(&trainable, self.validation)?;
        Ok(Fitted {
            trainable,
            epoch,
            validation,
        })
    }

    /// A GPU computes all texts of a pass at once.
    pub(super) fn workers(&self) -> Result<Workers> {
        Workers::new(usize::from(!self.graph.device().is_cpu()))
    }

    /// Logits of each head for the examples that have its label.
    pub(super) fn predict(
        &self,
        trainable: &Trainable,
        examples: &[Example],
    ) -> Result<Vec<HeadPredictions>> {
        let mut predictions: Vec<HeadPredictions> = self
            .heads
            .iter()
            .map(|_| HeadPredictions {
                logits: Vec::new(),
                classes: Vec::new(),
            })
            .collect();
        let passes: Vec<&[Example]> = examples.chunks(TEXTS_AT_ONCE).collect();
        let all: Vec<usize> = (0..passes.len()).collect();
        let (logits, _) = self.workers()?.map(&all, |_: &mut (), pass| {
            let tokens: Vec<&Tokens> = passes[pass].iter().map(|e| &e.tokens).collect();
            let logits = trainable.logits(&self.graph.forward(&tokens, &trainable.adapter)?)?;
            let rows = logits.iter().map(|logits| Ok(logits.to_vec2::<f32>()?));
            rows.collect::<Result<Vec<_>>>()
        })?;
        for (examples, logits) in passes.into_iter().zip(logits) {
            for (head, rows) in logits.into_iter().enumerate() {
                for (example, row) in examples.iter().zip(rows) {
                    if let Some(class) = example.classes[head] {
                        predictions[head].logits.push(row);
                        predictions[head].classes.push(class);
                    }
                }
            }
        }
        Ok(predictions)
    }

    fn score(&self, predictions: &[HeadPredictions]) -> Score {
        let (mut macro_f1, mut loss, mut heads) = (0.0, 0.0, 0.0_f32);
        for (found, head) in predictions.iter().zip(self.heads) {
            if found.classes.is_empty() {
                continue;
            }
            let predicted: Vec<usize> = found.logits.iter().map(|row| argmax(row)).collect();
            macro_f1 += Report::new(&head.labels, &found.classes, &predicted).macro_f1;
            loss += negative_log_likelihood(&found.logits, &found.classes, 1.0);
            heads += 1.0;
        }
        Score {
            macro_f1: macro_f1 / heads.max(1.0),
            loss: loss / heads.max(1.0),
        }
    }
}

/// How good weights are on the validation texts: means over the heads.
#[derive(Clone, Copy)]
struct Score {
    macro_f1: f32,
    loss: f32,
}

impl Score {
    /// By macro-F1; of equals by loss.
    fn beats(self, other: Self) -> bool {
        let difference = self.macro_f1 - other.macro_f1;
        difference > 1e-6 || (difference > -1e-6 && self.loss < other.loss)
    }
}
