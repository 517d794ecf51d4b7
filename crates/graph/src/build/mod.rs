//! Builders: the functions and methods that add operations, a file for each family.
//!
//! Each is `#[track_caller]`, so that an operation carries the user's line. Methods of
//! [`AnyTensor`](crate::AnyTensor) do the work; those of [`Tensor`](crate::Tensor) are its checked face.

mod array;
mod axes;
mod clip;
mod collections;
mod control;
mod index;
mod logic;
mod mask;
mod math;
mod nn;
mod pad;
mod random;
mod range;
mod reduce;
mod slice;
mod state;

pub use array::Constant;
pub use axes::Axes;
pub use collections::Keys;
pub use control::ScanOptions;
pub use math::add_n;
pub use nn::mean_squared_error;
pub use pad::Paddings;
pub use slice::{ELLIPSIS, NEW_AXIS, SliceArgs, step_by};
pub use state::{InitialValue, VariableOptions};
