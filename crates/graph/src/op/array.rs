//! Making, reshaping and picking apart of arrays.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::element::DType;
use crate::op::{Extreme, SliceSpec};
use crate::shape::Shape;
use crate::value::Value;

/// An op of the `array` family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Array {
    /// `[] -> x`: a value that every run feeds.
    Placeholder {
        /// The element type.
        dtype: DType,
        /// The static shape; every unknown has an identity.
        shape: Shape,
    },
    /// `[default] -> x`: a value that a run may feed; where it does not, the default.
    PlaceholderWithDefault {
        /// What is known of the shape of what may be fed; every unknown has an identity.
        shape: Shape,
    },
    /// `[] -> x`: a value fixed while building.
    Constant(Arc<Value>),
    /// `[x] -> x`.
    Identity,
    /// `[x] -> x`, through which no gradient flows.
    StopGradient,
    /// `[x] -> x`, whose sizes must be these.
    EnsureShape {
        /// The shape, with unknowns where any size will do.
        shape: Shape,
    },
    /// `[x, shape: int vector] -> y`: the same elements in another shape; one -1 is worked out.
    Reshape,
    /// `[x] -> int vector`: the sizes of `x`, never its elements.
    Shape {
        /// `I32` or `I64`.
        out_type: DType,
    },
    /// `[x] -> int scalar`: the number of elements of `x`, never its elements.
    Size {
        /// `I32` or `I64`.
        out_type: DType,
    },
    /// `[x] -> y`: a new axis of size 1 at this place of the result (0 ≤ axis ≤ rank).
    ExpandDims {
        /// The place of the new axis.
        axis: usize,
    },
    /// `[x] -> y`: without these axes, which must have size 1. Ascending, no repeats.
    Squeeze {
        /// The axes that go.
        axes: Vec<usize>,
    },
    /// `[x] -> y`: axis `i` of the result is axis `perm[i]` of `x`.
    Transpose {
        /// A permutation of the axes.
        perm: Vec<usize>,
    },
    /// `[sizes: int vector, value: scalar] -> y`: one value everywhere.
    Fill,
    /// `[x, shape: int vector] -> y`: `x` repeated to a shape that it broadcasts to.
    BroadcastTo,
    /// `[x] -> y`: a part of each axis. TensorFlow's `StridedSlice`.
    Slice(SliceSpec),
    /// `[dy, shape: int vector] -> dx`: zeros of `shape` with `dy` at the place that the slice took.
    /// TensorFlow's `StridedSliceGrad`.
    SliceGrad(SliceSpec),
    /// `[x1, …, xn] -> y`, n ≥ 1: equal shapes side by side along a new axis (0 ≤ axis ≤ rank).
    Stack {
        /// The new axis.
        axis: usize,
    },
    /// `[x] -> [y1, …, yn]`: the reverse of `Stack`.
    Unstack {
        /// The axis that goes.
        axis: usize,
        /// How many outputs there are.
        count: usize,
    },
    /// `[x1, …, xn] -> y`, n ≥ 1: one after the other along an existing axis.
    Concat {
        /// The axis.
        axis: usize,
    },
    /// `[x] -> [y1, …, yn]`: `x` cut along an axis.
    ///
    /// With `sizes` the pieces have these sizes, which must add up; without, they are equal.
    Split {
        /// The axis that is cut.
        axis: usize,
        /// How many outputs there are.
        count: usize,
        /// Their sizes along the axis, if they are not all equal.
        sizes: Option<Vec<usize>>,
    },
    /// `[x, indices: int] -> y`: slices of `x` along an axis, in the order of the indices. The
    /// result's shape is that of `x` with the axis replaced by the shape of the indices.
    Gather {
        /// The axis that is indexed.
        axis: usize,
    },
    /// `[x, indices: int [.., k]] -> y`: the parts of `x` that its first `k` axes, indexed by a row
    /// of the indices, lead to. The result's shape is that of the indices without the last axis, then
    /// that of `x` without the first `k`.
    GatherNd,
    /// `[indices: int [.., k], updates, shape: int vector] -> y`: zeros of `shape` to which each update
    /// is added where `GatherNd` would find it.
    ScatterNd,
    /// `[x, indices: int [.., k], updates] -> y`: `x` with each update in place of the part that
    /// `GatherNd` would find; of several for one part the last.
    TensorScatterUpdate,
    /// `[x, ids: int, num_segments: int scalar] -> y`: slice `s` of the result is made of the slices
    /// of `x` whose id is `s`. The ids have the sizes of the first axes of `x`, and one axis of
    /// `num_segments` takes their place. What is dropped has a negative id; any other id must be below
    /// `num_segments`. The sum is the dense form of a sparse gradient.
    ///
    /// A segment of nothing is what the reduction starts from: 0, 1, the lowest or highest finite
    /// value. TensorFlow's `UnsortedSegmentSum` and its like.
    Segment {
        /// How the slices of a segment are put together.
        reduction: SegmentReduction,
        /// The ids are a vector whose elements are not negative and never fall; a segment of nothing
        /// is 0, but 1 for a product. TensorFlow's `SegmentSum` and its like.
        sorted: bool,
    },
    /// `[start: scalar, limit: scalar, delta: scalar] -> vector`: `start`, `start + delta`, … before
    /// `limit`. All of one type. The size is late where the operands are floats.
    Range {
        /// The type of the operands and of the result: any number but `u8`.
        dtype: DType,
    },
    /// `[x, multiples: int vector] -> y`: `x` repeated so many times along each axis.
    Tile,
    /// `[x, paddings: int vector] -> y`: `x` with elements added around it. The paddings are two
    /// numbers for each axis: how many go before it and how many after it.
    Pad {
        /// What is added.
        mode: PadMode,
    },
    /// `[dy, paddings: int vector] -> dx`: of each element of `x`, the sum of the elements of `dy` to
    /// which `Pad` copies it. What a constant was added to is dropped. TensorFlow's `MirrorPadGrad`.
    PadGrad {
        /// What was added.
        mode: PadMode,
    },
    /// `[x: number, k: int scalar] -> [values, places: i32]`: the `k` most extreme elements along the
    /// last axis, the most extreme one first, and their places. Of equal ones the first comes first.
    /// NaN is beyond every number, and equal to NaN. More than there are is an error.
    TopK {
        /// Which extreme.
        extreme: Extreme,
    },
    /// `[x, lengths: int vector] -> y`: for each place along `batch_axis`, the first elements along
    /// `seq_axis`, as many as its length says, in reverse; the others stay.
    ReverseSequence {
        /// The axis that is reversed.
        seq_axis: usize,
        /// The axis along which the lengths differ.
        batch_axis: usize,
    },
    /// `[indices: int, depth: int scalar, on: scalar, off: scalar] -> y`: a new axis of size `depth`
    /// with `on` at the index and `off` elsewhere; all `off` where the index is out of range.
    OneHot {
        /// The place of the new axis.
        axis: usize,
    },
    /// `[condition: bool] -> i64 [n, rank]`: where the condition holds, in the order of the elements.
    /// How many places there are is a late size.
    Where,
    /// `[x: vector] -> i32 [n]`: of each element, the place at which its like stands first. A NaN is
    /// like no other.
    FirstOccurrence,
    /// `[x, size: int scalar] -> x`, whose axis must have this size.
    EnsureSize {
        /// The axis.
        axis: usize,
        /// What is said of another size.
        reason: SizeReason,
    },
}

