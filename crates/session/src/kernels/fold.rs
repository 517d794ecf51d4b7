//! Folding many elements into one, in an order that depends on the sizes alone.
//!
//! Sums are taken in lanes within blocks and pairwise between lanes and between blocks: the error
//! grows with the logarithm of the length, and the lanes let the compiler vectorise.

use std::marker::PhantomData;
use std::ops::Range;

use crate::kernels::Typed;
use crate::kernels::cast::CastFrom;
use crate::kernels::elementwise::Arithmetic;

/// A way to fold elements: an associative operation with an identity.
pub(crate) trait Reducer {
    type Element: Typed;
    type Total: Copy;

    /// The fold of nothing.
    const IDENTITY: Self::Total;

    /// The fold of one element.
    fn lift(element: Self::Element) -> Self::Total;

    fn combine(a: Self::Total, b: Self::Total) -> Self::Total;
}

/// Where elements come from that are folded: a row of them, which is taken from the front.
pub(crate) trait Source<T> {
    /// The next elements, so many of them.
    fn take(&mut self, length: usize) -> &[T];

    /// The next rows of `width` elements: at least one, and `most` at the most.
    fn rows(&mut self, width: usize, most: usize) -> Rows<'_, T>;

    /// Lets `f` take the next `rows` rows of `width` elements panel by panel: `f` is called with the
    /// columns of each, and a source of their elements alone.
    fn panels(&mut self, rows: usize, width: usize, f: impl FnMut(&mut Self, Range<usize>));
}

/// Rows of a matrix.
pub(crate) struct Rows<'a, T> {
    pub(crate) values: &'a [T],
    /// How far the next row is.
    pub(crate) stride: usize,
    pub(crate) count: usize,
}

/// Elements in memory.
pub(crate) struct Elements<'a, T> {
    left: &'a [T],
    /// How far the next row is, where rows are those of a panel.
    stride: Option<usize>,
}

impl<'a, T> Elements<'a, T> {
    pub(crate) fn new(values: &'a [T]) -> Elements<'a, T> {
        Elements {
            left: values,
            stride: None,
        }
    }

    fn advance(&mut self, elements: usize) -> &'a [T] {
        let (taken, left) = self.left.split_at(elements.min(self.left.len()));
        self.left = left;
        taken
    }
}

impl<T> Source<T> for Elements<'_, T> {
    fn take(&mut self, length: usize) -> &[T] {
        self.advance(length)
    }

    fn rows(&mut self, width: usize, most: usize) -> Rows<'_, T> {
        let stride = self.stride.unwrap_or(width);
        Rows {
            values: self.advance(most * stride),
            stride,
            count: most,
        }
    }

    fn panels(&mut self, rows: usize, width: usize, mut f: impl FnMut(&mut Self, Range<usize>)) {
        let matrix = self.advance(rows * width);
        for first in (0..width).step_by(WIDEST_PANEL) {
            let mut panel = Elements {
                left: &matrix[first.min(matrix.len())..],
                stride: Some(width),
            };
            f(&mut panel, first..width.min(first + WIDEST_PANEL));
        }
    }
}

/// The fold of a slice.
pub(crate) fn fold_slice<R: Reducer>(values: &[R::Element]) -> R::Total {
    fold_row::<R>(&mut Elements::new(values), values.len())
}

/// The fold of the next elements of a source, so many of them.
pub(crate) fn fold_row<R: Reducer>(
    source: &mut impl Source<R::Element>,
    length: usize,
) -> R::Total {
    if length <= BLOCK {
        return fold_block::<R>(source.take(length));
    }
    let middle = halves_of_row(length);
    let left = fold_row::<R>(source, middle);
    R::combine(left, fold_row::<R>(source, length - middle))
}

/// Where a row that is folded pairwise is cut in two.
fn halves_of_row(length: usize) -> usize {
    (length / 2).next_multiple_of(BLOCK)
}

/// Folds each column of a matrix, given row by row, into the total that stands for the column.
///
/// Up to [`ROW_BLOCK`] rows are folded one after the other, and such blocks pairwise. Of many narrow
/// rows, groups of [`rows_of_group`] neighbours count as one wide row each; of what that gives for
/// every row of a group, the first half is joined with the second until one row is left, and the
/// rows behind the last group come after it.
pub(crate) fn fold_columns<R: Reducer>(
    source: &mut impl Source<R::Element>,
    rows: usize,
    totals: &mut [R::Total],
) {
    let width = totals.len();
    let Some(group) = grouped(rows, width) else {
        return fold_wide::<R>(source, rows, totals);
    };
    let groups = rows / group;
    let mut lanes = [R::IDENTITY; WIDE * MOST_ROWS];
    let mut lanes = &mut lanes[..group * width];
    fold_wide::<R>(source, groups, lanes);
    while lanes.len() > width {
        let (first, second) = lanes.split_at_mut(lanes.len() / 2);
        merge::<R>(first, second);
        lanes = first;
    }
    merge::<R>(totals, lanes);
    fold_wide::<R>(source, rows - groups * group, totals);
}

