//! Gradients and optimizers for Aqueduct: graph in, more graph out.
//!
//! This crate never sees a value. It reads the operations that lead from `xs` to `ys`, and adds
//! operations that compute how `ys` change with `xs`; an optimizer adds the operations that change
//! variables accordingly. All of it is ordinary graph: it can be printed, fetched, fed, and
//! differentiated again.
//!
//! - [`gradients`] walks from `ys` back to `xs`. What it finds for each of `xs` is a [`Gradient`]:
//!   dense, sparse, or the reason why there is none.
//! - Before the walk, `flow.rs` finds out where gradients can flow at all, and what stands between.
//! - The rules stand in `rules/`, a file for each family of ops: a vector-Jacobian product for each
//!   op, or why it has none.
//! - An [`Optimizer`] is a builder: [`GradientDescent`], [`Momentum`], [`Adagrad`], [`Adadelta`], [`RmsProp`],
//!   [`Adam`], [`AdamW`], [`Ftrl`], [`ProximalGradientDescent`],
//!   [`ProximalAdagrad`], [`AdagradDa`].
//!
//! ```
//! use aqueduct_graph::{Graph, mean_squared_error, shape, zeros};
//! use aqueduct_optimizer::{AdamOptimizer, Optimizer};
//!
//! let g = Graph::new();
//! let x = g.placeholder::<f32>("x", shape![?, 3]);
//! let y = g.placeholder::<f32>("y", shape![?, 1]);
//! let w = g.variable::<f32>("w", zeros([3, 1]));
//! let loss = mean_squared_error(y, x.matmul(w));
//! let train = AdamOptimizer::new(0.001).minimize(loss);
//! assert_eq!(train.name(), "Adam");
//! assert!(g.check().is_ok());
//! ```

mod accumulator;
mod adadelta;
mod adagrad;
mod adagrad_da;
mod adam;
mod adam_w;
mod clip;
mod flow;
mod ftrl;
mod global_step;
mod gradient;
mod gradient_descent;
mod gradients;
mod hyper;
mod learning_rate;
mod means;
mod momentum;
mod moving_average;
mod optimizer;
mod points;
mod proximal;
mod proximal_adagrad;
mod proximal_gradient_descent;
mod rms_prop;
mod rules;
mod target;
mod walk;
mod weighted_sum;

pub use accumulator::GradientAccumulator;
pub use adadelta::{Adadelta, AdadeltaOptimizer, AdadeltaSlots};
pub use adagrad::{Adagrad, AdagradOptimizer};
pub use adagrad_da::{AdagradDa, AdagradDaOptimizer, AdagradDaSlots};
pub use adam::{Adam, AdamOptimizer, AdamSlots};
pub use adam_w::{AdamW, AdamWOptimizer};
pub use clip::clip_gradients_by_global_norm;
pub use ftrl::{Ftrl, FtrlOptimizer, FtrlSlots};
pub use global_step::{
    assert_global_step, create_global_step, get_global_step, get_or_create_global_step,
    increment_global_step,
};
pub use gradient::{Gradient, IndexedSlices, Slope};
pub use gradient_descent::{GradientDescent, GradientDescentOptimizer};
pub use gradients::{Gradients, gradient, gradients};
pub use hyper::Hyper;
pub use learning_rate::{
    CosineDecayOptions, CosineDecayRestartsOptions, DecayOptions, LinearCosineDecayOptions,
    PolynomialDecayOptions, cosine_decay, cosine_decay_restarts, cosine_decay_restarts_with,
    cosine_decay_with, exponential_decay, exponential_decay_with, inverse_time_decay,
    inverse_time_decay_with, linear_cosine_decay, linear_cosine_decay_with, natural_exp_decay,
    natural_exp_decay_with, piecewise_constant, polynomial_decay, polynomial_decay_with,
};
pub use momentum::{Momentum, MomentumOptimizer};
pub use moving_average::ExponentialMovingAverage;
pub use optimizer::{Minimize, Optimizer, filled_slot, slot, untrained};
pub use points::{Point, Points};
pub use proximal_adagrad::{ProximalAdagrad, ProximalAdagradOptimizer};
pub use proximal_gradient_descent::{ProximalGradientDescent, ProximalGradientDescentOptimizer};
pub use rms_prop::{RmsProp, RmsPropOptimizer, RmsPropSlots};
pub use weighted_sum::weighted_sum;
