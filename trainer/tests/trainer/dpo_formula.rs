//! The DPO loss beside its published formula, evaluated in double precision by `dpo_formula.py`.

use candle_core::{Device, Tensor};
use trainer::preference::loss::{ReferenceLogps, dpo_loss};

/// β, log-probabilities of chosen and rejected, those of the reference, and what the script found: loss, reward of
/// the chosen reply, reward of the rejected one.
type Row = (f64, f32, f32, f64, f64, f64, f64, f64);

#[rustfmt::skip]
const ROWS: [Row; 12] = [
    (0.05, -182.28, -223.796, -103.776, -242.615, 4.873823448e+00, -3.925200, 0.940950),
    (0.05, -131.388, -172.235, -246.08, -138.215, 5.897010378e-04, 5.734600, -1.701000),
    (0.05, -251.001, -155.925, -243.235, -238.229, 4.514509357e+00, -0.388300, 4.115200),
    (0.05, -158.115, -61.555, -230.288, -206.423, 3.660798309e+00, 3.608650, 7.243400),
    (0.1, -109.416, -32.55, -121.495, -164.797, 1.201680604e+01, 1.207900, 13.224700),
    (0.1, -25.699, -248.82, -53.968, -190.494, 1.734559764e-04, 2.826900, -5.832600),
    (0.1, -225.379, -231.73, -185.964, -64.13, 2.710164144e-06, -3.941500, -16.760000),
    (0.1, -216.626, -120.416, -106.661, -170.625, 1.601740011e+01, -10.996500, 5.020900),
    (0.5, -128.541, -244.931, -245.696, -210.57, 1.255216501e-33, 58.577500, -17.180500),
    (0.5, -96.704, -157.378, -184.605, -119.465, 4.784505156e-28, 43.950500, -18.956500),
    (0.5, -151.236, -188.056, -69.349, -92.241, 9.448612489e-04, -40.943500, -47.907500),
    (0.5, -201.417, -122.138, -133.953, -49.967, 9.078719707e-02, -33.732000, -36.085500),
];

#[test]
fn the_loss_is_that_of_the_published_formula() {
    let scalar = |value: f32| Tensor::new(value, &Device::Cpu).unwrap();
    for (
        beta,
        chosen,
        rejected,
        reference_chosen,
        reference_rejected,
        loss,
        chosen_reward,
        rejected_reward,
    ) in ROWS
    {
        let reference = ReferenceLogps {
            chosen: reference_chosen,
            rejected: reference_rejected,
        };
        let found = dpo_loss(&scalar(chosen), &scalar(rejected), reference, beta).unwrap();
        let value = f64::from(found.loss.to_scalar::<f32>().unwrap());
        assert!(
            (value - loss).abs() < 1e-5 * loss.max(1.0),
            "{value} {loss}"
        );
        assert!((found.chosen_reward - chosen_reward).abs() < 1e-4);
        assert!((found.rejected_reward - rejected_reward).abs() < 1e-4);
    }
}
