//! Parts named by rows of indices, and places found by index or by truth.

use aqueduct_graph::ir::Data;
use aqueduct_graph::{Index, Value};

use crate::kernels::elementwise::Arithmetic;
use crate::kernels::gather::{out_of_range, position, unravel};
use crate::kernels::{Failure, Kernel, Spec, Typed, infallible};

/// The kernel of `GatherNd`, with indices of type `I`.
pub(super) fn gather_nd<T: Typed, I: Typed + Index>(spec: &Spec<'_>) -> Kernel {
    let parts = Parts::new(&spec.input(0), spec.input(1));
    Box::new(move |args| {
        let (x, indices) = (args.input::<T>(0), args.input::<I>(1));
        let y = args.output::<T>(0);
        for row in 0..parts.rows {
            let start = parts.start(indices, row)?;
            y[parts.of_row(row)].copy_from_slice(&x[start..start + parts.width]);
        }
        Ok(())
    })
}

/// The kernel of `ScatterNd`, with indices of type `I`. Parts named several times are added up in the
/// order of the rows.
pub(super) fn scatter_nd<T: Arithmetic, I: Typed + Index>(spec: &Spec<'_>) -> Kernel {
    let parts = Parts::new(&spec.output(0), spec.input(0));
    Box::new(move |args| {
        let (indices, updates) = (args.input::<I>(0), args.input::<T>(1));
        let y = args.output::<T>(0);
        y.fill(T::ZERO);
        for row in 0..parts.rows {
            let start = parts.start(indices, row)?;
            let sums = y[start..start + parts.width].iter_mut();
            let terms = sums.zip(&updates[parts.of_row(row)]);
            terms.for_each(|(sum, term)| *sum = sum.add(*term));
        }
        Ok(())
    })
}

/// The kernel of `TensorScatterUpdate`, with indices of type `I`.
pub(super) fn tensor_scatter_update<T: Typed, I: Typed + Index>(spec: &Spec<'_>) -> Kernel {
    let parts = Parts::new(&spec.input(0), spec.input(1));
    Box::new(move |args| {
        let (x, indices, updates) = (args.input(0), args.input::<I>(1), args.input::<T>(2));
        let y = args.output::<T>(0);
        y.copy_from_slice(x);
        for row in 0..parts.rows {
            let place = parts.named(indices, row)?;
            y[place].copy_from_slice(&updates[parts.of_row(row)]);
        }
        Ok(())
    })
}

/// The parts of an array that indices name.
pub(crate) struct Parts {
    /// The sizes of the axes that are indexed, and how far apart their positions are.
    axes: Vec<(usize, usize)>,
    /// The elements of a part.
    width: usize,
    /// How many of them are named: rows of indices that name or hold anything.
    rows: usize,
    index_sizes: Vec<usize>,
}

impl Parts {
    /// Those that rows of the indices lead to, by a position of each first axis.
    pub(crate) fn new(sizes: &[usize], index_sizes: Vec<usize>) -> Parts {
        let (depth, outer) = match index_sizes.split_last() {
            Some((depth, outer)) => ((*depth).min(sizes.len()), outer),
            None => (0, [].as_slice()),
        };
        let (indexed, inner) = sizes.split_at(depth);
        let width: usize = inner.iter().product();
        let rows = match (depth, width) {
            // Such rows take no memory: there may be any number of them.
            (0, 0) => 0,
            _ => outer.iter().product(),
        };
        let mut stride = width;
        let mut axes = Vec::with_capacity(depth);
        for size in indexed.iter().rev() {
            axes.push((*size, stride));
            stride *= size;
        }
        axes.reverse();
        Parts {
            axes,
            width,
            rows,
            index_sizes,
        }
    }

