//! Slices with equal ids put together.

use aqueduct_graph::Index;
use aqueduct_graph::ir::SegmentReduction;

use crate::kernels::elementwise::Arithmetic;
use crate::kernels::gather::{out_of_range, position};
use crate::kernels::summary::element_name;
use crate::kernels::{Failure, Kernel, Spec, Typed};

/// The kernel of `Segment`.
pub(super) fn kernel(reduction: SegmentReduction, sorted: bool, spec: &Spec<'_>) -> Kernel {
    with_number!(spec.input_dtype(0), T => with_index!(spec.input_dtype(1), I => {
        let ids = Ids::new(sorted, spec);
        let or_zero = |of_nothing: T| if sorted { T::ZERO } else { of_nothing };
        match reduction {
            SegmentReduction::Sum => fold::<T, I>(ids, T::ZERO, T::ZERO, Arithmetic::add),
            SegmentReduction::Prod => fold::<T, I>(ids, T::ONE, T::ONE, Arithmetic::mul),
            SegmentReduction::Max => {
                fold::<T, I>(ids, T::LOWEST, or_zero(T::LOWEST_FINITE), Arithmetic::maximum)
            }
            SegmentReduction::Min => {
                fold::<T, I>(ids, T::HIGHEST, or_zero(T::HIGHEST_FINITE), Arithmetic::minimum)
            }
        }
    }))
}

/// `start` is what each segment is folded from, `of_nothing` the result of one without slices.
fn fold<T: Arithmetic, I: Typed + Index>(
    ids: Ids,
    start: T,
    of_nothing: T,
    combine: impl Fn(T, T) -> T + Send + Sync + 'static,
) -> Kernel {
    Box::new(move |args| {
        let (x, of_slices) = (args.input::<T>(0), args.input::<I>(1));
        ids.check(of_slices)?;
        let results = args.output::<T>(0);
        results.fill(start);
        let slices = x.chunks_exact(ids.width.max(1));
        for (slice, id) in slices.zip(of_slices) {
            let Some(segment) = position(*id, ids.segments) else {
                continue;
            };
            let folded = results[segment * ids.width..][..ids.width].iter_mut();
            let pairs = folded.zip(slice);
            pairs.for_each(|(folded, x)| *folded = combine(*folded, *x));
        }
        if of_nothing == start || results.is_empty() {
            return Ok(());
        }
        let used = ids.used(of_slices)?;
        let folded = results.chunks_exact_mut(ids.width.max(1)).zip(used);
        let unused = folded.filter(|(_, used)| !used);
        unused.for_each(|(folded, _)| folded.fill(of_nothing));
        Ok(())
    })
}

/// What ids must be, and how much each stands for.
struct Ids {
    sorted: bool,
    sizes: Vec<usize>,
    segments: usize,
    /// The elements of a slice.
    width: usize,
}

impl Ids {
    fn new(sorted: bool, spec: &Spec<'_>) -> Ids {
        let results = spec.output(0);
        Ids {
            sorted,
            sizes: spec.input(1),
            segments: results.first().copied().unwrap_or_default(),
            width: results.iter().skip(1).product(),
        }
    }

    fn check<I: Index>(&self, ids: &[I]) -> Result<(), Failure> {
        if self.sorted {
            check_order(ids)?;
        }
        let beyond = |id: &I| id.to_i64() >= 0 && position(*id, self.segments).is_none();
        match ids.iter().position(beyond) {
            Some(place) => {
                let failure = out_of_range("ids", ids[place], &self.sizes, place, self.segments);
                Err(failure.help("give as many segments as the largest id and 1"))
            }
            None => Ok(()),
        }
    }

    /// Of each segment, whether a slice is in it.
    fn used<I: Index>(&self, ids: &[I]) -> Result<Vec<bool>, Failure> {
        let segments = self.segments;
        let mut used = Vec::new();
        let no_memory = |_| Failure::no_memory(format_args!("{segments} segments"));
        used.try_reserve_exact(segments).map_err(no_memory)?;
        used.resize(segments, false);
        for segment in ids.iter().filter_map(|id| position(*id, segments)) {
            used[segment] = true;
        }
        Ok(used)
    }
}

/// Sorted ids are not negative, and none is less than the one before it.
fn check_order<I: Index>(ids: &[I]) -> Result<(), Failure> {
    let mut before = 0;
    for (place, id) in ids.iter().enumerate() {
        if id.to_i64() < before {
            let element = element_name("ids", &[ids.len()], place);
            return Err(if place == 0 {
                Failure::new(format!("{element} = {id} is negative"))
                    .help("the `unsorted_segment` functions leave such slices out")
            } else {
                let fault =
                    format!("{element} = {id} comes after {before}, but the ids must not fall");
                Failure::new(fault).help("the `unsorted_segment` functions take any order")
            });
        }
        before = id.to_i64();
    }
    Ok(())
}
