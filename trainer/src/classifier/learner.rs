//! One update after the other: batches in, changed weights out.

use anyhow::{Context, Result, bail};
use candle_core::{D, DType, Tensor, Var};
use candle_nn::ops::log_softmax;
use encoder::Tokens;
use indicatif::ProgressBar;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};

use super::fine_tuning::{Example, Fit, Trainable};
use crate::{
    optimisation::{AdamW, AdamWSettings, Gradients, Workers, cosine_with_warmup},
    progress,
};

/// Part of the updates during which the learning rate rises.
const WARMUP: f64 = 0.06;
/// Gradients longer than this are shortened to it.
const LONGEST_GRADIENT: f64 = 1.0;

/// A fit while it learns.
pub(super) struct Learner<'a> {
    fit: &'a Fit<'a>,
    trainable: &'a Trainable,
    pub(super) variables: Vec<Var>,
    optimizer: AdamW,
    workers: Workers,
    /// Of each head's classes.
    weights: Vec<Vec<f32>>,
    pub(super) bar: ProgressBar,
}

/// A text of a batch as it is learned from this time.
struct Drawn<'a> {
    tokens: Tokens,
    example: &'a Example,
    /// Of what is hidden from the heads.
    seed: u64,
}

impl<'a> Learner<'a> {
    pub(super) fn new(fit: &'a Fit<'a>, trainable: &'a Trainable) -> Result<Self> {
        let options = fit.options;
        let named = trainable.variables();
        let settings = AdamWSettings {
            weight_decay: options.weight_decay,
            ..AdamWSettings::default()
        };
        let heads = fit.heads.iter().enumerate();
        let batches = fit.training.len().div_ceil(options.batch);
        Ok(Self {
            fit,
            trainable,
            variables: named.iter().map(|(_, variable)| variable.clone()).collect(),
            optimizer: AdamW::new(named, settings)?,
            workers: fit.workers()?,
            weights: heads
                .map(|(index, head)| class_weights(fit.training, index, head.labels.len()))
                .collect(),
            bar: progress::bar(batches * options.max_epochs, "train"),
        })
    }

    /// One pass over the training texts in an order of its own; gives back the mean loss.
    pub(super) fn epoch(&mut self, epoch: usize) -> Result<f64> {
        let options = self.fit.options;
        let per_epoch = self.fit.training.len().div_ceil(options.batch);
        let steps = per_epoch * options.max_epochs;
        let warmup = (steps as f64 * WARMUP).ceil() as usize;
        let mut order: Vec<usize> = (0..self.fit.training.len()).collect();
        let seed = options.seed.wrapping_add(epoch as u64);
        let mut random = StdRng::seed_from_u64(seed);
        order.shuffle(&mut random);
        let mut losses = Vec::with_capacity(per_epoch);
        for (index, batch) in order.chunks(options.batch).enumerate() {
            let mut gradients = Gradients::default();
            let loss = self.learn(batch, &mut random, &mut gradients);
            losses.push(loss.with_context(|| format!("epoch {epoch}, batch {}", index + 1))?);
            let step = (epoch - 1) * per_epoch + index + 1;
            let rate = cosine_with_warmup(options.learning_rate, step, warmup, steps);
            self.optimizer.step(&gradients, rate)?;
            self.bar.inc(1);
        }
        // Asked for once: a GPU would be waited for each time.
        let losses: Vec<f32> = Tensor::stack(&losses, 0)?.to_vec1()?;
        if let Some(index) = losses.iter().position(|loss| !loss.is_finite()) {
            let loss = losses[index];
            bail!(
                "epoch {epoch}, batch {}: the loss is {loss}; try a smaller --learning-rate",
                index + 1
            );
        }
        Ok(losses.iter().copied().map(f64::from).sum::<f64>() / per_epoch as f64)
    }

    /// The weights as they are now.
    pub(super) fn copies(&self) -> Result<Vec<Tensor>> {
        let tensors = self.variables.iter().map(Var::as_detached_tensor);
        Ok(tensors
            .map(|tensor| tensor.copy())
            .collect::<candle_core::Result<_>>()?)
    }

    /// Adds the gradients of a batch's loss and gives the loss back. Each worker takes a part of the texts.
    fn learn(
        &self,
        batch: &[usize],
        random: &mut StdRng,
        gradients: &mut Gradients,
    ) -> Result<Tensor> {
        let dropped = self.fit.options.drop_tokens;
        let mut texts: Vec<Drawn<'_>> = batch
            .iter()
            .map(|index| {
                let example = &self.fit.training[*index];
                Drawn {
                    tokens: thinned(&example.tokens, dropped, random),
                    example,
                    seed: random.random(),
                }
            })
            .collect();
        // Dealt out by length, so that all workers have about as much to do.
        texts.sort_by_key(|text| text.tokens.ids.len());
        let totals = self.total_weights(&texts);
        let parts: Vec<usize> = (0..self.workers.count().min(texts.len())).collect();
        let (losses, found) = self
            .workers
            .map(&parts, |gradients: &mut Gradients, part| {
                let texts: Vec<_> = texts.iter().skip(part).step_by(parts.len()).collect();
                self.part(&texts, &totals, gradients)
            })?;
        for part in &found {
            gradients.merge(part)?;
        }
        gradients.clip(LONGEST_GRADIENT)?;
        Ok(Tensor::stack(&losses, 0)?.sum_all()?)
    }

