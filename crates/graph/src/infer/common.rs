//! What the rules of several families share: counts, dtypes, ranks, axes, broadcasting, sizes.

use std::ops::Range;

use crate::element::DType;
use crate::fact::{Fact, Int};
use crate::mistake::Problem;
use crate::shape::{Dim, Shape};

/// The operands, if there are `N` of them.
pub(super) fn operands<const N: usize>(inputs: &[Fact]) -> Result<&[Fact; N], Problem> {
    inputs
        .try_into()
        .map_err(|_| wrong_count(&plural(N, "operand"), inputs.len()))
}

/// The first operand, if there is one: for ops that take one or more.
pub(super) fn first_operand(inputs: &[Fact]) -> Result<&Fact, Problem> {
    inputs
        .first()
        .ok_or_else(|| wrong_count("at least 1 operand", 0))
}

/// The op needs `needed` operands but has another number of them.
pub(super) fn wrong_count(needed: &str, given: usize) -> Problem {
    Problem::argument(format!("the op takes {needed} but is given {given}"))
}

/// `1 row`, `2 rows`.
pub fn plural(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// The element types that an operand may have.
#[derive(Clone, Copy, Debug)]
pub(super) enum Class {
    /// All but `bool`.
    Number,
    /// Numbers that may be negative.
    Signed,
    /// `f32` or `f64`.
    Float,
    /// `i32` or `i64`: indices and sizes.
    Index,
    /// `bool`.
    Bool,
}

impl Class {
    fn holds(self, dtype: DType) -> bool {
        match self {
            Class::Number => dtype.is_number(),
            Class::Signed => dtype.is_number() && dtype != DType::U8,
            Class::Float => dtype.is_float(),
            Class::Index => matches!(dtype, DType::I32 | DType::I64),
            Class::Bool => dtype == DType::Bool,
        }
    }

    /// `f32`, `i32 or i64`, `f32, f64 or i32`.
    fn names(self) -> String {
        let names: Vec<&str> = DType::ALL
            .into_iter()
            .filter(|dtype| self.holds(*dtype))
            .map(DType::rust_name)
            .collect();
        match names.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        }
    }

    /// The type to cast to when an operand has none of these.
    const fn usual(self) -> DType {
        match self {
            Class::Number | Class::Float => DType::F32,
            Class::Signed | Class::Index => DType::I32,
            Class::Bool => DType::Bool,
        }
    }
}

/// Checks that an operand is of one of these element types.
pub(super) fn check_class(role: &str, fact: &Fact, class: Class) -> Result<(), Problem> {
    if class.holds(fact.dtype) {
        return Ok(());
    }
    let message = format!("{role} is {} but must be {}", fact.dtype, class.names());
    Err(Problem::dtype(message).help(format!("cast it: `.cast::<{}>()`", class.usual())))
}

/// Checks that an attribute names one of these element types.
pub(super) fn check_attribute(dtype: DType, class: Class) -> Result<(), Problem> {
    if class.holds(dtype) {
        return Ok(());
    }
    let names = class.names();
    Err(Problem::dtype(format!(
        "the result is {dtype} but must be {names}"
    )))
}

/// Checks that two operands are of one element type.
pub(super) fn check_same_dtype(a: (&str, &Fact), b: (&str, &Fact)) -> Result<(), Problem> {
    let (first, second) = (a.1.dtype, b.1.dtype);
    if first == second {
        return Ok(());
    }
    // A cast to a float loses less than one to an integer.
    let to = if second.is_float() && !first.is_float() {
        second
    } else {
        first
    };
    let message = format!("{} is {first} but {} is {second}", a.0, b.0);
    Err(Problem::dtype(message).help(format!("cast one of them: `.cast::<{to}>()`")))
}

/// Checks that there is an operand and that all are of one element type; gives the type.
pub(super) fn common_dtype(inputs: &[Fact]) -> Result<DType, Problem> {
    let first = first_operand(inputs)?;
    for (place, input) in inputs.iter().enumerate() {
        check_same_dtype(("input 0", first), (&format!("input {place}"), input))?;
    }
    Ok(first.dtype)
}

/// Checks that an operand has this rank, which is 0, 1 or 2.
pub(super) fn check_rank(role: &str, fact: &Fact, rank: usize) -> Result<(), Problem> {
    if fact.rank() == rank {
        Ok(())
    } else {
        Err(wrong_rank(role, fact, rank))
    }
}

