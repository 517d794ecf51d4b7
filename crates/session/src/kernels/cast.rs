//! Conversions between element types.

use aqueduct_graph::DType;

use crate::kernels::Typed;
use crate::kernels::elementwise::Arithmetic;
use crate::kernels::primitive::Maker;

/// What converts each element.
pub(super) fn make<M: Maker>(from: DType, to: DType, maker: M) -> M::Made {
    with_element!(from, A => with_element!(to, B => maker.map::<A, B>(B::cast_from)))
}

/// A conversion of elements: floats become integers by truncation towards zero, saturating, and
/// NaN becomes 0; integers wrap around; a number is `true` unless it is 0; `true` is 1.
pub(super) trait CastFrom<S>: Typed {
    fn cast_from(source: S) -> Self;
}

macro_rules! cast_numbers {
    ($($source:ty => [$($target:ty),*]),*) => {$(
        $(impl CastFrom<$source> for $target {
            #[inline(always)]
            fn cast_from(source: $source) -> $target {
                source as $target
            }
        })*

        impl CastFrom<$source> for bool {
            #[inline(always)]
            fn cast_from(source: $source) -> bool {
                source != <$source as Arithmetic>::ZERO
            }
        }

        impl CastFrom<bool> for $source {
            #[inline(always)]
            fn cast_from(source: bool) -> $source {
                u8::from(source) as $source
            }
        }
    )*};
}
cast_numbers!(
    f32 => [f32, f64, i32, i64, u8],
    f64 => [f32, f64, i32, i64, u8],
    i32 => [f32, f64, i32, i64, u8],
    i64 => [f32, f64, i32, i64, u8],
    u8 => [f32, f64, i32, i64, u8]
);

impl CastFrom<bool> for bool {
    #[inline(always)]
    fn cast_from(source: bool) -> bool {
        source
    }
}