    /// The share of some of a batch's texts in its loss, and the gradients of that.
    fn part(
        &self,
        texts: &[&Drawn<'_>],
        totals: &[f32],
        gradients: &mut Gradients,
    ) -> Result<Tensor> {
        let tokens: Vec<&Tokens> = texts.iter().map(|text| &text.tokens).collect();
        let trainable = self.trainable;
        let pooled = self.fit.graph.forward(&tokens, &trainable.adapter)?;
        let seeds: Vec<u64> = texts.iter().map(|text| text.seed).collect();
        let logits = trainable.logits(&dropout(&pooled, self.fit.options.dropout, &seeds)?)?;
        let mut sum = Tensor::zeros((), DType::F32, self.fit.graph.device())?;
        for (head, logits) in logits.iter().enumerate() {
            if totals[head] > 0.0 {
                sum = (sum + self.head_loss(head, logits, texts, totals[head])?)?;
            }
        }
        gradients.collect(&self.variables, &sum.backward()?)?;
        Ok(sum.detach())
    }

    /// How much the labels of a batch weigh together, for each head.
    fn total_weights(&self, texts: &[Drawn<'_>]) -> Vec<f32> {
        let total = |(head, weights): (usize, &Vec<f32>)| {
            let classes = texts.iter().filter_map(|text| text.example.classes[head]);
            classes.map(|class| weights[class]).sum()
        };
        self.weights.iter().enumerate().map(total).collect()
    }

    /// Weighted cross-entropy with smoothed labels over the texts that have a label, as a part of the batch's mean.
    fn head_loss(
        &self,
        head: usize,
        logits: &Tensor,
        texts: &[&Drawn<'_>],
        total: f32,
    ) -> Result<Tensor> {
        let weights = &self.weights[head];
        let labels = weights.len();
        let mut targets = vec![0.0; texts.len() * labels];
        let smoothing = self.fit.options.label_smoothing;
        for (row, text) in targets.chunks_exact_mut(labels).zip(texts) {
            let Some(class) = text.example.classes[head] else {
                continue;
            };
            let weight = weights[class];
            row.fill(weight * smoothing / labels as f32);
            row[class] += weight * (1.0 - smoothing);
        }
        let targets = Tensor::from_vec(targets, (texts.len(), labels), logits.device())?;
        let log_probabilities = log_softmax(logits, D::Minus1)?;
        Ok(((log_probabilities * targets)?.sum_all()? * (-1.0 / f64::from(total)))?)
    }
}

/// A text without some of its tokens; the first and the last, which mark its ends, stay.
fn thinned(tokens: &Tokens, dropped: f64, random: &mut StdRng) -> Tokens {
    let last = tokens.ids.len().saturating_sub(1);
    let places = tokens.ids.iter().enumerate();
    let ids = places
        .filter(|(place, _)| *place == 0 || *place == last || !random.random_bool(dropped))
        .map(|(_, id)| *id);
    Tokens {
        ids: ids.collect(),
        truncated: tokens.truncated,
    }
}

/// Sets a part of each row's numbers to 0 and scales the others up to the same expectation.
fn dropout(vectors: &Tensor, dropped: f64, seeds: &[u64]) -> Result<Tensor> {
    if dropped <= 0.0 {
        return Ok(vectors.clone());
    }
    let kept = (1.0 - dropped).recip() as f32;
    let width = vectors.dim(D::Minus1)?;
    let factors: Vec<f32> = seeds
        .iter()
        .flat_map(|seed| {
            let mut random = StdRng::seed_from_u64(*seed);
            let factor = move |_| {
                if random.random_bool(dropped) {
                    0.0
                } else {
                    kept
                }
            };
            (0..width).map(factor)
        })
        .collect();
    let factors = Tensor::from_vec(factors, vectors.shape(), vectors.device())?;
    Ok((vectors * factors)?)
}

/// How much each class counts: a text of a class of n texts weighs n^-½, on average 1.
fn class_weights(examples: &[Example], head: usize, labels: usize) -> Vec<f32> {
    let mut counts = vec![0_usize; labels];
    for class in examples.iter().filter_map(|example| example.classes[head]) {
        counts[class] += 1;
    }
    let weight = |count: usize| (count.max(1) as f32).sqrt().recip();
    let total: usize = counts.iter().sum();
    let sum: f32 = counts
        .iter()
        .map(|count| weight(*count) * *count as f32)
        .sum();
    let norm = total as f32 / sum.max(f32::MIN_POSITIVE);
    counts.iter().map(|count| weight(*count) * norm).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thinned_text_keeps_its_ends_and_its_order() {
        let tokens = Tokens {
            ids: (0..1000).collect(),
            truncated: false,
        };
        let mut random = StdRng::seed_from_u64(3);
        let ids = thinned(&tokens, 0.2, &mut random).ids;
        assert!((700..900).contains(&ids.len()), "{}", ids.len());
        assert!(ids.is_sorted() && ids[0] == 0 && ids[ids.len() - 1] == 999);
        assert_eq!(thinned(&tokens, 0.0, &mut random), tokens);
    }
}