    /// The rows of the array, of which each index names one.
    pub(crate) fn rows(sizes: &[usize], index_sizes: Vec<usize>) -> Parts {
        let (bound, inner) = match sizes.split_first() {
            Some((bound, inner)) => (*bound, inner),
            None => (0, [].as_slice()),
        };
        let width = inner.iter().product();
        Parts {
            axes: vec![(bound, width)],
            width,
            rows: index_sizes.iter().product(),
            index_sizes,
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.rows
    }

    /// The part that a row of the indices names.
    pub(crate) fn named<I: Index>(
        &self,
        indices: &[I],
        row: usize,
    ) -> Result<std::ops::Range<usize>, Failure> {
        let start = self.start(indices, row)?;
        Ok(start..start + self.width)
    }

    /// Where the part begins that a row names.
    #[inline]
    fn start<I: Index>(&self, indices: &[I], row: usize) -> Result<usize, Failure> {
        let first = row * self.axes.len();
        let named = indices[first..].iter().zip(&self.axes).enumerate();
        let mut start = 0;
        for (axis, (index, (bound, stride))) in named {
            match position(*index, *bound) {
                Some(position) => start += position * stride,
                None => {
                    let place = first + axis;
                    return Err(out_of_range(
                        "indices",
                        *index,
                        &self.index_sizes,
                        place,
                        *bound,
                    ));
                }
            }
        }
        Ok(start)
    }

    /// The part that belongs to a row, among those of all rows.
    pub(crate) fn of_row(&self, row: usize) -> std::ops::Range<usize> {
        row * self.width..(row + 1) * self.width
    }
}

/// The kernel of `ReverseSequence`, with lengths of type `I`.
pub(super) fn reverse_sequence<T: Typed, I: Typed + Index>(
    seq_axis: usize,
    batch_axis: usize,
    spec: &Spec<'_>,
) -> Kernel {
    let sizes = spec.input(0);
    let size = |axis: usize| sizes.get(axis).copied().unwrap_or(1);
    let (first, last) = (seq_axis.min(batch_axis), seq_axis.max(batch_axis));
    let product = |axes: std::ops::Range<usize>| axes.map(size).product::<usize>();
    let outer = product(0..first);
    let (middle, inner) = (product(first + 1..last), product(last + 1..sizes.len()));
    let (first_size, last_size, seq_size) = (size(first), size(last), size(seq_axis));
    let seq_first = seq_axis < batch_axis;
    Box::new(move |args| {
        let (x, lengths) = (args.input::<T>(0), args.input::<I>(1));
        check_lengths(lengths, seq_axis, seq_size)?;
        let y = args.output::<T>(0);
        if y.is_empty() {
            // There may be any number of empty parts.
            return Ok(());
        }
        let mut start = 0;
        for before in 0..outer {
            for (a, between) in pairs(first_size, middle) {
                for b in 0..last_size {
                    let (from_a, from_b) = if seq_first {
                        (mirrored(a, lengths[b]), b)
                    } else {
                        (a, mirrored(b, lengths[a]))
                    };
                    let row = (before * first_size + from_a) * middle + between;
                    let from = (row * last_size + from_b) * inner;
                    y[start..start + inner].copy_from_slice(&x[from..from + inner]);
                    start += inner;
                }
            }
        }
        Ok(())
    })
}

fn pairs(outer: usize, inner: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..outer).flat_map(move |a| (0..inner).map(move |b| (a, b)))
}

/// Which position comes to this one when the first `length` are reversed.
#[inline]
fn mirrored<I: Index>(position: usize, length: I) -> usize {
    match usize::try_from(length.to_i64()) {
        Ok(length) if position < length => length - 1 - position,
        _ => position,
    }
}

fn check_lengths<I: Index>(lengths: &[I], axis: usize, size: usize) -> Result<(), Failure> {
    let wrong = |length: &I| !usize::try_from(length.to_i64()).is_ok_and(|length| length <= size);
    let Some(place) = lengths.iter().position(wrong) else {
        return Ok(());
    };
    let length = lengths[place];
    let message = format!("lengths[{place}] = {length} is not in [0, {size}]");
    let help = format!("a length is from 0 to {size}, the size of axis {axis}");
    Err(Failure::new(message).help(help))
}

/// The kernel of `OneHot`, with indices of type `I`.
pub(super) fn one_hot<T: Typed, I: Typed + Index>(axis: usize, spec: &Spec<'_>) -> Kernel {
    let sizes = spec.output(0);
    let depth = sizes.get(axis).copied().unwrap_or(0);
    let inner: usize = sizes.iter().skip(axis + 1).product();
    infallible(move |args| {
        let indices = args.input::<I>(0);
        let (on, off) = (args.input::<T>(2), args.input::<T>(3));
        let ([on], [off]) = (on, off) else {
            return;
        };
        let y = args.output::<T>(0);
        y.fill(*off);
        let rows = y.chunks_exact_mut((depth * inner).max(1));
        for (marks, indices) in rows.zip(indices.chunks_exact(inner.max(1))) {
            for (place, index) in indices.iter().enumerate() {
                if let Some(position) = position(*index, depth) {
                    marks[position * inner + place] = *on;
                }
            }
        }
    })
}

/// The kernel of `Where`.
pub(super) fn places_where(spec: &Spec<'_>) -> Kernel {
    let sizes = spec.input(0);
    Box::new(move |args| {
        let condition = args.input::<bool>(0);
        let count = condition.iter().filter(|holds| **holds).count();
        let rank = sizes.len();
        let mut places: Vec<i64> = Vec::new();
        places
            .try_reserve_exact(count.saturating_mul(rank))
            .map_err(|_| Failure::no_memory(format_args!("{count} rows")))?;
        let holding = condition.iter().enumerate().filter(|(_, holds)| **holds);
        for (place, _) in holding {
            places.extend(unravel(place, &sizes).map(|position| position as i64));
        }
        match Value::new(vec![count, rank], Data::I64(places)) {
            Some(value) => args.give(0, value),
            None => {
                return Err(Failure::new(
                    "a row of places has another length than the rank",
                ));
            }
        }
        Ok(())
    })
}
