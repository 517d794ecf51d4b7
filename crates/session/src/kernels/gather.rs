//! Slices picked by index.

use aqueduct_graph::Index;

use crate::kernels::summary::element_name;
use crate::kernels::{Failure, Kernel, Spec, Typed};

/// The kernel of `Gather` along an axis, with indices of type `I`.
pub(super) fn gather<T: Typed, I: Typed + Index>(axis: usize, spec: &Spec<'_>) -> Kernel {
    let sizes = spec.input(0);
    let index_sizes = spec.input(1);
    let bound = sizes.get(axis).copied().unwrap_or(1);
    let inner: usize = sizes.iter().skip(axis + 1).product();
    Box::new(move |args| {
        let (x, indices) = (args.input::<T>(0), args.input::<I>(1));
        check(indices, &index_sizes, bound)?;
        let outer = x.chunks_exact((bound * inner).max(1));
        let picked = args
            .output::<T>(0)
            .chunks_exact_mut((indices.len() * inner).max(1));
        for (from, to) in outer.zip(picked) {
            for (to, index) in to.chunks_exact_mut(inner.max(1)).zip(indices) {
                let start = position(*index, bound).unwrap_or_default() * inner;
                to.copy_from_slice(&from[start..start + inner]);
            }
        }
        Ok(())
    })
}

/// The index as a position below `bound`.
#[inline]
pub(super) fn position<I: Index>(index: I, bound: usize) -> Option<usize> {
    usize::try_from(index.to_i64())
        .ok()
        .filter(|position| *position < bound)
}

fn check<I: Index>(indices: &[I], sizes: &[usize], bound: usize) -> Result<(), Failure> {
    let outside = |index: &I| position(*index, bound).is_none();
    match indices.iter().position(outside) {
        Some(place) => Err(out_of_range("indices", indices[place], sizes, place, bound)),
        None => Ok(()),
    }
}

/// Names the index by its place in an operand of these sizes: `indices[1, 0] = 3 is not in [0, 3)`.
pub(super) fn out_of_range<I: Index>(
    operand: &str,
    index: I,
    sizes: &[usize],
    place: usize,
    bound: usize,
) -> Failure {
    let element = element_name(operand, sizes, place);
    let help = match bound.checked_sub(1) {
        Some(last) => format!("the axis that is indexed takes 0 to {last}"),
        None => "the axis that is indexed has size 0: give no indices".to_owned(),
    };
    Failure::new(format!("{element} = {index} is not in [0, {bound})")).help(help)
}

/// The position along each axis of the element at a place of an array of these sizes.
pub(crate) fn unravel(place: usize, sizes: &[usize]) -> impl Iterator<Item = usize> {
    let mut count: usize = sizes.iter().product();
    let mut rest = place;
    sizes.iter().map(move |size| {
        count = count.checked_div(*size).unwrap_or(0);
        let position = rest.checked_div(count).unwrap_or(0);
        rest -= position * count;
        position
    })
}