/// How many rows make up one that is folded in whole strips; `None` if each is folded by itself.
fn grouped(rows: usize, width: usize) -> Option<usize> {
    let group = rows_of_group(width);
    (group > 1 && rows >= FEWEST_GROUPS * group).then_some(group)
}

/// How many rows of so many elements make up a row that is folded in whole strips: a power of two.
fn rows_of_group(width: usize) -> usize {
    if !(1..WIDE).contains(&width) {
        return 1;
    }
    (WIDE >> width.trailing_zeros()).min(MOST_ROWS)
}

/// Where the fold of so many rows of this width is cut in two: both parts can be folded apart, and
/// [`join_halves`] gives the fold of all. `None` if it is not cut, or not into parts that are folded
/// like it.
pub(crate) fn halves(rows: usize, width: usize) -> Option<usize> {
    if width == 1 {
        return (rows > BLOCK).then(|| halves_of_row(rows));
    }
    let apart = rows > ROW_BLOCK && rows_of_group(width) == 1;
    apart.then_some(rows / 2)
}

/// The fold of all from the folds of its parts, one after the other in `parts`: those that are made
/// by cutting it in [`halves`], and these again, as often for all. Joined are the first and the second
/// half of the parts, each from its own.
pub(crate) fn join_halves<R>(parts: &[R::Total], totals: &mut [R::Total])
where
    R: Reducer<Total = <R as Reducer>::Element>,
{
    if parts.len() <= totals.len() {
        totals.copy_from_slice(parts);
        return;
    }
    let (first, second) = parts.split_at(parts.len() / 2);
    join_halves::<R>(first, totals);
    let mut others = [R::IDENTITY; WIDEST_PANEL];
    let others = &mut others[..totals.len()];
    join_halves::<R>(second, others);
    merge::<R>(totals, others);
}

/// Folds columns, each row by itself.
fn fold_wide<R: Reducer>(
    source: &mut impl Source<R::Element>,
    rows: usize,
    totals: &mut [R::Total],
) {
    source.panels(rows, totals.len(), |panel, columns| {
        let totals = &mut totals[columns];
        match totals.len() {
            width if width <= WIDE => fold_panel::<R, _, WIDE>(panel, rows, totals),
            width if width <= NARROW_PANEL => {
                fold_panel::<R, _, NARROW_PANEL>(panel, rows, totals);
            }
            _ => fold_panel::<R, _, WIDEST_PANEL>(panel, rows, totals),
        }
    });
}

/// Folds the at most `WIDEST` columns of a panel into totals: blocks of rows pairwise. (That every
/// fold begins with an identity changes no bit of it.)
fn fold_panel<R: Reducer, S: Source<R::Element>, const WIDEST: usize>(
    source: &mut S,
    rows: usize,
    totals: &mut [R::Total],
) {
    let mut folded = [R::IDENTITY; WIDEST];
    let folded = &mut folded[..totals.len()];
    if rows > ROW_BLOCK {
        let half = rows / 2;
        fold_panel::<R, S, WIDEST>(source, half, folded);
        fold_panel::<R, S, WIDEST>(source, rows - half, folded);
    } else {
        let mut left = rows;
        while left > 0 {
            let taken = source.rows(folded.len(), left);
            left -= taken.count;
            taken.fold::<R>(folded);
        }
    }
    merge::<R>(totals, folded);
}

/// The longest run that is folded in lanes; a multiple of `LANES`.
const BLOCK: usize = 512;
const LANES: usize = 16;
/// The most rows that are folded one after the other.
const ROW_BLOCK: usize = 64;
/// The columns of the widest strip.
const WIDE: usize = 32;
/// The most rows of a group.
const MOST_ROWS: usize = 16;
/// With fewer groups, joining their rows takes longer than what they save.
const FEWEST_GROUPS: usize = 4;
/// The most columns whose totals are in use together.
pub(crate) const WIDEST_PANEL: usize = 1024;
/// Panels of so few columns do not pay for the room that the widest need.
const NARROW_PANEL: usize = 128;

