//! The shape rule of `Range`.

use crate::element::DType;
use crate::fact::{Fact, Int};
use crate::infer::common::{
    Class, check_attribute, check_rank, check_same_dtype, int_scalar, known_size,
};
use crate::infer::ints;
use crate::mistake::Problem;
use crate::shape::{Dim, Shape};

pub(super) fn range(dtype: DType, [start, limit, delta]: &[Fact; 3]) -> Result<Fact, Problem> {
    check_attribute(dtype, Class::Signed)?;
    let result = Fact::new(dtype, Shape::scalar());
    for (role, operand) in [("start", start), ("limit", limit), ("delta", delta)] {
        check_same_dtype(("the result", &result), (role, operand))?;
        check_rank(role, operand, 0)?;
    }
    if dtype.is_float() {
        return Ok(vector(dtype, Dim::UNKNOWN));
    }
    integers(
        dtype,
        int_scalar("start", start)?,
        int_scalar("limit", limit)?,
        int_scalar("delta", delta)?,
    )
}

fn integers(dtype: DType, start: Int, limit: Int, delta: Int) -> Result<Fact, Problem> {
    if delta == Int::Known(0) {
        return Err(Problem::argument("delta is 0").help("give the distance of two neighbours"));
    }
    match (start, limit, delta) {
        (Int::Known(start), Int::Known(limit), Int::Known(delta)) => {
            let count = known_size("the range", count(start, limit, delta)?)?;
            let fact = vector(dtype, count);
            let tracked = fact.ints.as_ref().map(Vec::len);
            let elements = tracked.map(|count| numbers(start, delta, count));
            Ok(ints::tracked(fact, elements))
        }
        (Int::Known(0), Int::Unknown(size), Int::Known(1)) => Ok(vector(dtype, Dim::Unknown(size))),
        _ => Ok(vector(dtype, Dim::UNKNOWN)),
    }
}

fn vector(dtype: DType, size: Dim) -> Fact {
    Fact::new(dtype, Shape::new(vec![size]))
}

/// How many steps of `delta`, which is not 0, lead from `start` to before `limit`.
fn count(start: i64, limit: i64, delta: i64) -> Result<i64, Problem> {
    let distance = i128::from(limit) - i128::from(start);
    let step = i128::from(delta);
    if distance != 0 && (distance < 0) != (step < 0) {
        let (side, sign) = if step > 0 {
            ("above", "positive")
        } else {
            ("below", "negative")
        };
        let message = format!("start {start} is {side} limit {limit} but delta {delta} is {sign}");
        return Err(Problem::argument(message).help("delta leads from start towards limit"));
    }
    let count = (distance.abs() + step.abs() - 1) / step.abs();
    // What does not fit is refused like every result that is larger than any memory.
    Ok(i64::try_from(count).unwrap_or(i64::MAX))
}

fn numbers(start: i64, delta: i64, count: usize) -> Vec<Int> {
    let number = |number: &i64| number.checked_add(delta);
    std::iter::successors(Some(start), number)
        .take(count)
        .map(Int::Known)
        .collect()
}
