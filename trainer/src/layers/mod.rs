//! Building blocks of models that are trained through adapters: frozen matrices, low-rank pairs, and row-wise
//! steps with gradients. Used for the language model and for the text encoder.

pub(crate) mod by_hand;
pub mod frozen;
pub mod low_rank;
pub(crate) mod norms;
pub(crate) mod row_ops;
mod rows;

pub use self::{frozen::FrozenMatrix, low_rank::LowRankPair};