/// An operand must have this rank, which is 0, 1 or 2, but has another.
pub(super) fn wrong_rank(role: &str, fact: &Fact, rank: usize) -> Problem {
    let noun = match rank {
        0 => "a scalar",
        1 => "a vector",
        _ => "a matrix",
    };
    let message = format!("{role} has shape {} but must be {noun}", fact.shape);
    Problem::shape(message).help(format!("reshape {role} to rank {rank}"))
}

/// The size of an operand along axis 0.
pub(super) fn first_dim(role: &str, fact: &Fact) -> Result<Dim, Problem> {
    fact.shape.dim(0).ok_or_else(|| no_axis(role))
}

/// An operand must not be a scalar but is one.
pub(super) fn no_axis(role: &str) -> Problem {
    Problem::shape(format!("{role} is a scalar but must have an axis"))
        .help(format!("give {role} an axis with `expand_dims(0)`"))
}

/// Checks that an axis exists in `what`; `rank` is the rank of that.
pub(super) fn check_axis(axis: usize, what: &str, rank: usize) -> Result<(), Problem> {
    let Some(last) = rank.checked_sub(1) else {
        let message = format!("axis {axis} does not exist: {what} is a scalar");
        return Err(Problem::argument(message));
    };
    if axis <= last {
        return Ok(());
    }
    let message = format!("axis {axis} does not exist: {what} has rank {rank}");
    Err(Problem::argument(message).help(format!("axes run from 0 to {last}")))
}

/// Checks that axes of `x` exist, ascend and do not repeat.
pub(super) fn check_axes(axes: &[usize], rank: usize) -> Result<(), Problem> {
    for axis in axes {
        check_axis(*axis, "x", rank)?;
    }
    if axes.is_sorted_by(|a, b| a < b) {
        return Ok(());
    }
    let message = format!("axes {axes:?} do not ascend");
    Err(Problem::argument(message).help("name each axis once, in ascending order"))
}

/// The shape with some of its axes, which exist, replaced by others.
pub(super) fn splice(shape: &Shape, axes: Range<usize>, new: &[Dim]) -> Shape {
    let mut dims = shape.dims().to_vec();
    dims.splice(axes, new.iter().copied());
    Shape::new(dims)
}

/// The shape of an element-wise result, by NumPy's broadcasting.
///
/// Where two unknown sizes meet that may differ, the result's size is a new unknown: one of them
/// may be 1.
pub(super) fn broadcast(a: &Shape, b: &Shape) -> Result<Shape, Problem> {
    broadcast_or(a, b, |axis, left, right| {
        Problem::shape(format!(
            "shapes {a} and {b} do not broadcast: axis {axis} has sizes {left} and {right}"
        ))
    })
}

/// As [`broadcast`], with a problem of the caller's words, which is given the axis of the result and
/// the sizes that do not fit there.
pub(super) fn broadcast_or(
    a: &Shape,
    b: &Shape,
    problem: impl Fn(usize, Dim, Dim) -> Problem,
) -> Result<Shape, Problem> {
    let rank = a.rank().max(b.rank());
    let pairs = padded(a, rank).zip(padded(b, rank));
    pairs
        .enumerate()
        .map(|(axis, (left, right))| {
            broadcast_dims(left, right).ok_or_else(|| {
                problem(axis, left, right).help("sizes must be equal, or one of them 1")
            })
        })
        .collect::<Result<Vec<Dim>, Problem>>()
        .map(Shape::new)
}

fn broadcast_dims(a: Dim, b: Dim) -> Option<Dim> {
    match (a, b) {
        (Dim::Known(1), other) | (other, Dim::Known(1)) => Some(other),
        (Dim::Known(_), _) | (_, Dim::Known(_)) => a.unify(b),
        (Dim::Unknown(_), Dim::Unknown(_)) => Some(if a.same(b) { a } else { Dim::UNKNOWN }),
    }
}

/// The dimensions, with 1 in front up to this rank.
fn padded(shape: &Shape, rank: usize) -> impl Iterator<Item = Dim> {
    let missing = rank.saturating_sub(shape.rank());
    let ones = std::iter::repeat_n(Dim::Known(1), missing);
    ones.chain(shape.dims().iter().copied())
}

