//! Moving elements without looking at them, for every element type alike.

use crate::kernels::strides::{self, Axis, Odometer, Walk};

/// Some elements of an array, in an order given by strides. The other array of a move has as many,
/// row by row.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    walk: Walk<1>,
}

impl Window {
    /// The window of these sizes and strides that begins at `start`.
    pub(crate) fn new(sizes: &[usize], strides: &[isize], start: usize) -> Window {
        let axes = strides::collapse(sizes, [strides]);
        Window {
            walk: Walk::new(axes, [start]),
        }
    }

    /// Copies the window's elements of `from` to `to`.
    pub(crate) fn read<T: Copy>(&self, from: &[T], to: &mut [T]) {
        let Walk { outer, row } = &self.walk;
        let rows = to.chunks_exact_mut(row.size.max(1));
        for (to, [offset]) in rows.zip(outer.offsets()) {
            read_row(from, offset, row.strides[0], to);
        }
    }

    /// Copies `from` to the window's elements of `to`; the others keep their values.
    pub(crate) fn write<T: Copy>(&self, from: &[T], to: &mut [T]) {
        let Walk { outer, row } = &self.walk;
        let rows = from.chunks_exact(row.size.max(1));
        for (from, [offset]) in rows.zip(outer.offsets()) {
            write_row(from, to, offset, row.strides[0]);
        }
    }
}

/// A move of transposed matrices: done in tiles, so that the lines of memory that one row touches
/// are still in the nearest cache when the next row comes back to them.
#[derive(Clone, Debug)]
pub(crate) struct Transposed {
    /// Where each matrix begins: in the source, in the result.
    matrices: Odometer<2>,
    /// The axis with stride 1 in the source.
    rows: Axis<2>,
    /// The axis with stride 1 in the result.
    columns: Axis<2>,
}

impl Transposed {
    const TILE: usize = 32;

    /// The move to a result of these sizes from a source with these strides; `None` if it does not
    /// transpose: if the innermost axis of the one is that of the other.
    pub(crate) fn new(sizes: &[usize], strides: &[isize]) -> Option<Transposed> {
        let mut axes = strides::collapse(sizes, [strides, &strides::contiguous(sizes)]);
        let columns = axes.pop()?;
        let place = axes.iter().position(|axis| axis.strides[0] == 1)?;
        let rows = axes.remove(place);
        Some(Transposed {
            matrices: Odometer::new(axes, [0, 0]),
            rows,
            columns,
        })
    }

    pub(crate) fn read<T: Copy>(&self, from: &[T], to: &mut [T]) {
        if to.is_empty() {
            // There may be any number of empty matrices.
            return;
        }
        let from_stride = self.columns.strides[0];
        let to_stride = self.rows.strides[1].unsigned_abs();
        for [matrix, result] in self.matrices.offsets() {
            for (rows, columns) in tiles(self.rows.size, self.columns.size, Transposed::TILE) {
                let first = matrix + columns.start * from_stride.unsigned_abs();
                for row in rows {
                    let start = result + row * to_stride + columns.start;
                    let to = &mut to[start..start + columns.len()];
                    read_row(from, first + row, from_stride, to);
                }
            }
        }
    }
}

type Tile = (std::ops::Range<usize>, std::ops::Range<usize>);

fn tiles(rows: usize, columns: usize, size: usize) -> impl Iterator<Item = Tile> {
    let cut = move |length: usize| {
        let starts = (0..length).step_by(size);
        starts.map(move |start| start..length.min(start + size))
    };
    cut(rows).flat_map(move |rows| cut(columns).map(move |columns| (rows.clone(), columns)))
}

fn read_row<T: Copy>(from: &[T], offset: usize, stride: isize, row: &mut [T]) {
    match stride {
        0 => row.fill(from[offset]),
        1 => row.copy_from_slice(&from[offset..offset + row.len()]),
        _ => {
            for (to, place) in row.iter_mut().zip(places(offset, stride)) {
                *to = from[place];
            }
        }
    }
}

fn write_row<T: Copy>(row: &[T], to: &mut [T], offset: usize, stride: isize) {
    if stride == 1 {
        to[offset..offset + row.len()].copy_from_slice(row);
    } else {
        for (from, place) in row.iter().zip(places(offset, stride)) {
            to[place] = *from;
        }
    }
}

/// `offset`, `offset + stride`, …
fn places(offset: usize, stride: isize) -> impl Iterator<Item = usize> {
    // The place after the last one may be below 0.
    std::iter::successors(Some(offset), move |place| {
        Some(place.wrapping_add_signed(stride))
    })
}

/// How an array is cut into pieces along an axis, or put together from them.
#[derive(Clone, Debug)]
pub(crate) struct Pieces {
    /// The elements of a row: the axis and all further in.
    row: usize,
    /// The part of each piece in a row.
    parts: Vec<std::ops::Range<usize>>,
}

impl Pieces {
    /// Pieces that take `sizes` of an axis after which `inner` elements belong to each position.
    pub(crate) fn new(sizes: impl IntoIterator<Item = usize>, inner: usize) -> Pieces {
        let mut row = 0;
        let part = |size: usize| {
            let start = row;
            row += size * inner;
            start..row
        };
        let parts = sizes.into_iter().map(part).collect();
        Pieces { row, parts }
    }

    pub(crate) fn count(&self) -> usize {
        self.parts.len()
    }

    /// Copies one piece to its place in the whole.
    pub(crate) fn join<T: Copy>(&self, index: usize, piece: &[T], whole: &mut [T]) {
        let part = &self.parts[index];
        let rows = whole.chunks_exact_mut(self.row.max(1));
        for (row, piece) in rows.zip(piece.chunks_exact(part.len().max(1))) {
            row[part.clone()].copy_from_slice(piece);
        }
    }

    /// Copies one piece out of the whole.
    pub(crate) fn cut<T: Copy>(&self, index: usize, whole: &[T], piece: &mut [T]) {
        let part = &self.parts[index];
        let rows = whole.chunks_exact(self.row.max(1));
        for (row, piece) in rows.zip(piece.chunks_exact_mut(part.len().max(1))) {
            piece.copy_from_slice(&row[part.clone()]);
        }
    }
}
