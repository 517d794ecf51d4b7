//! Builders: the functions and methods that add operations, a file for each family.
//!
//! Each is `#[track_caller]`, so that an operation carries the user's line. Methods of
//! [`AnyTensor`](crate::AnyTensor) do the work; those of [`Tensor`](crate::Tensor) are its checked face.

mod array;
mod axes;
mod batch;
mod bodies;
mod clip;
mod collections;
mod control;
mod conv;
mod cross_entropy;
mod custom;
mod debug;
mod dropout;
mod einsum;
mod elements;
mod equation;
mod folds;
mod gradients;
mod grids;
mod index;
mod l2;
mod logic;
mod mask;
mod math;
mod matrices;
mod moments;
mod moving_average;
mod nn;
mod no_nan;
mod normalize;
mod norms;
mod order;
mod pad;
mod partition;
mod placeholder;
mod pool;
mod random;
mod range;
mod reduce;
mod regions;
mod scatter;
mod segment;
mod slice;
mod state;
mod tensordot;
mod tuple;
mod unique;

pub use array::Constant;
pub use axes::Axes;
pub(crate) use axes::resolve_axis;
pub use bodies::{Body, Loop, LoopSequence, LoopState, add_output, repeat};
pub use collections::Keys;
pub use control::{ScanOptions, WhileOptions};
pub use conv::{ConvOptions, HeightWidth};
pub(crate) use cross_entropy::shapes_differ;
pub use cross_entropy::{
    sigmoid_cross_entropy_with_logits, softmax_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2, sparse_softmax_cross_entropy_with_logits,
};
pub use debug::PrintOptions;
pub use dropout::{DropoutOptions, KeepProb};
pub use grids::Indexing;
pub use l2::l2_loss;
pub(crate) use l2::l2_loss_of;
pub use math::add_n;
pub use nn::embedding_lookup;
pub use norms::NormOrder;
pub use order::Direction;
pub use pad::Paddings;
pub use slice::{ELLIPSIS, NEW_AXIS, SliceArgs, step_by};
pub use state::{InitialValue, VariableOptions};
pub use tensordot::DotAxes;
