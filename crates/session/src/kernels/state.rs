//! Kernels of family `state`: writing a variable.

use aqueduct_graph::Number;
use aqueduct_graph::ir::{PartUpdate, Update};

use crate::kernels::elementwise::Arithmetic;
use crate::kernels::index::Parts;
use crate::kernels::math::NO_ZEROS;
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

/// Writes `old` to `new`, in which each part that the indices name is updated by that of `updates`,
/// in order.
pub(crate) fn scatter(
    update: PartUpdate,
    parts: &Parts,
    old: Slice<'_>,
    indices: &[i64],
    updates: Slice<'_>,
    mut new: SliceMut<'_>,
) -> Result<(), Failure> {
    new.part(0..old.len()).copy_from(old);
    if update == PartUpdate::Div {
        check_divisors(updates)?;
    }
    for row in 0..parts.count() {
        let named = parts.named(indices, row);
        let place = named.map_err(|failure| failure.help("indices name parts of the variable"))?;
        update_in_place(update, updates.part(parts.of_row(row)), new.part(place));
    }
    Ok(())
}

fn check_divisors(updates: Slice<'_>) -> Result<(), Failure> {
    fn zero<T: Arithmetic>(divisors: &[T]) -> Option<usize> {
        divisors.iter().position(|divisor| *divisor == T::ZERO)
    }
    let element = match updates {
        Slice::I32(divisors) => zero(divisors),
        Slice::I64(divisors) => zero(divisors),
        Slice::U8(divisors) => zero(divisors),
        Slice::F32(_) | Slice::F64(_) | Slice::Bool(_) => None,
    };
    match element {
        Some(element) => {
            let message = format!("division by zero at element {element} of the updates");
            Err(Failure::new(message).help(NO_ZEROS))
        }
        None => Ok(()),
    }
}

fn update_in_place(update: PartUpdate, value: Slice<'_>, part: SliceMut<'_>) {
    macro_rules! combine {
        ($($variant:ident),*) => {
            match (update, value, part) {
                (PartUpdate::Set, value, part) => part.copy_from(value),
                $((update, Slice::$variant(value), SliceMut::$variant(part)) => {
                    combine_elements(update, value, part);
                })*
                (update, value, _) => debug_assert!(false, "cannot {update:?} {value:?}"),
            }
        };
    }
    combine!(F32, F64, I32, I64, U8)
}

fn combine_elements<T: Arithmetic>(update: PartUpdate, value: &[T], part: &mut [T]) {
    // A loop for each function: none is called by a pointer.
    fn each<T: Arithmetic>(value: &[T], part: &mut [T], combined: impl Fn(T, T) -> T) {
        for (element, value) in part.iter_mut().zip(value) {
            *element = combined(*element, *value);
        }
    }
    match update {
        PartUpdate::Set => part.copy_from_slice(value),
        PartUpdate::Add => each(value, part, T::add),
        PartUpdate::Sub => each(value, part, T::sub),
        PartUpdate::Mul => each(value, part, T::mul),
        PartUpdate::Div => each(value, part, T::div),
        PartUpdate::Min => each(value, part, T::minimum),
        PartUpdate::Max => each(value, part, T::maximum),
    }
}

fn updated<T: Number + Arithmetic>(update: Update, old: T, value: T) -> T {
    match update {
        Update::Set => value,
        Update::Add => Arithmetic::add(old, value),
        Update::Sub => Arithmetic::sub(old, value),
    }
}
