//! Losses: scalars that training makes small, and the collections that they join. TensorFlow's
//! `tf.losses`.

mod collection;
mod regularization;

pub use collection::{
    TotalLossOptions, add_loss, get_losses, get_losses_in, get_total_loss, get_total_loss_with,
};
pub use regularization::{get_regularization_losses, get_regularization_losses_in};