/// Why an operand must have a size: for the report of a run in which it has another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeReason {
    /// The function that asks for it: `boolean_mask`.
    pub function: String,
    /// What the function calls the operand: `mask`.
    pub role: String,
    /// What to do: `give one truth value for each row`.
    pub help: String,
}

impl SizeReason {
    /// The words, in the order in which a report has them.
    pub fn new(function: &str, role: &str, help: impl Into<String>) -> SizeReason {
        SizeReason {
            function: function.to_owned(),
            role: role.to_owned(),
            help: help.into(),
        }
    }
}

/// How the slices of a segment are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SegmentReduction {
    /// The sum.
    Sum,
    /// The product.
    Prod,
    /// The largest; NaN if any is NaN.
    Max,
    /// The smallest; NaN if any is NaN.
    Min,
}

impl SegmentReduction {
    /// Every reduction, in the order of declaration.
    pub const ALL: [SegmentReduction; 4] = [
        SegmentReduction::Sum,
        SegmentReduction::Prod,
        SegmentReduction::Max,
        SegmentReduction::Min,
    ];

    /// TensorFlow's name of the op.
    pub(crate) fn type_name(self, sorted: bool) -> &'static str {
        match (self, sorted) {
            (SegmentReduction::Sum, true) => "SegmentSum",
            (SegmentReduction::Prod, true) => "SegmentProd",
            (SegmentReduction::Max, true) => "SegmentMax",
            (SegmentReduction::Min, true) => "SegmentMin",
            (SegmentReduction::Sum, false) => "UnsortedSegmentSum",
            (SegmentReduction::Prod, false) => "UnsortedSegmentProd",
            (SegmentReduction::Max, false) => "UnsortedSegmentMax",
            (SegmentReduction::Min, false) => "UnsortedSegmentMin",
        }
    }
}

/// What padding adds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PadMode {
    /// This scalar.
    Constant(Arc<Value>),
    /// The elements next to the edge, mirrored at the edge element, which is not repeated.
    Reflect,
    /// The elements next to the edge, mirrored with the edge element.
    Symmetric,
}