/// Checks that `from` broadcasts to `to`; gives `to` with the sizes that follow from that.
pub(super) fn broadcast_to(from: &Shape, to: &Shape) -> Result<Shape, Problem> {
    let failure = |reason: String| {
        Problem::shape(format!("shape {from} does not broadcast to {to}: {reason}"))
            .help("a size must be 1 or that of the result, counted from the last axis")
    };
    if from.rank() > to.rank() {
        return Err(failure(format!(
            "rank {} is above rank {}",
            from.rank(),
            to.rank()
        )));
    }
    let pairs = padded(from, to.rank()).zip(to.dims());
    pairs
        .enumerate()
        .map(|(axis, (from, to))| match from {
            Dim::Known(1) | Dim::Unknown(_) => Ok(*to),
            Dim::Known(_) => from
                .unify(*to)
                .ok_or_else(|| failure(format!("axis {axis} has sizes {from} and {to}"))),
        })
        .collect::<Result<Vec<Dim>, Problem>>()
        .map(Shape::new)
}

/// What is known when all operands have one shape; the sizes along the axis `free` may differ, and
/// of them the first operand's is given.
pub(super) fn unify_shapes(inputs: &[Fact], free: Option<usize>) -> Result<Shape, Problem> {
    let mut common = first_operand(inputs)?.shape.clone();
    for (place, input) in inputs.iter().enumerate() {
        let others = unify_but(&common, &input.shape, free);
        common = others.ok_or_else(|| {
            let problem = Problem::shape(format!(
                "input {place} has shape {} but the inputs before it have shape {common}",
                input.shape
            ));
            match free {
                Some(axis) => problem.help(format!("all axes but axis {axis} must agree")),
                None => problem.help("all inputs must have one shape"),
            }
        })?;
    }
    Ok(common)
}

/// What is known when both shapes are equal; `None` if they cannot be.
pub(super) fn unify(a: &Shape, b: &Shape) -> Option<Shape> {
    unify_but(a, b, None)
}

fn unify_but(a: &Shape, b: &Shape, free: Option<usize>) -> Option<Shape> {
    if a.rank() != b.rank() {
        return None;
    }
    let pairs = a.dims().iter().zip(b.dims()).enumerate();
    pairs
        .map(|(axis, (a, b))| {
            if free == Some(axis) {
                Some(*a)
            } else {
                a.unify(*b)
            }
        })
        .collect::<Option<Vec<Dim>>>()
        .map(Shape::new)
}

/// The elements of an operand that gives sizes: an integer vector of known length.
pub(super) fn int_vector<'a>(role: &str, fact: &'a Fact) -> Result<&'a [Int], Problem> {
    check_class(role, fact, Class::Index)?;
    check_rank(role, fact, 1)?;
    fact.ints.as_deref().ok_or_else(|| {
        let length = fact.shape.elements();
        let message = match length {
            Some(length) => format!(
                "{role} has {length} elements but may have {}",
                Fact::TRACKED
            ),
            None => format!("the length of {role} is unknown"),
        };
        Problem::shape(message).help(format!(
            "the rank of the result must be known while building: give {role} a fixed length"
        ))
    })
}

/// The element of an operand that is an integer scalar.
pub(super) fn int_scalar(role: &str, fact: &Fact) -> Result<Int, Problem> {
    check_class(role, fact, Class::Index)?;
    check_rank(role, fact, 0)?;
    let element = fact.ints.as_ref().and_then(|ints| ints.first());
    Ok(element.copied().unwrap_or(Int::UNKNOWN))
}

/// The shape that an operand gives: an integer vector of known length, no element negative.
pub(super) fn shape_operand(role: &str, fact: &Fact) -> Result<Shape, Problem> {
    let sizes = int_vector(role, fact)?.iter();
    sizes
        .map(|int| size(role, *int))
        .collect::<Result<Vec<Dim>, Problem>>()
        .map(Shape::new)
}

/// An element of an operand as a size: not negative.
pub(super) fn size(role: &str, int: Int) -> Result<Dim, Problem> {
    match int {
        Int::Known(number) => known_size(role, number),
        Int::Unknown(symbol) => Ok(Dim::Unknown(symbol)),
    }
}

/// A number that an operand gives as a size: not negative.
pub(super) fn known_size(role: &str, number: i64) -> Result<Dim, Problem> {
    usize::try_from(number).map(Dim::Known).map_err(|_| {
        Problem::shape(format!("{role} gives the negative size {number}"))
            .help("a size is 0 or more")
    })
}
