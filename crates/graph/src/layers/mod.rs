//! Layers: operations with the variables that they make for themselves.

mod batch_normalization;
mod conv;
mod dense;
mod layer_norm;
mod scope;
mod unweighted;
mod weights;

pub use batch_normalization::{BatchNormalization, Training};
pub use conv::{Conv1d, Conv2d};
pub use dense::Dense;
pub use layer_norm::LayerNorm;
pub(crate) use layer_norm::normalized_layer;
pub use unweighted::{AveragePooling1d, AveragePooling2d, Dropout, MaxPooling1d, MaxPooling2d};
