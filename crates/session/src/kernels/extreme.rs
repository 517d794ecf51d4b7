//! The places of extreme elements along an axis.

use aqueduct_graph::ir::Extreme;

use crate::kernels::elementwise::{self, Arithmetic};
use crate::kernels::lines::{Lines, Strip};
use crate::kernels::{Failure, Kernel, Spec, Typed, failing, infallible};

/// The kernel of `Arg`.
pub(super) fn kernel(extreme: Extreme, axis: usize, spec: &Spec<'_>) -> Kernel {
    let lines = Lines::new(&spec.input(0), axis, false);
    with_number!(spec.input_dtype(0), T => with_index!(spec.output_dtype(0), I => match extreme {
        Extreme::Largest => arg::<T, I>(T::LOWEST, elementwise::greater, lines),
        Extreme::Smallest => arg::<T, I>(T::HIGHEST, elementwise::less, lines),
    }))
}

/// `bound` is what no element is beyond, in the sense that `beyond` has.
fn arg<T: Arithmetic, I: Typed + TryFrom<usize>>(
    bound: T,
    beyond: impl Fn(T, T) -> bool + Send + Sync + 'static,
    lines: Lines,
) -> Kernel {
    let length = lines.length();
    if I::try_from(length).is_err() {
        let message = format!(
            "a place in an axis of size {length} does not fit {}",
            I::DTYPE
        );
        return failing(Failure::new(message).help("take the places as i64"));
    }
    infallible(move |args| {
        let (x, found) = (args.input(0), args.output::<I>(0));
        lines.each(&mut Search {
            x,
            found,
            bound,
            beyond: &beyond,
        });
    })
}

struct Search<'a, T, I, F> {
    x: &'a [T],
    found: &'a mut [I],
    bound: T,
    beyond: &'a F,
}

impl<T: Arithmetic, I: Typed + TryFrom<usize>, F: Fn(T, T) -> bool> Strip for Search<'_, T, I, F> {
    fn work<const W: usize>(&mut self, first: usize, places: impl Iterator<Item = usize>) {
        let mut best = [self.bound; W];
        let mut best_at = [0; W];
        for (index, place) in places.enumerate() {
            let x = &self.x[place..][..W];
            for ((best, at), x) in best.iter_mut().zip(&mut best_at).zip(x) {
                // Of equal ones the first stays. Nothing is beyond NaN, nor NaN beyond anything.
                let better = (self.beyond)(*x, *best);
                *best = elementwise::select(better, *x, *best);
                *at = elementwise::select(better, index, *at);
            }
        }
        let found = &mut self.found[first..][..W];
        let pairs = found.iter_mut().zip(best_at);
        pairs.for_each(|(found, at)| *found = I::try_from(at).unwrap_or_default());
    }
}
