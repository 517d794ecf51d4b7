//! Shape rules of ops that repeat an array or its edges: `Tile`, `Pad`, `PadGrad`.

use crate::fact::{Fact, Int};
use crate::infer::common::{
    Class, check_class, check_rank, check_same_dtype, int_vector, plural, shape_operand, size,
};
use crate::infer::ints;
use crate::mistake::Problem;
use crate::op::PadMode;
use crate::shape::{Dim, Shape};

pub(super) fn tile([x, multiples]: &[Fact; 2]) -> Result<Fact, Problem> {
    let multiples = shape_operand("multiples", multiples)?;
    if multiples.rank() != x.rank() {
        let message = format!(
            "multiples has {} but x has rank {}",
            plural(multiples.rank(), "element"),
            x.rank()
        );
        return Err(Problem::shape(message).help("give one number for each axis of x"));
    }
    let axes = x.shape.dims().iter().zip(multiples.dims()).enumerate();
    let dims = axes.map(|(axis, (dim, multiple))| match (dim, multiple) {
        (Dim::Known(size), Dim::Known(times)) if size.checked_mul(*times).is_none() => {
            Err(too_large(axis))
        }
        _ => Ok(ints::multiply(*dim, *multiple)),
    });
    let fact = Fact::new(x.dtype, Shape::new(dims.collect::<Result<_, Problem>>()?));
    let count = fact.ints.as_ref().map_or(0, Vec::len);
    let elements = x.ints.as_ref().map(|elements| {
        let repeated = elements.iter().cycle().take(count);
        repeated.copied().collect()
    });
    Ok(ints::tracked(fact, elements))
}

pub(super) fn pad(mode: &PadMode, [x, paddings]: &[Fact; 2]) -> Result<Fact, Problem> {
    let axes = axes(mode, ("x", x), paddings)?;
    let dims = axes.iter().enumerate().map(|(axis, padded)| {
        check_mirrored(mode, axis, *padded, padded.size)?;
        padded.grown(axis)
    });
    Ok(Fact::new(
        x.dtype,
        Shape::new(dims.collect::<Result<_, Problem>>()?),
    ))
}

pub(super) fn pad_grad(mode: &PadMode, [dy, paddings]: &[Fact; 2]) -> Result<Fact, Problem> {
    let axes = axes(mode, ("dy", dy), paddings)?;
    if let PadMode::Reflect | PadMode::Symmetric = mode {
        check_class("dy", dy, Class::Number)?;
    }
    let dims = axes.iter().enumerate().map(|(axis, padded)| {
        let size = padded.shrunk(axis)?;
        check_mirrored(mode, axis, *padded, size)?;
        Ok(size)
    });
    Ok(Fact::new(
        dy.dtype,
        Shape::new(dims.collect::<Result<_, Problem>>()?),
    ))
}

/// An axis, and how many elements go before and after it.
#[derive(Clone, Copy, Debug)]
struct Padded {
    size: Dim,
    before: Dim,
    after: Dim,
}

/// Each axis of an operand with its paddings.
fn axes(
    mode: &PadMode,
    (role, operand): (&str, &Fact),
    paddings: &Fact,
) -> Result<Vec<Padded>, Problem> {
    if let PadMode::Constant(value) = mode {
        let value = Fact::new(value.dtype(), value.shape());
        check_same_dtype((role, operand), ("the value", &value))?;
        check_rank("the value", &value, 0)?;
    }
    let numbers = int_vector("paddings", paddings)?;
    let (pairs, rest) = numbers.as_chunks::<2>();
    if pairs.len() != operand.rank() || !rest.is_empty() {
        let message = format!(
            "paddings has {} but {role} has rank {}",
            plural(numbers.len(), "element"),
            operand.rank()
        );
        return Err(Problem::shape(message)
            .help("give two numbers for each axis: how many go before it and after it"));
    }
    let sizes = operand.shape.dims().iter().zip(pairs);
    sizes
        .map(|(dim, [before, after])| {
            Ok(Padded {
                size: *dim,
                before: padding(*before)?,
                after: padding(*after)?,
            })
        })
        .collect()
}

fn padding(int: Int) -> Result<Dim, Problem> {
    size("paddings", int)
}

impl Padded {
    /// The size with the paddings.
    fn grown(self, axis: usize) -> Result<Dim, Problem> {
        match (self.size, self.before, self.after) {
            (size, Dim::Known(0), Dim::Known(0)) => Ok(size),
            (Dim::Known(size), Dim::Known(before), Dim::Known(after)) => size
                .checked_add(before)
                .and_then(|sum| sum.checked_add(after))
                .map(Dim::Known)
                .ok_or_else(|| too_large(axis)),
            _ => Ok(Dim::UNKNOWN),
        }
    }

    /// The size without the paddings.
    fn shrunk(self, axis: usize) -> Result<Dim, Problem> {
        match (self.size, self.before, self.after) {
            (size, Dim::Known(0), Dim::Known(0)) => Ok(size),
            (Dim::Known(size), Dim::Known(before), Dim::Known(after)) => size
                .checked_sub(before)
                .and_then(|rest| rest.checked_sub(after))
                .map(Dim::Known)
                .ok_or_else(|| {
                    Problem::shape(format!(
                        "axis {axis} of size {size} has no room for paddings of {before} and {after}"
                    ))
                }),
            _ => Ok(Dim::UNKNOWN),
        }
    }
}

/// Checks that there are enough elements to mirror. Where nothing is added none are needed.
fn check_mirrored(mode: &PadMode, axis: usize, padded: Padded, size: Dim) -> Result<(), Problem> {
    let (kept, rule) = match mode {
        PadMode::Constant(_) => return Ok(()),
        PadMode::Reflect => (
            1,
            "reflect repeats all but the edge: pad by less than the size",
        ),
        PadMode::Symmetric => (0, "symmetric repeats the axis: pad by at most its size"),
    };
    let Dim::Known(size) = size else {
        return Ok(());
    };
    for padding in [padded.before, padded.after] {
        if let Dim::Known(padding @ 1..) = padding
            && padding > size.saturating_sub(kept)
        {
            let message = format!("axis {axis} of size {size} cannot be padded by {padding}");
            return Err(Problem::shape(message).help(rule));
        }
    }
    Ok(())
}

fn too_large(axis: usize) -> Problem {
    Problem::shape(format!(
        "axis {axis} of the result is larger than any memory"
    ))
    .help("look at the numbers that this operation is given")
}
