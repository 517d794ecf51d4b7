//! Element types: what a tensor may hold.

use std::fmt;

use ndarray::{ArrayViewD, ArrayViewMutD};
use serde::{Deserialize, Serialize};

use crate::custom::{AnyArray, AnyArrayMut};
use crate::value::Data;

/// The element type of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DType {
    /// 32-bit floating point, TensorFlow's `float32`.
    F32,
    /// 64-bit floating point, TensorFlow's `float64`.
    F64,
    /// 32-bit signed integer.
    I32,
    /// 64-bit signed integer.
    I64,
    /// 8-bit unsigned integer.
    U8,
    /// Truth value.
    Bool,
}

impl DType {
    /// Every element type, in the order of declaration.
    pub const ALL: [DType; 6] = [
        DType::F32,
        DType::F64,
        DType::I32,
        DType::I64,
        DType::U8,
        DType::Bool,
    ];

    /// TensorFlow's name: `float32`, `int64`, `bool`, …
    pub const fn tf_name(self) -> &'static str {
        match self {
            DType::F32 => "float32",
            DType::F64 => "float64",
            DType::I32 => "int32",
            DType::I64 => "int64",
            DType::U8 => "uint8",
            DType::Bool => "bool",
        }
    }

    /// Rust's name: `f32`, `i64`, `bool`, …
    pub const fn rust_name(self) -> &'static str {
        match self {
            DType::F32 => "f32",
            DType::F64 => "f64",
            DType::I32 => "i32",
            DType::I64 => "i64",
            DType::U8 => "u8",
            DType::Bool => "bool",
        }
    }

    /// Bytes of one element.
    pub const fn width(self) -> usize {
        match self {
            DType::F32 | DType::I32 => 4,
            DType::F64 | DType::I64 => 8,
            DType::U8 | DType::Bool => 1,
        }
    }

    /// Whether this is `f32` or `f64`: the types that gradients flow through.
    pub const fn is_float(self) -> bool {
        matches!(self, DType::F32 | DType::F64)
    }

    /// Whether this is `i32`, `i64` or `u8`.
    pub const fn is_integer(self) -> bool {
        matches!(self, DType::I32 | DType::I64 | DType::U8)
    }

    /// Whether arithmetic is defined: everything but `bool`.
    pub const fn is_number(self) -> bool {
        !matches!(self, DType::Bool)
    }
}

/// Prints Rust's name of the type, as diagnostics do.
impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.rust_name())
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A Rust type that a tensor may hold. Sealed: the six of [`DType`] are all there are.
pub trait Element:
    sealed::Sealed + Copy + fmt::Debug + fmt::Display + Default + PartialEq + Send + Sync + 'static
{
    /// The type's run-time name.
    const DTYPE: DType;

    /// Wraps a vector in its run-time typed form.
    fn into_data(values: Vec<Self>) -> Data;

    /// The elements, if `data` is of this type.
    fn slice(data: &Data) -> Option<&[Self]>;

    /// The elements, writable, if `data` is of this type.
    fn slice_mut(data: &mut Data) -> Option<&mut [Self]>;

    /// Takes the vector out, or gives `data` back if it is of another type.
    fn from_data(data: Data) -> Result<Vec<Self>, Data>;

    /// The array, if it is of this type.
    fn view<'a>(array: &AnyArray<'a>) -> Option<ArrayViewD<'a, Self>>;

    /// The array to be written, if it is of this type.
    fn view_mut(array: AnyArrayMut<'_>) -> Option<ArrayViewMutD<'_, Self>>;
}

/// An element type with arithmetic: all but `bool`.
pub trait Number:
    Element
    + PartialOrd
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
{
    /// The nearest value of this type; integers truncate towards zero and saturate.
    fn from_f64(value: f64) -> Self;

    /// The value as `f64` (large `i64` round).
    fn to_f64(self) -> f64;
}

/// A number that may be negative: all but `u8`.
pub trait Signed: Number + std::ops::Neg<Output = Self> {}

/// `f32` or `f64`.
pub trait Float: Signed {}

/// `i32` or `i64`: the types of indices and of sizes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no type of indices, lengths or sizes",
    note = "`i32` and `i64` are: give the placeholder that type, or change it by `tensor.cast::<i32>()`"
)]
pub trait Index: Number {
    /// The value as `i64`.
    fn to_i64(self) -> i64;
}

macro_rules! element {
    ($($type:ty => $variant:ident),*) => {$(
        impl sealed::Sealed for $type {}
        impl Element for $type {
            const DTYPE: DType = DType::$variant;

            fn into_data(values: Vec<Self>) -> Data {
                Data::$variant(values)
            }
            fn slice(data: &Data) -> Option<&[Self]> {
                if let Data::$variant(values) = data { Some(values) } else { None }
            }
            fn slice_mut(data: &mut Data) -> Option<&mut [Self]> {
                if let Data::$variant(values) = data { Some(values) } else { None }
            }
            fn from_data(data: Data) -> Result<Vec<Self>, Data> {
                if let Data::$variant(values) = data { Ok(values) } else { Err(data) }
            }
            fn view<'a>(array: &AnyArray<'a>) -> Option<ArrayViewD<'a, Self>> {
                if let AnyArray::$variant(view) = array { Some(view.clone()) } else { None }
            }
            fn view_mut(array: AnyArrayMut<'_>) -> Option<ArrayViewMutD<'_, Self>> {
                if let AnyArrayMut::$variant(view) = array { Some(view) } else { None }
            }
        }
    )*};
}
element!(f32 => F32, f64 => F64, i32 => I32, i64 => I64, u8 => U8, bool => Bool);

macro_rules! number {
    ($($type:ty),*) => {$(
        impl Number for $type {
            fn from_f64(value: f64) -> Self {
                value as $type
            }
            fn to_f64(self) -> f64 {
                self as f64
            }
        }
    )*};
}
number!(f32, f64, i32, i64, u8);

impl Signed for f32 {}
impl Signed for f64 {}
impl Signed for i32 {}
impl Signed for i64 {}

impl Float for f32 {}
impl Float for f64 {}

impl Index for i32 {
    fn to_i64(self) -> i64 {
        i64::from(self)
    }
}
impl Index for i64 {
    fn to_i64(self) -> i64 {
        self
    }
}
