//! The operands and results that a kernel works on.

#![allow(
    unsafe_code,
    reason = "slices are made of addresses; see the SAFETY comments"
)]

use std::ops::Range;

use aqueduct_graph::ir::Data;
use aqueduct_graph::{DType, Element, Value};
use smallvec::SmallVec;

/// The elements of an operand, row by row.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Slice<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
    I32(&'a [i32]),
    I64(&'a [i64]),
    U8(&'a [u8]),
    Bool(&'a [bool]),
}

/// The elements of a result, row by row, to be written.
#[derive(Debug)]
pub(crate) enum SliceMut<'a> {
    F32(&'a mut [f32]),
    F64(&'a mut [f64]),
    I32(&'a mut [i32]),
    I64(&'a mut [i64]),
    U8(&'a mut [u8]),
    Bool(&'a mut [bool]),
}

/// An element type that slices can be told apart by.
pub(crate) trait Typed: Element {
    fn of(slice: Slice<'_>) -> Option<&[Self]>;
    fn of_mut(slice: SliceMut<'_>) -> Option<&mut [Self]>;
    fn wrap(slice: &[Self]) -> Slice<'_>;
    fn wrap_mut(slice: &mut [Self]) -> SliceMut<'_>;
}

macro_rules! typed {
    ($($type:ty => $variant:ident),*) => {
        $(impl Typed for $type {
            fn of(slice: Slice<'_>) -> Option<&[Self]> {
                if let Slice::$variant(values) = slice { Some(values) } else { None }
            }
            fn of_mut(slice: SliceMut<'_>) -> Option<&mut [Self]> {
                if let SliceMut::$variant(values) = slice { Some(values) } else { None }
            }
            fn wrap(slice: &[Self]) -> Slice<'_> {
                Slice::$variant(slice)
            }
            fn wrap_mut(slice: &mut [Self]) -> SliceMut<'_> {
                SliceMut::$variant(slice)
            }
        })*

        impl Slice<'_> {
            /// The element type.
            pub(crate) fn dtype(&self) -> DType {
                match self { $(Slice::$variant(_) => DType::$variant),* }
            }

            /// The number of elements.
            pub(crate) fn len(&self) -> usize {
                match self { $(Slice::$variant(values) => values.len()),* }
            }

            /// Some of the elements; none if the range is out of bounds.
            pub(crate) fn part(&self, range: Range<usize>) -> Self {
                match self {
                    $(Slice::$variant(values) => {
                        Slice::$variant(values.get(range).unwrap_or_default())
                    })*
                }
            }

            /// No elements.
            pub(crate) fn empty(dtype: DType) -> Self {
                match dtype { $(DType::$variant => Slice::$variant(&[])),* }
            }

            /// The address of the first element, and the number of bytes.
            pub(crate) fn as_bytes(&self) -> (*const u8, usize) {
                match self {
                    $(Slice::$variant(values) => (values.as_ptr().cast(), size_of_val(*values))),*
                }
            }

            /// So many elements from an address on.
            ///
            /// # Safety
            /// The memory must hold valid elements of that type, be aligned for it, and not be
            /// written for as long as the slice lives.
            pub(super) unsafe fn from_raw(start: *const u8, len: usize, dtype: DType) -> Self {
                // SAFETY: bytes may be looked at as such, whatever they are.
                debug_assert!(dtype != DType::Bool || unsafe { are_truths(start, len) });
                match dtype {
                    // SAFETY: the caller vouches for the bytes, of as many elements of this type.
                    $(DType::$variant => Slice::$variant(unsafe {
                        std::slice::from_raw_parts(start.cast(), len)
                    })),*
                }
            }

            /// A copy of the elements; `None` if the system has not enough memory.
            pub(crate) fn try_to_data(self) -> Option<Data> {
                match self {
                    $(Slice::$variant(values) => {
                        let mut copy = Vec::new();
                        copy.try_reserve_exact(values.len()).ok()?;
                        copy.extend_from_slice(values);
                        Some(Data::$variant(copy))
                    })*
                }
            }

            /// A copy of the elements.
            pub(crate) fn to_data(self) -> Data {
                match self { $(Slice::$variant(values) => Data::$variant(values.to_vec())),* }
            }
        }

        impl<'a> SliceMut<'a> {
            /// The element type.
            pub(crate) fn dtype(&self) -> DType {
                match self { $(SliceMut::$variant(_) => DType::$variant),* }
            }

            /// The number of elements.
            pub(crate) fn len(&self) -> usize {
                match self { $(SliceMut::$variant(values) => values.len()),* }
            }

            /// Some of the elements; none if the range is out of bounds.
            pub(crate) fn part(&mut self, range: Range<usize>) -> SliceMut<'_> {
                match self {
                    $(SliceMut::$variant(values) => {
                        SliceMut::$variant(values.get_mut(range).unwrap_or_default())
                    })*
                }
            }

            /// No elements.
            pub(crate) fn empty(dtype: DType) -> Self {
                match dtype { $(DType::$variant => SliceMut::$variant(&mut [])),* }
            }

            /// The address of the first element, and the number of bytes.
            pub(crate) fn into_bytes(self) -> (*mut u8, usize) {
                match self {
                    $(SliceMut::$variant(values) => {
                        (values.as_mut_ptr().cast(), size_of_val(values))
                    })*
                }
            }

            /// So many elements from an address on, to be written.
            ///
            /// # Safety
            /// The memory must hold valid elements of that type, be aligned for it, and not be
            /// touched in another way for as long as the slice lives.
            pub(super) unsafe fn from_raw(start: *mut u8, len: usize, dtype: DType) -> Self {
                // SAFETY: bytes may be looked at as such, whatever they are.
                debug_assert!(dtype != DType::Bool || unsafe { are_truths(start, len) });
                match dtype {
                    // SAFETY: the caller vouches for the bytes, of as many elements of this type.
                    $(DType::$variant => SliceMut::$variant(unsafe {
                        std::slice::from_raw_parts_mut(start.cast(), len)
                    })),*
                }
            }

            /// Sets all elements to zero, or `false`.
            pub(crate) fn clear(self) {
                match self { $(SliceMut::$variant(values) => values.fill(<$type>::default())),* }
            }

            /// Copies all elements of `source`; both must be of one type and length.
            pub(crate) fn copy_from(self, source: Slice<'_>) {
                match (self, source) {
                    $((SliceMut::$variant(to), Slice::$variant(from)) if to.len() == from.len() => {
                        to.copy_from_slice(from);
                    })*
                    (to, from) => debug_assert!(false, "cannot copy {from:?} to {to:?}"),
                }
            }
        }

        /// Appends the elements of `source`, which must be of the same type.
        pub(crate) fn append(data: &mut Data, source: Slice<'_>) {
            match (data, source) {
                $((Data::$variant(to), Slice::$variant(from)) => to.extend_from_slice(from),)*
                (to, from) => debug_assert!(false, "cannot append {from:?} to {to:?}"),
            }
        }

        impl<'a> From<&'a Data> for Slice<'a> {
            fn from(data: &'a Data) -> Slice<'a> {
                match data { $(Data::$variant(values) => Slice::$variant(values)),* }
            }
        }

        impl<'a> From<&'a mut Data> for SliceMut<'a> {
            fn from(data: &'a mut Data) -> SliceMut<'a> {
                match data { $(Data::$variant(values) => SliceMut::$variant(values)),* }
            }
        }
    };
}
typed!(f32 => F32, f64 => F64, i32 => I32, i64 => I64, u8 => U8, bool => Bool);

/// Whether so many bytes are all 0 or 1.
///
/// # Safety
/// They must be good for reads.
unsafe fn are_truths(start: *const u8, count: usize) -> bool {
    // SAFETY: the caller vouches for the bytes, which are numbers whatever they are.
    let bytes = unsafe { std::slice::from_raw_parts(start, count) };
    bytes.iter().all(|byte| *byte <= 1)
}

impl Slice<'_> {
    /// One of [`Slice::ints`].
    pub(crate) fn int(&self, index: usize) -> Option<i64> {
        match self {
            Slice::I32(values) => values.get(index).map(|value| i64::from(*value)),
            Slice::I64(values) => values.get(index).copied(),
            Slice::F32(_) | Slice::F64(_) | Slice::U8(_) | Slice::Bool(_) => None,
        }
    }

    /// The elements of an integer tensor that may hold sizes; none of one of another type.
    pub(crate) fn ints(&self) -> Vec<i64> {
        match self {
            Slice::I32(values) => values.iter().map(|value| i64::from(*value)).collect(),
            Slice::I64(values) => values.to_vec(),
            Slice::F32(_) | Slice::F64(_) | Slice::U8(_) | Slice::Bool(_) => Vec::new(),
        }
    }
}

/// The operands and results of one run of one kernel.
#[derive(Debug, Default)]
pub(crate) struct Args<'a> {
    inputs: SmallVec<[Option<Slice<'a>>; 8]>,
    outputs: SmallVec<[Option<SliceMut<'a>>; 2]>,
    /// Results of late shape that the kernel has made.
    made: Vec<(usize, Value)>,
}

impl<'a> Args<'a> {
    /// No operand and no result yet.
    pub(crate) fn new() -> Args<'a> {
        Args::default()
    }

    /// Adds the next operand; `None` for one whose value is not needed (a size that is planned in).
    pub(crate) fn push_input(&mut self, slice: Option<Slice<'a>>) {
        self.inputs.push(slice);
    }

    /// Adds the next result.
    pub(crate) fn push_output(&mut self, slice: SliceMut<'a>) {
        self.outputs.push(Some(slice));
    }

    /// Adds a result that goes nowhere, or that the executor makes itself.
    pub(crate) fn skip_output(&mut self) {
        self.outputs.push(None);
    }

    /// Gives a result of late shape: one for which there was no place before its size was known.
    pub(crate) fn give(&mut self, index: usize, value: Value) {
        self.made.push((index, value));
    }

    /// Takes the results that [`Args::give`] was given, each with its index.
    pub(crate) fn take_made(&mut self) -> Vec<(usize, Value)> {
        std::mem::take(&mut self.made)
    }

    /// An operand of whatever type; `None` if its value is not needed.
    pub(crate) fn any_input(&self, index: usize) -> Option<Slice<'a>> {
        self.inputs.get(index).copied().flatten()
    }

    /// Takes a result of whatever type; `None` if it goes nowhere.
    pub(crate) fn any_output(&mut self, index: usize) -> Option<SliceMut<'a>> {
        self.outputs.get_mut(index).and_then(Option::take)
    }

    /// The number of operands.
    pub(crate) fn input_count(&self) -> usize {
        self.inputs.len()
    }

    /// The elements of an operand. The planner sees to it that the type is right.
    pub(crate) fn input<T: Typed>(&self, index: usize) -> &'a [T] {
        let slice = self.inputs.get(index).copied().flatten();
        let values = slice.and_then(T::of);
        debug_assert!(values.is_some(), "operand {index} is {slice:?}");
        values.unwrap_or_default()
    }

    /// Takes the elements of a result, to be written. Each can be taken once.
    pub(crate) fn output<T: Typed>(&mut self, index: usize) -> &'a mut [T] {
        let slice = self.outputs.get_mut(index).and_then(Option::take);
        let values = slice.and_then(T::of_mut);
        debug_assert!(
            values.is_some(),
            "result {index} was taken twice or is not of type {}",
            T::DTYPE
        );
        values.unwrap_or_default()
    }
}
