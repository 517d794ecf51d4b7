//! The most extreme elements along the last axis, in order.

use std::cmp::Ordering;

use aqueduct_graph::ir::Extreme;

use crate::kernels::elementwise::Arithmetic;
use crate::kernels::{Failure, Kernel, Spec, failing, infallible};

/// The kernel of `TopK`.
pub(super) fn top_k(extreme: Extreme, spec: &Spec<'_>) -> Kernel {
    let last = |sizes: Vec<usize>| sizes.last().copied().unwrap_or(1);
    let (length, count) = (last(spec.input(0)), last(spec.output(0)));
    if i32::try_from(length).is_err() {
        let message = format!("a place in an axis of size {length} does not fit i32");
        return failing(Failure::new(message));
    }
    with_number!(spec.input_dtype(0), T => infallible(move |args| {
        let x = args.input::<T>(0);
        let (values, places) = (args.output::<T>(0), args.output::<i32>(1));
        let found = values.chunks_exact_mut(count.max(1)).zip(places.chunks_exact_mut(count.max(1)));
        for (row, (values, places)) in x.chunks_exact(length.max(1)).zip(found) {
            most_extreme(row, extreme, places);
            for (value, place) in values.iter_mut().zip(places) {
                *value = row[*place as usize];
            }
        }
    }))
}

/// Fills `best` with the places of as many elements, which are no more than there are, the most
/// extreme one first.
fn most_extreme<T: Arithmetic>(row: &[T], extreme: Extreme, best: &mut [i32]) {
    let order = |a: &i32, b: &i32| {
        let (x, y) = (row[*a as usize], row[*b as usize]);
        let by_value = match extreme {
            Extreme::Largest => compare(y, x),
            Extreme::Smallest => compare(x, y),
        };
        by_value.then(a.cmp(b))
    };
    for (place, slot) in (0..).zip(best.iter_mut()) {
        *slot = place;
    }
    if best.len() < row.len() {
        // Of those seen so far the least extreme is at the root, where another takes its place.
        let worse = |a: &i32, b: &i32| order(a, b) == Ordering::Greater;
        for root in (0..best.len() / 2).rev() {
            sift_down(best, root, worse);
        }
        for place in best.len()..row.len() {
            let place = place as i32;
            if best.first().is_some_and(|worst| worse(worst, &place)) {
                best[0] = place;
                sift_down(best, 0, worse);
            }
        }
    }
    // No two places compare as equal, so an unstable order is the only one.
    best.sort_unstable_by(order);
}

/// Restores a heap, in which no parent is before its children, below this node.
fn sift_down(heap: &mut [i32], mut node: usize, before: impl Fn(&i32, &i32) -> bool) {
    loop {
        let child = 2 * node + 1;
        let Some(first) = heap.get(child) else {
            return;
        };
        let second = heap.get(child + 1);
        let child = child + usize::from(second.is_some_and(|second| before(second, first)));
        if !before(&heap[child], &heap[node]) {
            return;
        }
        heap.swap(child, node);
        node = child;
    }
}

/// The order of numbers, in which NaN comes after all others and equals NaN.
fn compare<T: Arithmetic>(a: T, b: T) -> Ordering {
    a.partial_cmp(&b)
        .unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}
