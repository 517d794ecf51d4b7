//! The one loop over operands that broadcast against each other.

use crate::kernels::strides::{self, Walk};

/// How `N` operands, each with its elements row by row, are repeated to the shape of a result.
#[derive(Clone, Debug)]
pub(crate) struct Broadcast<const N: usize> {
    walk: Walk<N>,
}

impl<const N: usize> Broadcast<N> {
    /// For a result of the shape `to`, which every operand broadcasts to.
    pub(crate) fn new(to: &[usize], operands: [&[usize]; N]) -> Broadcast<N> {
        let strides = operands.map(|sizes| strides::broadcast(sizes, to));
        let axes = strides::collapse(to, strides.each_ref().map(Vec::as_slice));
        Broadcast {
            walk: Walk::new(axes, [0; N]),
        }
    }

    /// The first position of the result that takes an element of this kind from an operand.
    pub(crate) fn position<T: Copy>(
        &self,
        operand: usize,
        values: &[T],
        matches: impl Fn(T) -> bool,
    ) -> Option<usize> {
        let length = self.walk.row.size;
        if length == 0 {
            // There may be any number of empty rows.
            return None;
        }
        let mut rows = self.walk.outer.offsets().enumerate();
        rows.find_map(|(index, offsets)| {
            let within = match self.row(operand, values, offsets) {
                Row::Each(row) => row.iter().position(|value| matches(*value)),
                Row::Same(value) => matches(value).then_some(0),
            };
            within.map(|within| index * length + within)
        })
    }

    /// The rows of a result, each with the offsets of the operands' rows.
    fn rows<'a, T>(&'a self, out: &'a mut [T]) -> impl Iterator<Item = (&'a mut [T], [usize; N])> {
        // An empty result has no row, whatever length is asked for.
        let rows = out.chunks_exact_mut(self.walk.row.size.max(1));
        rows.zip(self.walk.outer.offsets())
    }

    /// What a row of the result takes from an operand.
    fn row<'a, T: Copy>(&self, operand: usize, values: &'a [T], offsets: [usize; N]) -> Row<'a, T> {
        let offset = offsets[operand];
        if self.walk.row.strides[operand] == 0 && !values.is_empty() {
            Row::Same(values[offset])
        } else {
            Row::Each(&values[offset..offset + self.walk.row.size])
        }
    }
}

impl Broadcast<2> {
    /// `out = f(a, b)`.
    pub(crate) fn apply<A: Copy, B: Copy, C>(
        &self,
        a: &[A],
        b: &[B],
        out: &mut [C],
        f: impl Fn(A, B) -> C,
    ) {
        for (row, offsets) in self.rows(out) {
            let (a, b) = (self.row(0, a, offsets), self.row(1, b, offsets));
            for_each(row.iter_mut(), a, b, |out, a, b| *out = f(a, b));
        }
    }
}

impl Broadcast<3> {
    /// `out = f(condition, a, b)`.
    pub(crate) fn select<T: Copy>(
        &self,
        condition: &[bool],
        a: &[T],
        b: &[T],
        out: &mut [T],
        f: impl Fn(bool, T, T) -> T,
    ) {
        for (row, offsets) in self.rows(out) {
            let (a, b) = (self.row(1, a, offsets), self.row(2, b, offsets));
            match self.row(0, condition, offsets) {
                Row::Same(condition) => {
                    for_each(row.iter_mut(), a, b, |out, a, b| *out = f(condition, a, b));
                }
                Row::Each(conditions) => {
                    let out = row.iter_mut().zip(conditions);
                    for_each(out, a, b, |(out, condition), a, b| {
                        *out = f(*condition, a, b);
                    });
                }
            }
        }
    }
}

/// An operand's part in a row of the result.
#[derive(Clone, Copy, Debug)]
enum Row<'a, T> {
    /// An element for each of the row.
    Each(&'a [T]),
    /// One element for all of the row.
    Same(T),
}

/// Runs `f` along a row. Each case is a loop of its own over slices of equal length, so that the
/// compiler can vectorise it.
#[inline]
fn for_each<O, A: Copy, B: Copy>(
    out: impl Iterator<Item = O>,
    a: Row<'_, A>,
    b: Row<'_, B>,
    f: impl Fn(O, A, B),
) {
    match (a, b) {
        (Row::Each(a), Row::Each(b)) => out.zip(a).zip(b).for_each(|((o, a), b)| f(o, *a, *b)),
        (Row::Each(a), Row::Same(b)) => out.zip(a).for_each(|(o, a)| f(o, *a, b)),
        (Row::Same(a), Row::Each(b)) => out.zip(b).for_each(|(o, b)| f(o, a, *b)),
        (Row::Same(a), Row::Same(b)) => out.for_each(|o| f(o, a, b)),
    }
}
