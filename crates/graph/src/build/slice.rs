//! Slices by Rust ranges.

use std::ops::{
    Bound as End, Range, RangeBounds, RangeFrom, RangeFull, RangeInclusive, RangeTo,
    RangeToInclusive,
};

use crate::build::Axes;
use crate::element::Element;
use crate::handle::{AnyTensor, Tensor};
use crate::ids::TensorId;
use crate::mistake::Problem;
use crate::op::{Array, Bound, SliceSpec};
use crate::shape::Dim;
use crate::sizes::{Size, Sizes};

/// Puts a new axis of size 1 at this place of a slice. Python's `None`.
pub const NEW_AXIS: Bound = Bound::NewAxis;

/// Takes as many whole axes as are not named otherwise. Python's `...`.
pub const ELLIPSIS: Bound = Bound::Ellipsis;

/// Takes every `step`th position of a range; a negative step runs backwards from the range's last
/// position, as `rev` does. Python's `start:end:step`, but that there the bounds change places with
/// a negative step.
///
/// ```
/// use aqueduct_graph::{Graph, shape, step_by};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, 10]);
/// let even = x.slice((.., step_by(.., 2))); // x[:, ::2]
/// assert_eq!(even.shape().to_string(), "[?, 5]");
/// let backwards = x.slice(step_by(.., -1)); // x[::-1]
/// assert_eq!(backwards.shape().to_string(), "[?, 10]");
/// let some = x.slice((.., step_by(3..=8, -3))); // x[:, 8:2:-3]
/// assert_eq!(some.shape().to_string(), "[?, 2]");
/// ```
///
/// A range written backwards, `8..2`, is read as Python's too.
pub fn step_by(range: impl RangeBounds<i64>, step: i64) -> Bound {
    if step < 0
        && let (End::Included(&start), End::Excluded(&end)) =
            (range.start_bound(), range.end_bound())
        && start > end
        && (start < 0) == (end < 0)
    {
        // Written backwards, as in Python, the range would be empty whatever the size.
        return Bound::range(Some(start), Some(end), step);
    }
    let first = match range.start_bound() {
        End::Included(first) => Some(*first),
        // After the last position there is none.
        End::Excluded(before) => after(*before).or(Some(i64::MAX)),
        End::Unbounded => None,
    };
    let (start, end) = match (range.end_bound(), step < 0) {
        (End::Included(last), false) => (first, after(*last)),
        (End::Excluded(end), false) => (first, Some(*end)),
        (End::Unbounded, false) => (first, None),
        // Before position 0 there is none.
        (End::Excluded(0), true) => (Some(0), Some(0)),
        (End::Included(last), true) => (Some(*last), first.and_then(before)),
        (End::Excluded(end), true) => (before(*end), first.and_then(before)),
        (End::Unbounded, true) => (None, first.and_then(before)),
    };
    Bound::Range { start, end, step }
}

/// The position after one; `None` after -1, the last.
fn after(position: i64) -> Option<i64> {
    (position != -1).then(|| position.saturating_add(1))
}

/// The position before one; `None` before 0, the first.
fn before(position: i64) -> Option<i64> {
    (position != 0).then(|| position.saturating_sub(1))
}

impl Bound {
    /// Takes everything from `start` to before `end` by `step`, each counted from the end if
    /// negative; `None` means as far as there is. A step of 0 is read as 1.
    pub fn range(start: Option<i64>, end: Option<i64>, step: i64) -> Bound {
        Bound::Range {
            start,
            end,
            step: if step == 0 { 1 } else { step },
        }
    }
}

impl From<RangeFull> for Bound {
    fn from(_: RangeFull) -> Bound {
        Bound::range(None, None, 1)
    }
}

macro_rules! from_positions {
    ($($position:ty),*) => {$(
        impl From<$position> for Bound {
            fn from(position: $position) -> Bound {
                Bound::At(to_i64(position))
            }
        }

        impl From<Range<$position>> for Bound {
            fn from(range: Range<$position>) -> Bound {
                Bound::range(Some(to_i64(range.start)), Some(to_i64(range.end)), 1)
            }
        }

        impl From<RangeFrom<$position>> for Bound {
            fn from(range: RangeFrom<$position>) -> Bound {
                Bound::range(Some(to_i64(range.start)), None, 1)
            }
        }

        impl From<RangeTo<$position>> for Bound {
            fn from(range: RangeTo<$position>) -> Bound {
                Bound::range(None, Some(to_i64(range.end)), 1)
            }
        }

        impl From<RangeInclusive<$position>> for Bound {
            fn from(range: RangeInclusive<$position>) -> Bound {
                Bound::range(Some(to_i64(*range.start())), after(to_i64(*range.end())), 1)
            }
        }

        impl From<RangeToInclusive<$position>> for Bound {
            fn from(range: RangeToInclusive<$position>) -> Bound {
                Bound::range(None, after(to_i64(range.end)), 1)
            }
        }
    )*};
}
from_positions!(i32, i64, usize);

/// A position as `i64`; no array is larger.
pub(super) fn to_i64(position: impl TryInto<i64>) -> i64 {
    position.try_into().unwrap_or(i64::MAX)
}