impl Array {
    /// The most results that one op may have.
    pub(crate) const MOST_PIECES: usize = 1 << 20;

    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Array::Placeholder { .. } => "Placeholder",
            Array::PlaceholderWithDefault { .. } => "PlaceholderWithDefault",
            Array::Constant(_) => "Const",
            Array::Identity => "Identity",
            Array::StopGradient => "StopGradient",
            Array::EnsureShape { .. } => "EnsureShape",
            Array::Reshape => "Reshape",
            Array::Shape { .. } => "Shape",
            Array::Size { .. } => "Size",
            Array::ExpandDims { .. } => "ExpandDims",
            Array::Squeeze { .. } => "Squeeze",
            Array::Transpose { .. } => "Transpose",
            Array::Fill => "Fill",
            Array::BroadcastTo => "BroadcastTo",
            Array::Slice(_) => "StridedSlice",
            Array::SliceGrad(_) => "StridedSliceGrad",
            Array::Stack { .. } => "Pack",
            Array::Unstack { .. } => "Unpack",
            Array::Concat { .. } => "ConcatV2",
            Array::Split { .. } => "Split",
            Array::Gather { .. } => "GatherV2",
            Array::GatherNd => "GatherNd",
            Array::ScatterNd => "ScatterNd",
            Array::TensorScatterUpdate => "TensorScatterUpdate",
            Array::Segment { reduction, sorted } => reduction.type_name(*sorted),
            Array::TopK { extreme } => match extreme {
                Extreme::Largest => "TopKV2",
                Extreme::Smallest => "BottomK",
            },
            Array::Range { .. } => "Range",
            Array::Tile => "Tile",
            Array::Pad { mode } => match mode {
                PadMode::Constant(_) => "PadV2",
                PadMode::Reflect | PadMode::Symmetric => "MirrorPad",
            },
            Array::PadGrad { mode } => match mode {
                PadMode::Constant(_) => "PadGrad",
                PadMode::Reflect | PadMode::Symmetric => "MirrorPadGrad",
            },
            Array::ReverseSequence { .. } => "ReverseSequence",
            Array::OneHot { .. } => "OneHot",
            Array::Where => "Where",
            Array::FirstOccurrence => "FirstOccurrence",
            Array::EnsureSize { .. } => "EnsureSize",
        }
    }

    /// See [`Op::may_have_late_sizes`](crate::op::Op::may_have_late_sizes).
    pub(super) fn may_have_late_sizes(&self) -> bool {
        match self {
            Array::Where => true,
            Array::Range { dtype } => dtype.is_float(),
            Array::Placeholder { .. }
            | Array::PlaceholderWithDefault { .. }
            | Array::Constant(_)
            | Array::Identity
            | Array::StopGradient
            | Array::EnsureShape { .. }
            | Array::Reshape
            | Array::Shape { .. }
            | Array::Size { .. }
            | Array::ExpandDims { .. }
            | Array::Squeeze { .. }
            | Array::Transpose { .. }
            | Array::Fill
            | Array::BroadcastTo
            | Array::Slice(_)
            | Array::SliceGrad(_)
            | Array::Stack { .. }
            | Array::Unstack { .. }
            | Array::Concat { .. }
            | Array::Split { .. }
            | Array::Gather { .. }
            | Array::GatherNd
            | Array::ScatterNd
            | Array::TensorScatterUpdate
            | Array::Segment { .. }
            | Array::TopK { .. }
            | Array::Tile
            | Array::Pad { .. }
            | Array::PadGrad { .. }
            | Array::ReverseSequence { .. }
            | Array::OneHot { .. }
            | Array::FirstOccurrence
            | Array::EnsureSize { .. } => false,
        }
    }

    pub(super) fn size_inputs(&self) -> &'static [usize] {
        match self {
            Array::Reshape
            | Array::BroadcastTo
            | Array::SliceGrad(_)
            | Array::Tile
            | Array::Pad { .. }
            | Array::PadGrad { .. }
            | Array::TopK { .. }
            | Array::OneHot { .. }
            | Array::EnsureSize { .. } => &[1],
            Array::Range { dtype } if dtype.is_integer() => &[0, 1, 2],
            Array::Fill => &[0],
            Array::Segment { .. } | Array::ScatterNd => &[2],
            Array::Placeholder { .. }
            | Array::PlaceholderWithDefault { .. }
            | Array::Constant(_)
            | Array::Identity
            | Array::StopGradient
            | Array::EnsureShape { .. }
            | Array::Shape { .. }
            | Array::Size { .. }
            | Array::ExpandDims { .. }
            | Array::Squeeze { .. }
            | Array::Transpose { .. }
            | Array::Slice(_)
            | Array::Stack { .. }
            | Array::Unstack { .. }
            | Array::Concat { .. }
            | Array::Split { .. }
            | Array::Gather { .. }
            | Array::GatherNd
            | Array::TensorScatterUpdate
            | Array::Range { .. }
            | Array::ReverseSequence { .. }
            | Array::Where
            | Array::FirstOccurrence => &[],
        }
    }
}