fn fold_block<R: Reducer>(values: &[R::Element]) -> R::Total {
    let mut lanes = [R::IDENTITY; LANES];
    let (chunks, tail) = values.as_chunks::<LANES>();
    if chunks.is_empty() {
        return tail.iter().fold(R::IDENTITY, |total, value| {
            R::combine(total, R::lift(*value))
        });
    }
    for chunk in chunks {
        accumulate::<R>(&mut lanes, chunk);
    }
    accumulate::<R>(&mut lanes, tail);
    let mut width = LANES / 2;
    while width > 0 {
        let (left, right) = lanes.split_at_mut(width);
        merge::<R>(left, right);
        width /= 2;
    }
    lanes[0]
}

impl<T: Copy> Rows<'_, T> {
    /// Folds the rows into the totals of their columns, one after the other: in strips, the widest of
    /// which the compiler makes the best of.
    fn fold<R: Reducer<Element = T>>(&self, totals: &mut [R::Total]) {
        let (wide, rest) = totals.as_chunks_mut::<WIDE>();
        let (narrow, single) = rest.as_chunks_mut::<8>();
        let (single, _) = single.as_chunks_mut::<1>();
        let column = self.fold_strips::<R, WIDE>(0, wide);
        let column = self.fold_strips::<R, 8>(column, narrow);
        self.fold_strips::<R, 1>(column, single);
    }

    /// Folds the columns from `column` on into strips of totals. Returns the column after them.
    fn fold_strips<R: Reducer<Element = T>, const W: usize>(
        &self,
        mut column: usize,
        strips: &mut [[R::Total; W]],
    ) -> usize {
        for strip in strips {
            // A copy stays in registers for all rows.
            let mut totals = *strip;
            for row in 0..self.count {
                let start = row * self.stride + column;
                accumulate::<R>(&mut totals, &self.values[start..start + W]);
            }
            *strip = totals;
            column += W;
        }
        column
    }
}

#[inline]
fn accumulate<R: Reducer>(totals: &mut [R::Total], values: &[R::Element]) {
    let pairs = totals.iter_mut().zip(values);
    pairs.for_each(|(total, value)| *total = R::combine(*total, R::lift(*value)));
}

#[inline]
fn merge<R: Reducer>(totals: &mut [R::Total], others: &[R::Total]) {
    let pairs = totals.iter_mut().zip(others);
    pairs.for_each(|(total, other)| *total = R::combine(*total, *other));
}

/// The sum.
pub(crate) struct Sum<T>(PhantomData<T>);

/// The product.
pub(crate) struct Product<T>(PhantomData<T>);

/// The sum of integers as `i64`.
pub(crate) struct WideSum<T>(PhantomData<T>);

/// The largest element; NaN if any is NaN.
pub(crate) struct Largest<T>(PhantomData<T>);

/// The smallest element; NaN if any is NaN.
pub(crate) struct Smallest<T>(PhantomData<T>);

/// Whether all hold.
pub(crate) struct All;

/// Whether any holds.
pub(crate) struct Any;

macro_rules! reducer {
    ($([$($param:ident: $($bound:path),+)?] $name:ty: $element:ty => $total:ty,
       $identity:expr, $lift:expr, $combine:expr;)*) => {$(
        impl$(<$param: $($bound +)+>)? Reducer for $name {
            type Element = $element;
            type Total = $total;
            const IDENTITY: $total = $identity;

            #[inline]
            fn lift(element: $element) -> $total {
                $lift(element)
            }
            #[inline]
            fn combine(a: $total, b: $total) -> $total {
                $combine(a, b)
            }
        }
    )*};
}
reducer! {
    [T: Arithmetic] Sum<T>: T => T, T::ZERO, std::convert::identity, T::add;
    [T: Arithmetic] Product<T>: T => T, T::ONE, std::convert::identity, T::mul;
    [T: Arithmetic] Largest<T>: T => T, T::LOWEST, std::convert::identity, T::maximum;
    [T: Arithmetic] Smallest<T>: T => T, T::HIGHEST, std::convert::identity, T::minimum;
    [] All: bool => bool, true, std::convert::identity, std::ops::BitAnd::bitand;
    [] Any: bool => bool, false, std::convert::identity, std::ops::BitOr::bitor;
}

impl<T: Typed> Reducer for WideSum<T>
where
    i64: CastFrom<T>,
{
    type Element = T;
    type Total = i64;
    const IDENTITY: i64 = 0;

    #[inline]
    fn lift(element: T) -> i64 {
        i64::cast_from(element)
    }
    #[inline]
    fn combine(a: i64, b: i64) -> i64 {
        a.wrapping_add(b)
    }
}
