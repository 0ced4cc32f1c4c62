//! The sigmoid loss of direct preference optimisation (Rafailov et al. 2023,
//! <https://arxiv.org/abs/2305.18290>, equation 7) and the figures that are logged with it.

use anyhow::Result;
use candle_core::Tensor;
use candle_nn::ops::log_softmax;

/// Log-probabilities of whole replies under the reference.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ReferenceLogps {
    /// Of the chosen reply.
    pub chosen: f64,
    /// Of the rejected reply.
    pub rejected: f64,
}

/// The loss of one pair, and the rewards it rests on.
pub struct DpoLoss {
    /// A scalar with its graph.
    pub loss: Tensor,
    /// β · (log π(chosen) − log π_ref(chosen)).
    pub chosen_reward: f64,
    /// The same for the rejected reply.
    pub rejected_reward: f64,
}

/// `−log σ(β · ((π_c − r_c) − (π_r − r_r)))` for one pair; `chosen` and `rejected` are scalars, the sums of
/// the replies' log-probabilities under the policy.
///
/// # Errors
/// They are no scalars.
pub fn dpo_loss(
    chosen: &Tensor,
    rejected: &Tensor,
    reference: ReferenceLogps,
    beta: f64,
) -> Result<DpoLoss> {
    let chosen_reward = ((chosen - reference.chosen)? * beta)?;
    let rejected_reward = ((rejected - reference.rejected)? * beta)?;
    let margin = (&chosen_reward - &rejected_reward)?;
    // −log σ(m) is −log softmax([m, 0])₀, which neither overflows nor has a kink at 0, where all begins.
    let two = Tensor::stack(&[&margin, &margin.zeros_like()?], 0)?;
    let loss = log_softmax(&two, 0)?.get(0)?.neg()?;
    Ok(DpoLoss {
        loss,
        chosen_reward: f64::from(chosen_reward.to_scalar::<f32>()?),
        rejected_reward: f64::from(rejected_reward.to_scalar::<f32>()?),
    })
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    /// The definition, without care for overflow.
    fn by_hand(chosen: f64, rejected: f64, reference: ReferenceLogps, beta: f64) -> f64 {
        let margin = beta * ((chosen - reference.chosen) - (rejected - reference.rejected));
        -(1.0 / (1.0 + (-margin).exp())).ln()
    }

    #[test]
    fn the_loss_is_the_published_one() {
        let cases = [
            (-40.0, -60.0, (-42.0, -55.0), 0.1),
            (-10.5, -9.25, (-12.0, -8.0), 0.3),
            (-80.0, -20.0, (-60.0, -40.0), 0.5),
        ];
        for (chosen, rejected, (reference_chosen, reference_rejected), beta) in cases {
            let reference = ReferenceLogps {
                chosen: reference_chosen,
                rejected: reference_rejected,
            };
            let scalar = |x: f64| Tensor::new(x as f32, &Device::Cpu).unwrap();
            let found = dpo_loss(&scalar(chosen), &scalar(rejected), reference, beta).unwrap();
            let loss = f64::from(found.loss.to_scalar::<f32>().unwrap());
            let expected = by_hand(chosen, rejected, reference, beta);
            assert!((loss - expected).abs() < 1e-5, "{loss} {expected}");
            assert!((found.chosen_reward - beta * (chosen - reference_chosen)).abs() < 1e-5);
        }
    }

    #[test]
    fn at_the_start_the_loss_is_the_logarithm_of_two_and_wants_the_chosen_reply() {
        let (chosen, rejected) = (
            Var::new(-5.0_f32, &Device::Cpu).unwrap(),
            Var::new(-7.0_f32, &Device::Cpu).unwrap(),
        );
        let reference = ReferenceLogps {
            chosen: -5.0,
            rejected: -7.0,
        };
        let found = dpo_loss(&chosen, &rejected, reference, 0.1).unwrap();
        let loss = found.loss.to_scalar::<f32>().unwrap();
        assert!((loss - 2.0_f32.ln()).abs() < 1e-6);
        let gradients = found.loss.backward().unwrap();
        let slope = |var: &Var| gradients.get(var).unwrap().to_scalar::<f32>().unwrap();
        // −β · σ(0) for the chosen reply, the opposite for the rejected one.
        assert!((slope(&chosen) + 0.05).abs() < 1e-6);
        assert!((slope(&rejected) - 0.05).abs() < 1e-6);
    }

    #[test]
    fn a_hopeless_pair_has_a_large_loss_and_no_infinity() {
        let scalar = |x: f32| Tensor::new(x, &Device::Cpu).unwrap();
        let reference = ReferenceLogps {
            chosen: 0.0,
            rejected: 0.0,
        };
        let found = dpo_loss(&scalar(-5000.0), &scalar(0.0), reference, 1.0).unwrap();
        assert!((found.loss.to_scalar::<f32>().unwrap() - 5000.0).abs() < 1e-2);
    }
}
