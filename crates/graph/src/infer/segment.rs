//! The shape rule of reductions of segments.

use crate::fact::Fact;
use crate::infer::common::{Class, check_class, check_rank, int_scalar, size, splice, unify};
use crate::mistake::Problem;
use crate::shape::Shape;

/// One axis of `num_segments` takes the place of those that the ids have. Sorted ids are a vector.
pub(super) fn segment(sorted: bool, [x, ids, num_segments]: &[Fact; 3]) -> Result<Fact, Problem> {
    check_class("x", x, Class::Number)?;
    check_class("ids", ids, Class::Index)?;
    if sorted {
        check_rank("ids", ids, 1)?;
    }
    check_first_axes(&x.shape, &ids.shape)?;
    let count = size("num_segments", int_scalar("num_segments", num_segments)?)?;
    let shape = splice(&x.shape, 0..ids.rank(), &[count]);
    Ok(Fact::new(x.dtype, shape))
}

/// The ids must have the sizes of as many first axes of `x`.
fn check_first_axes(x: &Shape, ids: &Shape) -> Result<(), Problem> {
    let first = x.dims().iter().take(ids.rank()).copied();
    if unify(&Shape::new(first.collect()), ids).is_some() {
        return Ok(());
    }
    let message = format!("ids has shape {ids}, which x of shape {x} does not begin with");
    Err(Problem::shape(message).help("give one id for each slice of x along its first axes"))
}
