//! Folding many elements into one, in an order that depends on the sizes alone.
//!
//! Sums are taken in lanes within blocks and pairwise between lanes and between blocks: the error
//! grows with the logarithm of the length, and the lanes let the compiler vectorise.

use std::marker::PhantomData;

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

/// The fold of a slice.
pub(crate) fn fold_slice<R: Reducer>(values: &[R::Element]) -> R::Total {
    if values.len() <= BLOCK {
        return fold_block::<R>(values);
    }
    let middle = (values.len() / 2).next_multiple_of(BLOCK);
    let (left, right) = values.split_at(middle);
    R::combine(fold_slice::<R>(left), fold_slice::<R>(right))
}

/// Folds each column of a matrix, given row by row, into the total that stands for the column.
///
/// Up to [`ROW_BLOCK`] rows are folded one after the other, and such blocks pairwise. Of many narrow
/// rows, groups of [`rows_of_group`] neighbours count as one wide row each; of what that gives for
/// every row of a group, the first half is joined with the second until one row is left, and the
/// rows behind the last group come after it.
pub(crate) fn fold_columns<R: Reducer>(
    matrix: &[R::Element],
    rows: usize,
    totals: &mut [R::Total],
) {
    let width = totals.len();
    let group = rows_of_group(width);
    if group == 1 || rows < FEWEST_GROUPS * group {
        return fold_wide::<R>(matrix, rows, totals);
    }
    let groups = rows / group;
    let (matrix, rest) = matrix.split_at(groups * group * width);
    let mut lanes = [R::IDENTITY; WIDE * MOST_ROWS];
    let mut lanes = &mut lanes[..group * width];
    fold_wide::<R>(matrix, groups, lanes);
    while lanes.len() > width {
        let (first, second) = lanes.split_at_mut(lanes.len() / 2);
        merge::<R>(first, second);
        lanes = first;
    }
    merge::<R>(totals, lanes);
    fold_wide::<R>(rest, rows - groups * group, totals);
}

/// How many rows of so many elements make up a row that is folded in whole strips: a power of two.
fn rows_of_group(width: usize) -> usize {
    if !(1..WIDE).contains(&width) {
        return 1;
    }
    (WIDE >> width.trailing_zeros()).min(MOST_ROWS)
}

/// Folds the columns in strips, the widest of which the compiler makes the best of.
fn fold_wide<R: Reducer>(matrix: &[R::Element], rows: usize, totals: &mut [R::Total]) {
    let matrix = Rows::<R> {
        values: matrix,
        width: totals.len(),
    };
    let (wide, rest) = totals.as_chunks_mut::<WIDE>();
    let (narrow, single) = rest.as_chunks_mut::<8>();
    let (single, _) = single.as_chunks_mut::<1>();
    let column = matrix.fold_strips(0, rows, wide);
    let column = matrix.fold_strips(column, rows, narrow);
    matrix.fold_strips(column, rows, single);
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

/// A matrix, row by row.
struct Rows<'a, R: Reducer> {
    values: &'a [R::Element],
    width: usize,
}

impl<R: Reducer> Rows<'_, R> {
    /// Folds the columns from `column` on into strips of totals. Returns the column after them.
    fn fold_strips<const W: usize>(
        &self,
        mut column: usize,
        rows: usize,
        strips: &mut [[R::Total; W]],
    ) -> usize {
        for totals in strips {
            merge::<R>(totals, &self.fold_strip::<W>(column, 0, rows));
            column += W;
        }
        column
    }

    /// The totals of `W` columns over some rows.
    fn fold_strip<const W: usize>(
        &self,
        column: usize,
        first: usize,
        rows: usize,
    ) -> [R::Total; W] {
        if rows > ROW_BLOCK {
            let half = rows / 2;
            let mut upper = self.fold_strip::<W>(column, first, half);
            merge::<R>(
                &mut upper,
                &self.fold_strip::<W>(column, first + half, rows - half),
            );
            return upper;
        }
        let mut totals = [R::IDENTITY; W];
        for row in first..first + rows {
            let start = row * self.width + column;
            accumulate::<R>(&mut totals, &self.values[start..start + W]);
        }
        totals
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
