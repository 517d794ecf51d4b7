//! The op set: one enum, grouped in families.
//!
//! An op is plain data but for [`Custom`], which is saved by its registered name: it names what is
//! computed and carries the attributes that are fixed while building. Operands are edges of the graph, not part of the op. The shape rule of family `math`
//! stands in `infer/math.rs` of this crate, its gradient in `rules/math.rs` of the optimizer, its
//! kernel in `kernels/math.rs` of the session, each an exhaustive `match`.

mod array;
mod control;
mod conv;
mod debug;
mod math;
mod nn;
mod random;
mod reduce;
mod slice;
mod state;
mod words;

use serde::{Deserialize, Serialize};

pub use array::{Array, PadMode, SegmentReduction, SizeReason};
pub use control::Control;
pub use conv::{Convolution, Extent, Padding, Pooling, Sliding, Windows};
pub use debug::{Debug, PrintTo};
pub use math::{Binary, Compare, Logical, Math, Test, Unary};
pub use nn::{Activation, Nn};
pub use random::{Distribution, Random, Seeds};
pub use reduce::{Accumulation, Extreme, Reduce, Reduction};
pub use slice::{Bound, Cut, ResolvedSlice, SliceSpec};
pub(crate) use slice::{Place, cut_at};
pub use state::{PartUpdate, State, Update};
pub(crate) use words::operand_label;

use crate::custom::Custom;

/// One operation, without its operands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Op {
    /// Element-wise arithmetic, comparison, matrix products.
    Math(Math),
    /// Making, reshaping and picking apart of arrays.
    Array(Array),
    /// Reductions over axes.
    Reduce(Reduce),
    /// Neural-network primitives.
    Nn(Nn),
    /// Random numbers.
    Random(Random),
    /// Variables.
    State(State),
    /// Grouping, loops and branches.
    Control(Control),
    /// Looking at values, and checking them.
    Debug(Debug),
    /// An op of the user's own.
    Custom(Custom),
}

impl Op {
    /// The op's type as TensorFlow names it: `MatMul`, `AddV2` is `Add`, …
    pub fn type_name(&self) -> &'static str {
        match self {
            Op::Math(op) => op.type_name(),
            Op::Array(op) => op.type_name(),
            Op::Reduce(op) => op.type_name(),
            Op::Nn(op) => op.type_name(),
            Op::Random(op) => op.type_name(),
            Op::State(op) => op.type_name(),
            Op::Control(op) => op.type_name(),
            Op::Debug(op) => op.type_name(),
            Op::Custom(_) => "Custom",
        }
    }

    /// Which inputs decide sizes of the outputs by their *values*. All are small integer tensors.
    ///
    /// The session must know these values to plan the op; the op's kernel does not read them.
    pub fn size_inputs(&self) -> &'static [usize] {
        match self {
            Op::Array(op) => op.size_inputs(),
            Op::Reduce(op) => op.size_inputs(),
            Op::Random(op) => op.size_inputs(),
            Op::Nn(op) => op.size_inputs(),
            Op::Math(_) | Op::State(_) | Op::Control(_) | Op::Debug(_) | Op::Custom(_) => &[],
        }
    }

    /// Whether only the shape of the operand is used, never its elements (`shape`, `size`).
    pub fn uses_shape_only(&self) -> bool {
        matches!(self, Op::Array(Array::Shape { .. } | Array::Size { .. }))
    }

    /// Whether an output may have a size that only a run of the op can tell, though the sizes of its
    /// operands and the values of its size inputs are known. Loops and branches may, by their bodies.
    pub fn may_have_late_sizes(&self) -> bool {
        match self {
            Op::Array(op) => op.may_have_late_sizes(),
            Op::Control(op) => !op.bodies().is_empty(),
            Op::Custom(_) => true,
            Op::Math(_)
            | Op::Reduce(_)
            | Op::Nn(_)
            | Op::Random(_)
            | Op::State(_)
            | Op::Debug(_) => false,
        }
    }

    /// Whether running it twice, or not at all, differs from running it once: it draws, reads or
    /// writes a variable, writes to the outside, or may fail on purpose. Such an op is never merged
    /// with another, computed ahead, or run again for a gradient.
    ///
    /// Of a loop or branch this says nothing: ask the operations of its bodies.
    pub fn is_stateful(&self) -> bool {
        match self {
            Op::Random(_) | Op::State(_) | Op::Debug(_) => true,
            Op::Custom(op) => op.is_stateful(),
            Op::Math(_) | Op::Array(_) | Op::Reduce(_) | Op::Nn(_) | Op::Control(_) => false,
        }
    }
}

macro_rules! from_family {
    ($($family:ident),*) => {$(
        impl From<$family> for Op {
            fn from(op: $family) -> Op {
                Op::$family(op)
            }
        }
    )*};
}
from_family!(
    Math, Array, Reduce, Nn, Random, State, Control, Debug, Custom
);
