//! Values: the elements of a tensor with their shape, typed at run time.

use std::fmt;

use ndarray::{ArrayBase, ArrayD, IxDyn};
use serde::{Deserialize, Serialize};

use crate::element::{DType, Element};
use crate::shown;

/// The elements of a [`Value`], row by row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each variant is named by its element type")]
pub enum Data {
    F32(Vec<f32>),
    F64(Vec<f64>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    U8(Vec<u8>),
    Bool(Vec<bool>),
}

/// Runs one expression for whichever element type a [`Data`] holds.
#[macro_export]
#[doc(hidden)]
macro_rules! each_data {
    ($data:expr, $values:ident => $body:expr) => {
        match $data {
            $crate::ir::Data::F32($values) => $body,
            $crate::ir::Data::F64($values) => $body,
            $crate::ir::Data::I32($values) => $body,
            $crate::ir::Data::I64($values) => $body,
            $crate::ir::Data::U8($values) => $body,
            $crate::ir::Data::Bool($values) => $body,
        }
    };
}

impl Data {
    /// The element type.
    pub const fn dtype(&self) -> DType {
        match self {
            Data::F32(_) => DType::F32,
            Data::F64(_) => DType::F64,
            Data::I32(_) => DType::I32,
            Data::I64(_) => DType::I64,
            Data::U8(_) => DType::U8,
            Data::Bool(_) => DType::Bool,
        }
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        each_data!(self, values => values.len())
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `count` elements of zero (or `false`), or `None` if so many do not fit in memory.
    pub fn try_zeros(dtype: DType, count: usize) -> Option<Data> {
        fn zeros<T: Element>(count: usize) -> Option<Data> {
            let mut values = Vec::new();
            values.try_reserve_exact(count).ok()?;
            values.resize(count, T::default());
            Some(T::into_data(values))
        }
        match dtype {
            DType::F32 => zeros::<f32>(count),
            DType::F64 => zeros::<f64>(count),
            DType::I32 => zeros::<i32>(count),
            DType::I64 => zeros::<i64>(count),
            DType::U8 => zeros::<u8>(count),
            DType::Bool => zeros::<bool>(count),
        }
    }
}

/// An array whose element type is known at run time: what constants, variables and
/// untyped fetches hold.
///
/// ```
/// use aqueduct_graph::Value;
/// use ndarray::arr2;
///
/// let value = Value::from(arr2(&[[1.0_f32, 2.0], [3.0, 4.0]]));
/// assert_eq!(value.shape(), [2, 2]);
/// assert_eq!(value.as_slice::<f32>(), Some(&[1.0, 2.0, 3.0, 4.0][..]));
/// assert_eq!(value.as_slice::<i32>(), None);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Value {
    shape: Vec<usize>,
    data: Data,
}

/// A value as it is read: the shape may not fit.
#[derive(Deserialize)]
struct Unchecked {
    shape: Vec<usize>,
    data: Data,
}

impl TryFrom<Unchecked> for Value {
    type Error = String;

    fn try_from(Unchecked { shape, data }: Unchecked) -> Result<Value, String> {
        let count = data.len();
        let unfit = format!(
            "a value has {count} elements and the shape {}",
            shown::shape(&shape)
        );
        Value::new(shape, data).ok_or(unfit)
    }
}

impl Value {
    /// A value of this shape, or `None` if `data` has another number of elements.
    pub fn new(shape: Vec<usize>, data: Data) -> Option<Value> {
        let elements = shape
            .iter()
            .try_fold(1_usize, |n, size| n.checked_mul(*size))?;
        (elements == data.len()).then_some(Value { shape, data })
    }

    /// A value of rank 0.
    pub fn scalar<T: Element>(value: T) -> Value {
        Value {
            shape: Vec::new(),
            data: T::into_data(vec![value]),
        }
    }

    /// A value of rank 1.
    pub fn vector<T: Element>(values: Vec<T>) -> Value {
        Value {
            shape: vec![values.len()],
            data: T::into_data(values),
        }
    }

    /// Zeros (or `false`) of this shape, or `None` if so many do not fit in memory.
    pub fn zeros(dtype: DType, shape: &[usize]) -> Option<Value> {
        let elements = shape
            .iter()
            .try_fold(1_usize, |n, size| n.checked_mul(*size))?;
        Value::new(shape.to_vec(), Data::try_zeros(dtype, elements)?)
    }

    /// The sizes of the dimensions.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.data.dtype()
    }

    /// The elements, row by row.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The elements, writable.
    pub fn data_mut(&mut self) -> &mut Data {
        &mut self.data
    }

    /// The elements, taken out.
    pub fn into_data(self) -> Data {
        self.data
    }

    /// The elements, if they are of type `T`.
    pub fn as_slice<T: Element>(&self) -> Option<&[T]> {
        T::slice(&self.data)
    }

    /// The value as an array of `ndarray`, or the value itself if it is of another type.
    pub fn into_array<T: Element>(self) -> Result<ArrayD<T>, Value> {
        let Value { shape, data } = self;
        let values = match T::from_data(data) {
            Ok(values) => values,
            Err(data) => return Err(Value { shape, data }),
        };
        // The number of elements was checked when the value was made.
        ArrayD::from_shape_vec(IxDyn(&shape), values).map_err(|_| Value {
            shape,
            data: T::into_data(Vec::new()),
        })
    }
}

/// A copy of the elements. Where there is no memory for it the process ends, as everywhere that Rust's
/// collections grow; an array that is fed by reference is not copied, or is refused.
impl<T, S, D> From<ArrayBase<S, D>> for Value
where
    T: Element,
    S: ndarray::Data<Elem = T>,
    D: ndarray::Dimension,
{
    fn from(array: ArrayBase<S, D>) -> Value {
        Value {
            shape: array.shape().to_vec(),
            data: T::into_data(array.iter().copied().collect()),
        }
    }
}

/// Prints the elements as `ndarray` does.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        each_data!(&self.data, values => {
            match ndarray::ArrayViewD::from_shape(IxDyn(&self.shape), values) {
                Ok(view) => fmt::Display::fmt(&view, f),
                Err(_) => fmt::Debug::fmt(values, f),
            }
        })
    }
}
