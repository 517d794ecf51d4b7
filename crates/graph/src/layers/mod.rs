//! Layers: operations with the variables that they make for themselves.

mod batch_normalization;
mod dense;
mod layer_norm;
mod scope;

pub use batch_normalization::{BatchNormalization, Training};
pub use dense::Dense;
pub use layer_norm::LayerNorm;
pub(crate) use layer_norm::normalized_layer;
