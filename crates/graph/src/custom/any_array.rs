//! Views of arrays whose element type is known at run time.

use ndarray::{ArrayViewD, ArrayViewMutD};

use crate::element::DType;

macro_rules! any_array {
    ($($variant:ident),*) => {
        impl AnyArray<'_> {
            /// The element type.
            pub fn dtype(&self) -> DType {
                match self { $(AnyArray::$variant(_) => DType::$variant),* }
            }

            /// The sizes.
            pub fn sizes(&self) -> &[usize] {
                match self { $(AnyArray::$variant(view) => view.shape()),* }
            }
        }
    };
}
any_array!(F32, F64, I32, I64, U8, Bool);

/// An array to be read.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each variant is named by its element type")]
pub enum AnyArray<'a> {
    F32(ArrayViewD<'a, f32>),
    F64(ArrayViewD<'a, f64>),
    I32(ArrayViewD<'a, i32>),
    I64(ArrayViewD<'a, i64>),
    U8(ArrayViewD<'a, u8>),
    Bool(ArrayViewD<'a, bool>),
}

/// An array to be written.
#[derive(Debug)]
#[expect(missing_docs, reason = "each variant is named by its element type")]
pub enum AnyArrayMut<'a> {
    F32(ArrayViewMutD<'a, f32>),
    F64(ArrayViewMutD<'a, f64>),
    I32(ArrayViewMutD<'a, i32>),
    I64(ArrayViewMutD<'a, i64>),
    U8(ArrayViewMutD<'a, u8>),
    Bool(ArrayViewMutD<'a, bool>),
}
