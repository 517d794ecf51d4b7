//! A static-graph dataflow framework in the style of TensorFlow 1.
//!
//! Build a [`Graph`] of placeholders, variables and operations once; derive gradients as more graph;
//! run it many times through a [`Session`]. This crate is the one that users name: it exports the
//! three that do the work.
//!
//! ```
//! use aqueduct::prelude::*;
//!
//! fn main() -> aqueduct::Result<()> {
//!     let g = Graph::new();
//!     let x = g.placeholder::<f32>("x", shape![?, 2]);
//!     let w = g.variable("w", [[1.0_f32], [2.0]]);
//!     let y = x.matmul(w) + 0.5;
//!
//!     let sess = Session::new(&g);
//!     sess.run(g.global_variables_initializer(), feed![])?;
//!     let value = sess.run(y, feed![x => [[1.0, 1.0], [2.0, 0.0]]])?;
//!     assert_eq!(value, ndarray::arr2(&[[3.5], [2.5]]).into_dyn());
//!     Ok(())
//! }
//! ```

mod check;
#[cfg(doctest)]
mod does_not_compile;

pub use aqueduct_graph::*;
pub use aqueduct_optimizer::*;
pub use aqueduct_session::*;
pub use check::check_gradient;
pub use ndarray;
/// Of the version whose generators' trait [`Philox`] has: `use aqueduct::rand::RngExt as _;`.
pub use rand;

/// What most programs need: `use aqueduct::prelude::*;`.
pub mod prelude {
    pub use crate::check_gradient;
    pub use aqueduct_graph::{
        AnyTensor, AnyVariable, AveragePooling1d, AveragePooling2d, BasicLstmCell, BasicRnnCell,
        BatchNormalization, CellScope, Conv1d, Conv2d, ConvOptions, DType, Dense, Dim, Direction,
        Dropout, DropoutOptions, DropoutWrapper, ELLIPSIS, FanMode, FanShape, Graph, GruCell,
        Indexing, InputProjectionWrapper, Keys, LayerNorm, LayerNormBasicLstmCell, LstmCell,
        LstmState, MaxPooling1d, MaxPooling2d, MultiRnnCell, NEW_AXIS, Nest, NormOrder, Operand,
        Operation, OutputProjectionWrapper, Padding, PrintOptions, PrintTo, Regularizer,
        ResidualWrapper, Reuse, RnnCell, RnnOptions, ScanOptions, StateParts, Tensor, Variable,
        VariableOptions, VariableScope, WhileOptions, bidirectional_dynamic_rnn,
        bidirectional_dynamic_rnn_with, constant_initializer, dynamic_rnn, dynamic_rnn_with,
        embedding_lookup, fill, glorot_normal, glorot_uniform, he_normal, he_uniform,
        l1_l2_regularizer, l1_regularizer, l2_loss, l2_regularizer, losses, mean_squared_error,
        no_regularizer, ones, ones_initializer, orthogonal_initializer, random_normal,
        random_normal_initializer, random_uniform, random_uniform_initializer, shape,
        sigmoid_cross_entropy_with_logits, sizes, softmax_cross_entropy_with_logits,
        softmax_cross_entropy_with_logits_v2, sparse_softmax_cross_entropy_with_logits,
        stack_bidirectional_dynamic_rnn, stack_bidirectional_dynamic_rnn_with,
        static_bidirectional_rnn, static_bidirectional_rnn_with, static_rnn, static_rnn_with,
        step_by, truncated_normal, truncated_normal_initializer, variance_scaling, zeros,
        zeros_initializer,
    };
    pub use aqueduct_optimizer::{
        Adadelta, AdadeltaOptimizer, Adagrad, AdagradDa, AdagradDaOptimizer, AdagradOptimizer,
        Adam, AdamOptimizer, AdamW, AdamWOptimizer, CosineDecayOptions, CosineDecayRestartsOptions,
        DecayOptions, ExponentialMovingAverage, Ftrl, FtrlOptimizer, Gradient, GradientAccumulator,
        GradientDescent, GradientDescentOptimizer, Gradients, LinearCosineDecayOptions, Minimize,
        Momentum, MomentumOptimizer, Optimizer, PolynomialDecayOptions, ProximalAdagrad,
        ProximalAdagradOptimizer, ProximalGradientDescent, ProximalGradientDescentOptimizer,
        RmsProp, RmsPropOptimizer, clip_gradients_by_global_norm, cosine_decay,
        cosine_decay_restarts, cosine_decay_restarts_with, cosine_decay_with, exponential_decay,
        exponential_decay_with, get_or_create_global_step, gradient, gradients, inverse_time_decay,
        inverse_time_decay_with, linear_cosine_decay, linear_cosine_decay_with, natural_exp_decay,
        natural_exp_decay_with, piecewise_constant, polynomial_decay, polynomial_decay_with,
    };
    pub use aqueduct_session::{
        NumericsCheck, Prepared, Saver, Session, SessionOptions, TensorExt, export_meta_graph,
        feed, global_step, import_meta_graph, latest_checkpoint,
    };
    pub use ndarray;
}

/// The README's example, compiled and run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;

/// The guide's examples, compiled and run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide.md")]
pub struct Guide;
