//! Losses: scalars that training makes small, and the collections that they join. TensorFlow's
//! `tf.losses`, and its `sequence_loss`.
//!
//! Each function gives the mean of a loss of every element, as a scalar that joins the collection
//! `losses`. What is to be weighted, summed otherwise or named otherwise is said by [`LossOptions`],
//! which the form of the name that ends in `_with` takes. Operands are of one shape, and labels of the
//! type of the predictions: `labels.cast::<f32>()` converts.
//!
//! ```
//! use aqueduct_graph::losses::{self, LossOptions, Reduction};
//! use aqueduct_graph::{Graph, shape};
//!
//! let g = Graph::new();
//! let labels = g.placeholder::<i64>("labels", shape![?, 20]);
//! let logits = g.placeholder::<f32>("logits", shape![?, 20, 1000]);
//! let weights = g.placeholder::<f32>("weights", shape![?, 20]);
//!
//! let options = LossOptions::new().weights(weights).reduction(Reduction::Sum);
//! let loss = losses::sparse_softmax_cross_entropy_with(labels, logits, options);
//! assert_eq!(loss.shape().rank(), 0);
//! assert_eq!(losses::get_losses(&g), [loss.any()]);
//! ```

mod collection;
mod cross_entropy;
mod difference;
mod options;
mod pairwise;
mod regularization;
mod sequence;
mod weighted;

pub use collection::{
    TotalLossOptions, add_loss, get_losses, get_losses_in, get_total_loss, get_total_loss_with,
};
pub use cross_entropy::{
    sigmoid_cross_entropy, sigmoid_cross_entropy_with, softmax_cross_entropy,
    softmax_cross_entropy_with, sparse_softmax_cross_entropy, sparse_softmax_cross_entropy_with,
};
pub use difference::{
    absolute_difference, absolute_difference_with, cosine_distance, cosine_distance_with,
    hinge_loss, hinge_loss_with, huber_loss, huber_loss_with, log_loss, log_loss_with,
    mean_squared_error, mean_squared_error_with,
};
pub use options::{LossOptions, Reduction, Weights};
pub use pairwise::{mean_pairwise_squared_error, mean_pairwise_squared_error_with};
pub use regularization::{
    get_regularization_loss, get_regularization_loss_in, get_regularization_losses,
    get_regularization_losses_in,
};
pub use sequence::{SequenceLossOptions, sequence_loss, sequence_loss_with};
pub use weighted::{compute_weighted_loss, compute_weighted_loss_with};
