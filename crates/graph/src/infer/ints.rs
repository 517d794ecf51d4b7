//! What is known of the elements of small integer tensors: how ops carry it on.

#![deny(clippy::wildcard_enum_match_arm)]

use crate::element::DType;
use crate::fact::{Fact, Int};
use crate::op::Binary;
use crate::shape::{Dim, Shape};
use crate::value::{Data, Value};

/// The fact with these elements, if it is one whose elements are tracked.
pub(super) fn tracked(fact: Fact, ints: Option<Vec<Int>>) -> Fact {
    let count = fact.ints.as_ref().map(Vec::len);
    match ints {
        Some(ints) if count == Some(ints.len()) => Fact {
            ints: Some(ints),
            ..fact
        },
        _ => fact,
    }
}

/// The elements of `x`, in their order, in a shape of as many.
pub(super) fn rearranged(x: &Fact, shape: Shape) -> Fact {
    tracked(Fact::new(x.dtype, shape), x.ints.clone())
}

/// The elements of a constant of an index type.
pub(super) fn of_value(value: &Value) -> Option<Vec<Int>> {
    match value.data() {
        Data::I32(numbers) => Some(numbers.iter().map(|n| Int::Known((*n).into())).collect()),
        Data::I64(numbers) => Some(numbers.iter().map(|n| Int::Known(*n)).collect()),
        Data::F32(_) | Data::F64(_) | Data::U8(_) | Data::Bool(_) => None,
    }
}

/// A size as an element of this index type.
pub(super) fn of_dim(dim: Dim, dtype: DType) -> Int {
    convert(Int::from(dim), dtype)
}

/// The number of elements of a tensor.
pub(super) fn of_size(shape: &Shape, dtype: DType) -> Int {
    let one = Dim::Known(1);
    let count = shape
        .dims()
        .iter()
        .fold(one, |product, dim| multiply(product, *dim));
    of_dim(count, dtype)
}

/// The product of two sizes.
pub(super) fn multiply(a: Dim, b: Dim) -> Dim {
    match (a, b) {
        (Dim::Known(1), other) | (other, Dim::Known(1)) => other,
        (Dim::Known(0), _) | (_, Dim::Known(0)) => Dim::Known(0),
        (Dim::Known(a), Dim::Known(b)) => a.checked_mul(b).map_or(Dim::UNKNOWN, Dim::Known),
        (Dim::Unknown(_), _) | (_, Dim::Unknown(_)) => Dim::UNKNOWN,
    }
}

/// An element converted to an index type; one that does not fit is left to the kernel.
pub(super) fn convert(int: Int, dtype: DType) -> Int {
    match int {
        Int::Known(number) => known_if_fits(Some(number), dtype),
        Int::Unknown(_) => int,
    }
}

/// The negative of an element.
pub(super) fn negate(int: Int, dtype: DType) -> Int {
    known_if_fits(int.known().and_then(i64::checked_neg), dtype)
}

/// One function of each pair of elements. The two must be of one length, or one of them of a single
/// element.
pub(super) fn binary(op: Binary, dtype: DType, a: &[Int], b: &[Int]) -> Option<Vec<Int>> {
    let count = match (a.len(), b.len()) {
        (1, count) | (count, 1) => count,
        (left, right) if left == right => left,
        _ => return None,
    };
    let pairs = a.iter().cycle().zip(b.iter().cycle()).take(count);
    Some(pairs.map(|(a, b)| combine(op, dtype, *a, *b)).collect())
}

fn combine(op: Binary, dtype: DType, a: Int, b: Int) -> Int {
    if let Some(kept) = neutral(op, a, b) {
        return kept;
    }
    let numbers = a.known().zip(b.known());
    known_if_fits(numbers.and_then(|(a, b)| arithmetic(op, a, b)), dtype)
}

/// The operand that the other one does not change: `x + 0`, `x * 1`, …
fn neutral(op: Binary, a: Int, b: Int) -> Option<Int> {
    let (left, right) = match op {
        Binary::Add => (Some(0), Some(0)),
        Binary::Sub => (None, Some(0)),
        Binary::Mul => (Some(1), Some(1)),
        Binary::Div | Binary::FloorDiv | Binary::Pow => (None, Some(1)),
        Binary::Maximum
        | Binary::Minimum
        | Binary::SquaredDifference
        | Binary::FloorMod
        | Binary::TruncateMod
        | Binary::Atan2
        | Binary::Zeta => (None, None),
    };
    if right.is_some() && b.known() == right {
        Some(a)
    } else if left.is_some() && a.known() == left {
        Some(b)
    } else {
        None
    }
}

/// The result, unless it overflows or the divisor is 0.
fn arithmetic(op: Binary, a: i64, b: i64) -> Option<i64> {
    match op {
        Binary::Add => a.checked_add(b),
        Binary::Sub => a.checked_sub(b),
        Binary::Mul => a.checked_mul(b),
        Binary::Div => a.checked_div(b),
        Binary::Maximum => Some(a.max(b)),
        Binary::Minimum => Some(a.min(b)),
        Binary::Pow => a.checked_pow(u32::try_from(b).ok()?),
        Binary::FloorDiv => floor_div(a, b),
        Binary::FloorMod => a.checked_sub(floor_div(a, b)?.checked_mul(b)?),
        Binary::TruncateMod => a.checked_rem(b),
        // Of floats alone.
        Binary::Atan2 | Binary::Zeta => None,
        Binary::SquaredDifference => {
            let difference = a.checked_sub(b)?;
            difference.checked_mul(difference)
        }
    }
}

/// The quotient rounded towards minus infinity.
fn floor_div(a: i64, b: i64) -> Option<i64> {
    let truncated = a.checked_div(b)?;
    let inexact = a.checked_rem(b)? != 0;
    Some(truncated - i64::from(inexact && (a < 0) != (b < 0)))
}

fn known_if_fits(number: Option<i64>, dtype: DType) -> Int {
    let fits = |number: &i64| dtype == DType::I64 || i32::try_from(*number).is_ok();
    number.filter(fits).map_or(Int::UNKNOWN, Int::Known)
}
