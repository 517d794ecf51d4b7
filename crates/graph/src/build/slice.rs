//! Slices by Rust ranges.

use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use crate::op::{Bound, SliceSpec};

/// Puts a new axis of size 1 at this place of a slice. Python's `None`.
pub const NEW_AXIS: Bound = Bound::NewAxis;

/// Takes as many whole axes as are not named otherwise. Python's `...`.
pub const ELLIPSIS: Bound = Bound::Ellipsis;

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

/// The position after an inclusive end: -1 is the last, so after it comes "no end".
fn after(end: i64) -> Option<i64> {
    if end == -1 {
        None
    } else {
        Some(end.saturating_add(1))
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
fn to_i64(position: impl TryInto<i64>) -> i64 {
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
