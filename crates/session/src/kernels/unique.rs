//! Equal elements of a vector.

use std::collections::HashMap;

use crate::kernels::elementwise::Arithmetic;
use crate::kernels::{Failure, Kernel};

/// The kernel of `FirstOccurrence`.
pub(super) fn first_occurrence<T: Arithmetic + Keyed>() -> Kernel {
    Box::new(|args| {
        let x = args.input::<T>(0);
        let too_many = |_| Failure::new(format!("{} places do not fit i32", x.len()));
        i32::try_from(x.len()).map_err(too_many)?;
        let mut seen: HashMap<u64, i32> = HashMap::new();
        let no_memory = |_| Failure::no_memory(format_args!("{} places", x.len()));
        seen.try_reserve(x.len()).map_err(no_memory)?;
        for (place, (first, x)) in (0..).zip(args.output::<i32>(0).iter_mut().zip(x)) {
            *first = match x.key() {
                Some(key) => *seen.entry(key).or_insert(place),
                None => place,
            };
        }
        Ok(())
    })
}

/// An element that can be told from others by a number.
pub(super) trait Keyed {
    /// The same number for equal elements, another for all others; none if it does not equal itself.
    fn key(self) -> Option<u64>;
}

macro_rules! keyed_integers {
    ($($type:ident as $bits:ident),*) => {$(
        impl Keyed for $type {
            fn key(self) -> Option<u64> {
                Some(u64::from(self as $bits))
            }
        }
    )*};
}
keyed_integers!(u8 as u8, i32 as u32, i64 as u64);

macro_rules! keyed_floats {
    ($($type:ident),*) => {$(
        impl Keyed for $type {
            fn key(self) -> Option<u64> {
                // Both zeros are one number, and `-0.0 + 0.0` is the positive one.
                (!self.is_nan()).then(|| u64::from((self + 0.0).to_bits()))
            }
        }
    )*};
}
keyed_floats!(f32, f64);