/// What a slice takes: one bound, or a tuple, array or vector of them, in the order of the axes.
///
/// `(.., 3, 1..4)` is Python's `[:, 3, 1:4]`.
pub trait SliceArgs {
    /// The bounds.
    fn into_spec(self) -> SliceSpec;
}

impl<B: Into<Bound>> SliceArgs for B {
    fn into_spec(self) -> SliceSpec {
        SliceSpec {
            bounds: vec![self.into()],
        }
    }
}

impl SliceArgs for Vec<Bound> {
    fn into_spec(self) -> SliceSpec {
        SliceSpec { bounds: self }
    }
}

macro_rules! tuples {
    ($(($($name:ident),*))*) => {$(
        impl<$($name: Into<Bound>),*> SliceArgs for ($($name,)*) {
            fn into_spec(self) -> SliceSpec {
                #[expect(non_snake_case, reason = "each variable has the name of its type")]
                let ($($name,)*) = self;
                SliceSpec {
                    bounds: vec![$($name.into()),*],
                }
            }
        }
    )*};
}
tuples! {
    (A)
    (A, B)
    (A, B, C)
    (A, B, C, D)
    (A, B, C, D, E)
    (A, B, C, D, E, F)
}

impl<'g> AnyTensor<'g> {
    /// The elements in reverse order along the axes.
    #[track_caller]
    pub fn reverse(self, axes: impl Into<Axes>) -> AnyTensor<'g> {
        let rank = self.shape().rank();
        let spec = axes.into().resolve(rank).map(|axes| {
            let bound = |axis| {
                if axes.contains(&axis) {
                    step_by(.., -1)
                } else {
                    Bound::from(..)
                }
            };
            (0..rank).map(bound).collect::<Vec<Bound>>().into_spec()
        });
        self.slice_resolved(spec, "ReverseV2")
    }

    /// `sizes` elements of each axis from `begin` on; -1 is as many as there are.
    #[track_caller]
    pub fn slice_sizes(self, begin: &[usize], sizes: &[i64]) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let taken = self.slice_resolved(block(begin, sizes, self.shape().dims()), "Slice");
        let given = |(dim, size): (&Dim, &i64)| *size < 0 || dim.known().is_some();
        if taken.is_poisoned() || taken.shape().dims().iter().zip(sizes).all(given) {
            return taken;
        }
        // The bounds of a slice are clamped: the run fails where that leaves other sizes.
        let sizes = sizes.iter().enumerate().map(|(axis, size)| match size {
            -1 => Size::of_axis(taken, axis),
            size => Size::from(*size),
        });
        taken.reshape(Sizes::list(sizes.collect()))
    }

    #[track_caller]
    fn slice_resolved(self, spec: Result<SliceSpec, Problem>, name: &str) -> AnyTensor<'g> {
        let whole = || Array::Slice(SliceSpec { bounds: Vec::new() });
        let op = spec.map(Array::Slice);
        let id = self.graph().add_resolved(op, whole, &[self], name);
        AnyTensor::new(self.graph(), TensorId::new(id, 0))
    }
}

/// The bounds of a block of these sizes, which must lie within an array of `dims`.
fn block(begin: &[usize], sizes: &[i64], dims: &[Dim]) -> Result<SliceSpec, Problem> {
    if begin.len() != dims.len() || sizes.len() != dims.len() {
        let message = format!(
            "{} positions and {} sizes are given but x has rank {}",
            begin.len(),
            sizes.len(),
            dims.len()
        );
        return Err(Problem::argument(message).help("give one of each for each axis"));
    }
    let mut bounds = Vec::with_capacity(dims.len());
    for (axis, ((start, size), dim)) in begin.iter().zip(sizes).zip(dims).enumerate() {
        let start = to_i64(*start);
        let end = match size {
            -1 => None,
            size => Some(start.saturating_add(*size)),
        };
        let last = dim.known().map(to_i64);
        let beyond = last.is_some_and(|last| end.unwrap_or(start) > last);
        if *size < -1 || beyond {
            let message = format!(
                "axis {axis} of size {dim} has no {size} elements from position {start} on"
            );
            return Err(Problem::shape(message).help("a size of -1 takes all that are left"));
        }
        bounds.push(Bound::range(Some(start), end, 1));
    }
    Ok(SliceSpec { bounds })
}

impl<'g, T: Element> Tensor<'g, T> {
    /// The elements in reverse order along the axes: all (`..`), one or several. TensorFlow's
    /// `reverse`.
    #[track_caller]
    pub fn reverse(self, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().reverse(axes))
    }

    /// `sizes` elements of each axis from position `begin` on; a size of -1 takes all that are left.
    /// That there are not so many is a mistake, or an error of the run. TensorFlow's `slice`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 10]);
    /// assert_eq!(x.slice_sizes(&[1, 4], &[-1, 3]).shape().to_string(), "[?, 3]");
    /// ```
    #[track_caller]
    pub fn slice_sizes(self, begin: &[usize], sizes: &[i64]) -> Tensor<'g, T> {
        Tensor::assume(self.any().slice_sizes(begin, sizes))
    }
}
