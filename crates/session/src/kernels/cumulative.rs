//! Sums and products along an axis, and linear recurrences.

use aqueduct_graph::ir::Accumulation;

use crate::kernels::elementwise::Arithmetic;
use crate::kernels::lines::{Lines, Strip};
use crate::kernels::{Kernel, Spec, infallible};

/// The kernel of `Cumulative`.
pub(super) fn kernel(
    accumulation: Accumulation,
    exclusive: bool,
    lines: Lines,
    spec: &Spec<'_>,
) -> Kernel {
    with_number!(spec.input_dtype(0), T => match accumulation {
        Accumulation::Sum => cumulative::<T>(T::ZERO, Arithmetic::add, exclusive, lines),
        Accumulation::Product => cumulative::<T>(T::ONE, Arithmetic::mul, exclusive, lines),
    })
}

/// The kernel of `Recurrence`.
pub(super) fn recurrence(lines: Lines, spec: &Spec<'_>) -> Kernel {
    with_number!(spec.input_dtype(0), T => infallible(move |args| {
        lines.each(&mut Recurrence::<'_, T> {
            factors: args.input(0),
            terms: args.input(1),
            y: args.output(0),
        });
    }))
}

fn cumulative<T: Arithmetic>(
    start: T,
    combine: impl Fn(T, T) -> T + Send + Sync + 'static,
    exclusive: bool,
    lines: Lines,
) -> Kernel {
    infallible(move |args| {
        let (x, y) = (args.input(0), args.output(0));
        lines.each(&mut Totals {
            x,
            y,
            start,
            combine: &combine,
            exclusive,
        });
    })
}

struct Totals<'a, T, F> {
    x: &'a [T],
    y: &'a mut [T],
    start: T,
    combine: &'a F,
    exclusive: bool,
}

impl<T: Arithmetic, F: Fn(T, T) -> T> Strip for Totals<'_, T, F> {
    fn work<const W: usize>(&mut self, _: usize, places: impl Iterator<Item = usize>) {
        let mut totals = [self.start; W];
        for place in places {
            let (x, y) = (&self.x[place..][..W], &mut self.y[place..][..W]);
            if self.exclusive {
                y.copy_from_slice(&totals);
            }
            let pairs = totals.iter_mut().zip(x);
            pairs.for_each(|(total, x)| *total = (self.combine)(*total, *x));
            if !self.exclusive {
                y.copy_from_slice(&totals);
            }
        }
    }
}

struct Recurrence<'a, T> {
    factors: &'a [T],
    terms: &'a [T],
    y: &'a mut [T],
}

impl<T: Arithmetic> Strip for Recurrence<'_, T> {
    fn work<const W: usize>(&mut self, _: usize, places: impl Iterator<Item = usize>) {
        let mut state = [T::ZERO; W];
        for place in places {
            self.y[place..][..W].copy_from_slice(&state);
            let (factors, terms) = (&self.factors[place..][..W], &self.terms[place..][..W]);
            let pairs = state.iter_mut().zip(factors.iter().zip(terms));
            pairs.for_each(|(state, (factor, term))| *state = term.add(factor.mul(*state)));
        }
    }
}
