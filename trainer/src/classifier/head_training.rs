//! Fits one head on embeddings: class-weighted cross-entropy, AdamW over the whole training part at
//! once (a few hundred rows), stopped when validation gets no better. Inputs are standardised while
//! fitting; that scaling is folded into the weights afterwards, so the encoder needs none.

use anyhow::Result;
use candle_core::{D, DType, Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, ops::log_softmax};
use rand::{Rng, SeedableRng, rngs::StdRng};

/// Epochs without a better validation loss after which fitting ends.
const PATIENCE: usize = 15;
/// Keeps a constant column from dividing by zero.
const SMALLEST_DEVIATION: f64 = 1e-5;

/// What is fitted and how.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recipe {
    /// Whether there is a hidden layer `dim -> dim` with GELU.
    pub hidden: bool,
    /// Step size of AdamW.
    pub learning_rate: f64,
    /// Decoupled weight decay of AdamW.
    pub weight_decay: f64,
    /// How far rare classes are lifted: each text of a class of n texts weighs n^-balance; with 0
    /// all texts are equal, with 1 all classes.
    pub balance: f32,
}

/// Embeddings with their classes.
pub struct Labelled {
    /// `[cases, dim]`.
    pub embeddings: Tensor,
    /// One for each row.
    pub classes: Vec<usize>,
}

/// The weights of a head for embeddings as the encoder gives them.
#[derive(Debug, Clone)]
pub struct HeadWeights {
    /// Weight `[dim, dim]` and bias `[dim]` of the hidden layer.
    pub hidden: Option<(Tensor, Tensor)>,
    /// `[labels, dim]`.
    pub weight: Tensor,
    /// `[labels]`.
    pub bias: Tensor,
}

/// The end of a fit.
pub struct Fitted {
    /// After the last epoch.
    pub weights: HeadWeights,
    /// The epoch (from 1) with the smallest validation loss; the last one without validation.
    pub best_epoch: usize,
    /// Logits of the validation part at that epoch.
    pub validation_logits: Vec<Vec<f32>>,
}

impl HeadWeights {
    /// `[cases, dim]` to `[cases, labels]`.
    ///
    /// # Errors
    /// The shapes do not fit.
    pub fn logits(&self, embeddings: &Tensor) -> Result<Tensor> {
        let input = match &self.hidden {
            None => embeddings.clone(),
            Some((weight, bias)) => linear(embeddings, weight, bias)?.gelu_erf()?,
        };
        linear(&input, &self.weight, &self.bias)
    }
}

fn linear(input: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    Ok(input.matmul(&weight.t()?)?.broadcast_add(bias)?)
}

/// Mean and deviation of each column.
struct Standardiser {
    mean: Tensor,
    deviation: Tensor,
}

impl Standardiser {
    fn new(embeddings: &Tensor) -> Result<Self> {
        let mean = embeddings.mean(0)?;
        let squares = embeddings.broadcast_sub(&mean)?.sqr()?;
        let deviation = (squares.mean(0)?.sqrt()? + SMALLEST_DEVIATION)?;
        Ok(Self { mean, deviation })
    }

    fn apply(&self, embeddings: &Tensor) -> Result<Tensor> {
        let centred = embeddings.broadcast_sub(&self.mean)?;
        Ok(centred.broadcast_div(&self.deviation)?)
    }

    /// Weights for plain embeddings from weights for standardised ones.
    fn fold(&self, weight: &Tensor, bias: &Tensor) -> Result<(Tensor, Tensor)> {
        let weight = weight.broadcast_div(&self.deviation)?;
        let offset = weight.broadcast_mul(&self.mean)?.sum(D::Minus1)?;
        Ok((weight, (bias - offset)?))
    }
}

/// The parameters while they are fitted.
struct Parameters {
    hidden: Option<(Var, Var)>,
    weight: Var,
    bias: Var,
}

impl Parameters {
    /// The output starts at zero weights and at the logarithm of the classes' shares: small steps
    /// would take long to get there.
    fn new(dim: usize, shares: &[f32], hidden: bool, seed: u64) -> Result<Self> {
        let mut random = StdRng::seed_from_u64(seed);
        let mut matrix = |rows: usize| -> Result<Var> {
            let bound = (1.0 / dim as f32).sqrt();
            let values: Vec<f32> = (0..rows * dim)
                .map(|_| random.random_range(-bound..bound))
                .collect();
            Ok(Var::from_vec(values, (rows, dim), &Device::Cpu)?)
        };
        let zeros = |size: usize| Var::zeros(size, DType::F32, &Device::Cpu);
        let start: Vec<f32> = shares.iter().map(|share| share.ln()).collect();
        Ok(Self {
            hidden: if hidden {
                Some((matrix(dim)?, zeros(dim)?))
            } else {
                None
            },
            weight: Var::zeros((shares.len(), dim), DType::F32, &Device::Cpu)?,
            bias: Var::from_vec(start, shares.len(), &Device::Cpu)?,
        })
    }

