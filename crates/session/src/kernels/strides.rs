//! Walks over arrays by strides.

use smallvec::SmallVec;

/// An axis as `N` arrays see it that are walked together: where each of them goes with one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Axis<const N: usize> {
    pub(crate) size: usize,
    pub(crate) strides: [isize; N],
}

/// A walk over `N` arrays in rows: over all positions of the outer axes, with the innermost axis
/// left to a loop.
#[derive(Clone, Debug)]
pub(crate) struct Walk<const N: usize> {
    pub(crate) outer: Odometer<N>,
    pub(crate) row: Axis<N>,
}

impl<const N: usize> Walk<N> {
    /// A walk over these axes, of which the last is the row. `start` is where each array begins.
    pub(crate) fn new(mut axes: Vec<Axis<N>>, start: [usize; N]) -> Walk<N> {
        let row = axes.pop().unwrap_or(Axis {
            size: 1,
            strides: [0; N],
        });
        let outer = Odometer::new(axes, start);
        Walk { outer, row }
    }
}

/// Counts through all positions of some axes, the last one fastest.
#[derive(Clone, Debug)]
pub(crate) struct Odometer<const N: usize> {
    axes: Vec<Axis<N>>,
    start: [usize; N],
    count: usize,
}

impl<const N: usize> Odometer<N> {
    pub(crate) fn new(axes: Vec<Axis<N>>, start: [usize; N]) -> Odometer<N> {
        let count = axes.iter().map(|axis| axis.size).product();
        Odometer { axes, start, count }
    }

    pub(crate) fn axes(&self) -> &[Axis<N>] {
        &self.axes
    }

    /// The number of positions.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The offset into each array at each position.
    pub(crate) fn offsets(&self) -> Offsets<'_, N> {
        Offsets {
            axes: &self.axes,
            counters: SmallVec::from_elem(0, self.axes.len()),
            next: self.start,
            left: self.count,
        }
    }
}

/// The offsets of an [`Odometer`].
#[derive(Clone, Debug)]
pub(crate) struct Offsets<'a, const N: usize> {
    axes: &'a [Axis<N>],
    counters: SmallVec<[usize; 8]>,
    next: [usize; N],
    left: usize,
}

impl<const N: usize> Offsets<'_, N> {
    fn advance(&mut self) {
        for (axis, counter) in self.axes.iter().zip(&mut self.counters).rev() {
            *counter += 1;
            if *counter < axis.size {
                shift(&mut self.next, axis.strides, 1);
                return;
            }
            shift(&mut self.next, axis.strides, 1 - *counter as isize);
            *counter = 0;
        }
    }
}

impl<const N: usize> Iterator for Offsets<'_, N> {
    type Item = [usize; N];

    #[inline]
    fn next(&mut self) -> Option<[usize; N]> {
        self.left = self.left.checked_sub(1)?;
        let offsets = self.next;
        if self.left > 0 {
            self.advance();
        }
        Some(offsets)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

fn shift<const N: usize>(offsets: &mut [usize; N], strides: [isize; N], steps: isize) {
    for (offset, stride) in offsets.iter_mut().zip(strides) {
        *offset = offset.wrapping_add_signed(stride * steps);
    }
}

/// The strides of an array whose elements lie row by row.
pub(crate) fn contiguous(sizes: &[usize]) -> Vec<isize> {
    let mut strides = vec![1; sizes.len()];
    for axis in (1..sizes.len()).rev() {
        strides[axis - 1] = strides[axis] * sizes[axis] as isize;
    }
    strides
}

/// The strides with which an array of `sizes`, its elements row by row, is repeated to the shape
/// `to` that it broadcasts to.
pub(crate) fn broadcast(sizes: &[usize], to: &[usize]) -> Vec<isize> {
    repeated(sizes, &contiguous(sizes), to)
}

/// The strides with which an array of these sizes and strides is repeated to the shape `to` that it
/// broadcasts to.
pub(crate) fn repeated(sizes: &[usize], strides: &[isize], to: &[usize]) -> Vec<isize> {
    let added = to.len().saturating_sub(sizes.len());
    let own = sizes.iter().zip(strides);
    let own = own.map(|(size, stride)| if *size == 1 { 0 } else { *stride });
    std::iter::repeat_n(0, added).chain(own).collect()
}

/// The fewest axes that give the same walk: axes of size 1 are dropped, and neighbours that every
/// array steps through as through one axis are merged.
pub(crate) fn collapse<const N: usize>(sizes: &[usize], strides: [&[isize]; N]) -> Vec<Axis<N>> {
    let mut axes: Vec<Axis<N>> = Vec::new();
    for (index, &size) in sizes.iter().enumerate().filter(|(_, size)| **size != 1) {
        let axis = Axis {
            size,
            strides: strides.map(|strides| strides[index]),
        };
        match axes.last_mut() {
            Some(outer) if outer.strides == axis.strides.map(|step| step * size as isize) => {
                outer.size *= size;
                outer.strides = axis.strides;
            }
            Some(_) | None => axes.push(axis),
        }
    }
    axes
}
