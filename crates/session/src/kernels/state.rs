//! Kernels of family `state`: writing a variable.

use aqueduct_graph::Number;
use aqueduct_graph::ir::Update;

use crate::kernels::elementwise::Arithmetic;
use crate::kernels::{Failure, Slice, SliceMut};

/// Writes `old` updated by `value` to `new`: all of one type and length. A `Set` needs no `old`.
pub(crate) fn assign(update: Update, old: Option<Slice<'_>>, value: Slice<'_>, new: SliceMut<'_>) {
    macro_rules! combine {
        ($($variant:ident),*) => {
            match (update, old, value, new) {
                (Update::Set, _, value, new) => new.copy_from(value),
                $((update, Some(Slice::$variant(old)), Slice::$variant(value), SliceMut::$variant(new)) => {
                    for ((new, old), value) in new.iter_mut().zip(old).zip(value) {
                        *new = updated(update, *old, *value);
                    }
                })*
                (update, old, value, _) => {
                    debug_assert!(false, "cannot {update:?} {value:?} to {old:?}");
                }
            }
        };
    }
    combine!(F32, F64, I32, I64, U8)
}

/// Writes `old` to `new`, with row `indices[i]` updated by row `i` of `rows`, in order.
pub(crate) fn scatter(
    update: Update,
    old: Slice<'_>,
    indices: &[i64],
    rows: Slice<'_>,
    mut new: SliceMut<'_>,
    row_count: usize,
) -> Result<(), Failure> {
    let width = old.len().checked_div(row_count).unwrap_or(0);
    new.part(0..old.len()).copy_from(old);
    for (place, index) in indices.iter().enumerate() {
        let row = usize::try_from(*index)
            .ok()
            .filter(|row| *row < row_count)
            .ok_or_else(|| {
                Failure::new(format!(
                    "indices[{place}] = {index} is not in [0, {row_count})"
                ))
                .help("indices name rows of the variable")
            })?;
        let value = rows.part(place * width..(place + 1) * width);
        update_in_place(update, value, new.part(row * width..(row + 1) * width));
    }
    Ok(())
}

fn update_in_place(update: Update, value: Slice<'_>, row: SliceMut<'_>) {
    macro_rules! combine {
        ($($variant:ident),*) => {
            match (update, value, row) {
                (Update::Set, value, row) => row.copy_from(value),
                $((update, Slice::$variant(value), SliceMut::$variant(row)) => {
                    for (element, value) in row.iter_mut().zip(value) {
                        *element = updated(update, *element, *value);
                    }
                })*
                (update, value, _) => debug_assert!(false, "cannot {update:?} {value:?}"),
            }
        };
    }
    combine!(F32, F64, I32, I64, U8)
}

fn updated<T: Number + Arithmetic>(update: Update, old: T, value: T) -> T {
    match update {
        Update::Set => value,
        Update::Add => Arithmetic::add(old, value),
        Update::Sub => Arithmetic::sub(old, value),
    }
}
