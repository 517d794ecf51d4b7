//! Builders: the functions and methods that add operations, a file for each family.
//!
//! Each is `#[track_caller]`, so that an operation carries the user's line. Methods of
//! [`AnyTensor`](crate::AnyTensor) do the work; those of [`Tensor`](crate::Tensor) are its checked face.

mod array;
mod axes;
mod bodies;
mod collections;
mod control;
mod math;
mod nn;
mod random;
mod reduce;
mod slice;
mod state;

pub use array::Constant;
pub use axes::Axes;
pub use bodies::{Body, Loop, LoopSequence, LoopState, add_output, repeat};
pub use collections::Keys;
pub use control::ScanOptions;
pub use math::add_n;
pub use nn::mean_squared_error;
pub use slice::{ELLIPSIS, NEW_AXIS, SliceArgs};
pub use state::{InitialValue, VariableOptions};
