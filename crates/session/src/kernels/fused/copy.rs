//! Copies between a tile, whose elements lie next to each other, and elements that lie by strides.

#![allow(
    unsafe_code,
    reason = "the elements lie by strides in memory that others use; see the SAFETY comments"
)]

use std::ptr;

/// The axes that a tile takes from an operand, the innermost last: sizes, and strides in elements.
pub(super) type Nest<'a> = &'a [(usize, isize)];

/// Copies elements that lie by strides into a tile.
///
/// # Safety
///
/// `strided` points to the first element, of `width` bytes, 1, 4 or 8 and aligned for a type of
/// that width, and all that the nest reaches from there may be read. The tile is aligned likewise,
/// has room for as many elements as the nest has, and overlaps none of them.
pub(super) unsafe fn gather(width: usize, nest: Nest<'_>, strided: *const u8, tile: *mut u8) {
    // SAFETY: as the caller promises; a copy into the tile writes to nothing else.
    unsafe { transfer::<false>(width, nest, strided.cast_mut(), tile) }
}

/// Copies a tile to elements that lie by strides.
///
/// # Safety
///
/// As of [`gather`], but that the elements are written and those of the tile are read.
pub(super) unsafe fn scatter(width: usize, nest: Nest<'_>, tile: *const u8, strided: *mut u8) {
    // SAFETY: as the caller promises; a copy out of the tile does not write to it.
    unsafe { transfer::<true>(width, nest, strided, tile.cast_mut()) }
}

/// Copies a nest into a tile, or `OUT` of it.
///
/// # Safety
///
/// As of [`gather`], or of [`scatter`].
unsafe fn transfer<const OUT: bool>(width: usize, nest: Nest<'_>, strided: *mut u8, tile: *mut u8) {
    debug_assert!(
        strided.addr().is_multiple_of(width) && tile.addr().is_multiple_of(width),
        "elements of {width} bytes are not aligned"
    );
    // SAFETY: as the caller promises. The elements are copied as unsigned integers of their width,
    // which any bits are.
    unsafe {
        match width {
            1 => walk::<u8, OUT>(nest, strided, tile).cast(),
            4 => walk::<u32, OUT>(nest, strided.cast(), tile.cast()).cast(),
            _ => walk::<u64, OUT>(nest, strided.cast(), tile.cast()).cast::<u8>(),
        };
    }
}

/// Copies a nest, and returns where the tile goes on.
///
/// # Safety
///
/// As of [`transfer`]; `W` has the width of the elements.
unsafe fn walk<W: Copy, const OUT: bool>(
    nest: Nest<'_>,
    mut strided: *mut W,
    mut tile: *mut W,
) -> *mut W {
    // SAFETY: the walk stays within what the caller promises. Steps wrap, so that the one behind
    // the last element need not be within memory.
    unsafe {
        match *nest {
            [] => rows::<W, OUT>((1, 0), (1, 0), strided, tile),
            [row] => rows::<W, OUT>((1, 0), row, strided, tile),
            [steps, row] => rows::<W, OUT>(steps, row, strided, tile),
            [(steps, stride), ref rest @ ..] => {
                for _ in 0..steps {
                    tile = walk::<W, OUT>(rest, strided, tile);
                    strided = strided.wrapping_offset(stride);
                }
                tile
            }
        }
    }
}

/// Copies rows. Short ones are told apart by their lengths, for which the loop over the row is
/// unrolled.
///
/// # Safety
///
/// As of [`walk`], of the two innermost axes.
unsafe fn rows<W: Copy, const OUT: bool>(
    steps: (usize, isize),
    (length, stride): (usize, isize),
    strided: *mut W,
    tile: *mut W,
) -> *mut W {
    // SAFETY: as the caller promises.
    unsafe {
        match (length, stride) {
            (1, _) => short_rows::<W, 1, OUT>(steps, 1, strided, tile),
            (2, 1) => short_rows::<W, 2, OUT>(steps, 1, strided, tile),
            (3, 1) => short_rows::<W, 3, OUT>(steps, 1, strided, tile),
            (4, 1) => short_rows::<W, 4, OUT>(steps, 1, strided, tile),
            (8, 1) => short_rows::<W, 8, OUT>(steps, 1, strided, tile),
            (16, 1) => short_rows::<W, 16, OUT>(steps, 1, strided, tile),
            (2, _) => short_rows::<W, 2, OUT>(steps, stride, strided, tile),
            (3, _) => short_rows::<W, 3, OUT>(steps, stride, strided, tile),
            (4, _) => short_rows::<W, 4, OUT>(steps, stride, strided, tile),
            _ => long_rows::<W, OUT>(steps, (length, stride), strided, tile),
        }
    }
}

/// Rows of so many elements.
///
/// # Safety
///
/// As of [`rows`].
#[inline(always)]
unsafe fn short_rows<W: Copy, const LENGTH: usize, const OUT: bool>(
    (steps, step): (usize, isize),
    stride: isize,
    mut strided: *mut W,
    mut tile: *mut W,
) -> *mut W {
    for _ in 0..steps {
        let (from, to) = if OUT {
            ((tile, 1), (strided, stride))
        } else {
            ((strided, stride), (tile, 1))
        };
        let at = |(start, stride): (*mut W, isize), place: usize| {
            start.wrapping_offset(place as isize * stride)
        };
        // SAFETY: as the caller promises. The whole row is read before any of it is written, which
        // the compiler makes one move of where both lie in one piece.
        unsafe {
            let row: [W; LENGTH] = std::array::from_fn(|place| at(from, place).read());
            for (place, element) in row.into_iter().enumerate() {
                at(to, place).write(element);
            }
        }
        strided = strided.wrapping_offset(step);
        tile = tile.wrapping_add(LENGTH);
    }
    tile
}

/// Rows of any length.
///
/// # Safety
///
/// As of [`rows`].
unsafe fn long_rows<W: Copy, const OUT: bool>(
    (steps, step): (usize, isize),
    (length, stride): (usize, isize),
    mut strided: *mut W,
    mut tile: *mut W,
) -> *mut W {
    for _ in 0..steps {
        // SAFETY: as the caller promises.
        unsafe {
            match (stride, OUT) {
                (1, false) => ptr::copy_nonoverlapping(strided, tile, length),
                (1, true) => ptr::copy_nonoverlapping(tile, strided, length),
                // One element for all: read once, so that the loop is vectorised.
                (0, false) => {
                    let element = strided.read();
                    (0..length).for_each(|place| tile.add(place).write(element));
                }
                _ => {
                    for place in 0..length {
                        let element = strided.offset(place as isize * stride);
                        copy_one::<W, OUT>(element, tile.add(place));
                    }
                }
            }
        }
        strided = strided.wrapping_offset(step);
        tile = tile.wrapping_add(length);
    }
    tile
}

/// # Safety
///
/// As of [`walk`], of one element.
#[inline(always)]
unsafe fn copy_one<W: Copy, const OUT: bool>(strided: *mut W, tile: *mut W) {
    // SAFETY: as the caller promises.
    unsafe {
        if OUT {
            strided.write(tile.read());
        } else {
            tile.write(strided.read());
        }
    }
}