    fn variables(&self) -> Vec<Var> {
        let hidden = self.hidden.iter();
        let hidden = hidden.flat_map(|(weight, bias)| [weight.clone(), bias.clone()]);
        hidden
            .chain([self.weight.clone(), self.bias.clone()])
            .collect()
    }

    fn weights(&self) -> HeadWeights {
        HeadWeights {
            hidden: self
                .hidden
                .as_ref()
                .map(|(weight, bias)| (weight.as_tensor().clone(), bias.as_tensor().clone())),
            weight: self.weight.as_tensor().clone(),
            bias: self.bias.as_tensor().clone(),
        }
    }

    fn folded(&self, standardiser: &Standardiser) -> Result<HeadWeights> {
        let mut weights = self.weights();
        match &mut weights.hidden {
            Some((weight, bias)) => (*weight, *bias) = standardiser.fold(weight, bias)?,
            None => {
                let (weight, bias) = standardiser.fold(&weights.weight, &weights.bias)?;
                (weights.weight, weights.bias) = (weight, bias);
            }
        }
        Ok(weights)
    }
}

/// Classes as a tensor, with a weight for each row.
struct Target {
    classes: Tensor,
    row_weights: Tensor,
    /// What each class weighs in all; they sum to 1.
    shares: Vec<f32>,
}

impl Target {
    fn new(classes: &[usize], labels: usize, balance: f32) -> Result<Self> {
        let mut counts = vec![0_usize; labels];
        for class in classes {
            counts[*class] += 1;
        }
        let row_weight = |class: &usize| (counts[*class] as f32).powf(-balance);
        let row_weights: Vec<f32> = classes.iter().map(row_weight).collect();
        let total: f32 = row_weights.iter().sum();
        let row_weights: Vec<f32> = row_weights.iter().map(|weight| weight / total).collect();
        let mut shares = vec![0.0; labels];
        for (class, weight) in classes.iter().zip(&row_weights) {
            shares[*class] += weight;
        }
        let ids = classes.iter().map(|class| u32::try_from(*class));
        let ids = ids.collect::<Result<Vec<u32>, _>>()?;
        let rows = classes.len();
        Ok(Self {
            classes: Tensor::from_vec(ids, (rows, 1), &Device::Cpu)?,
            row_weights: Tensor::from_vec(row_weights, (rows, 1), &Device::Cpu)?,
            shares,
        })
    }

    fn loss(&self, logits: &Tensor) -> Result<Tensor> {
        let log_probabilities = log_softmax(logits, D::Minus1)?.gather(&self.classes, 1)?;
        Ok((log_probabilities * &self.row_weights)?.sum_all()?.neg()?)
    }
}

/// Fits a head with `labels` classes for at most `epochs` epochs.
///
/// # Errors
/// A tensor operation fails.
pub fn fit(
    training: &Labelled,
    validation: Option<&Labelled>,
    labels: usize,
    recipe: Recipe,
    epochs: usize,
    seed: u64,
) -> Result<Fitted> {
    let standardiser = Standardiser::new(&training.embeddings)?;
    let input = standardiser.apply(&training.embeddings)?;
    let target = Target::new(&training.classes, labels, recipe.balance)?;
    let validation = match validation {
        None => None,
        Some(part) => Some((
            standardiser.apply(&part.embeddings)?,
            Target::new(&part.classes, labels, recipe.balance)?,
        )),
    };
    let parameters = Parameters::new(input.dim(1)?, &target.shares, recipe.hidden, seed)?;
    let mut optimizer = AdamW::new(
        parameters.variables(),
        ParamsAdamW {
            lr: recipe.learning_rate,
            weight_decay: recipe.weight_decay,
            ..ParamsAdamW::default()
        },
    )?;
    let mut best_loss = f32::INFINITY;
    let mut best_epoch = epochs;
    let mut validation_logits = Vec::new();
    for epoch in 1..=epochs {
        optimizer.backward_step(&target.loss(&parameters.weights().logits(&input)?)?)?;
        let Some((input, target)) = &validation else {
            continue;
        };
        let logits = parameters.weights().logits(input)?;
        let loss = target.loss(&logits)?.to_scalar::<f32>()?;
        if loss < best_loss {
            (best_loss, best_epoch) = (loss, epoch);
            validation_logits = logits.to_vec2()?;
        } else if epoch >= best_epoch + PATIENCE {
            break;
        }
    }
    Ok(Fitted {
        weights: parameters.folded(&standardiser)?,
        best_epoch,
        validation_logits,
    })
}
