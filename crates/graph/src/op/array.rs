//! Making, reshaping and picking apart of arrays.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::element::DType;
use crate::op::SliceSpec;
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
    /// `[] -> x`: a value fixed while building.
    Constant(Arc<Value>),
    /// `[x] -> x`.
    Identity,
    /// `[x] -> x`, through which no gradient flows.
    StopGradient,
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
    /// `[values, indices: int vector, rows: int scalar] -> y`: `y[indices[i]] += values[i]`, of
    /// `rows` rows. The dense form of a sparse gradient; TensorFlow's `UnsortedSegmentSum`.
    SegmentSum,
}

impl Array {
    /// The most results that one op may have.
    pub(crate) const MOST_PIECES: usize = 1 << 20;

    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Array::Placeholder { .. } => "Placeholder",
            Array::Constant(_) => "Const",
            Array::Identity => "Identity",
            Array::StopGradient => "StopGradient",
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
            Array::SegmentSum => "UnsortedSegmentSum",
        }
    }

    pub(super) fn size_inputs(&self) -> &'static [usize] {
        match self {
            Array::Reshape | Array::BroadcastTo | Array::SliceGrad(_) => &[1],
            Array::Fill => &[0],
            Array::SegmentSum => &[2],
            Array::Placeholder { .. }
            | Array::Constant(_)
            | Array::Identity
            | Array::StopGradient
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
            | Array::Gather { .. } => &[],
        }
    }
}
