//! Sizes given to a function: numbers, tensors, or a mix of both.

use crate::element::{DType, Index};
use crate::graph::Graph;
use crate::handle::{AnyTensor, Tensor};
use crate::mistake::Problem;
use crate::op::{Array, Math};
use crate::shape::{Dim, Shape};
use crate::value::Value;

/// A list of sizes, for `reshape`, `zeros`, `random_normal`, …: numbers as in `[2, 3]`, an integer
/// vector, or a mix as in [`sizes!`](crate::sizes)`[x.size_of(0), 4]`.
#[derive(Clone, Debug)]
pub struct Sizes<'g>(Kind<'g>);

#[derive(Clone, Debug)]
enum Kind<'g> {
    List(Vec<Size<'g>>),
    Vector(AnyTensor<'g>),
}

/// One size: a number or an integer scalar.
#[derive(Clone, Copy, Debug)]
pub enum Size<'g> {
    /// A number; -1 means "what is left" where a function takes it.
    Number(i64),
    /// A scalar of type `i32` or `i64`.
    Tensor(AnyTensor<'g>),
}

impl<'g> Sizes<'g> {
    /// A list of sizes.
    pub fn list(sizes: Vec<Size<'g>>) -> Sizes<'g> {
        Sizes(Kind::List(sizes))
    }

    /// An integer vector of sizes.
    pub fn vector(tensor: AnyTensor<'g>) -> Sizes<'g> {
        Sizes(Kind::Vector(tensor))
    }

    /// The sizes of a tensor, as numbers where they are known while building.
    #[track_caller]
    pub fn like(tensor: AnyTensor<'g>) -> Sizes<'g> {
        match tensor.shape().sizes() {
            Some(sizes) => Sizes::from(sizes),
            None => Sizes::vector(tensor.shape_tensor(DType::I32)),
        }
    }

    /// The sizes, if all are given as numbers that can be sizes.
    pub fn known(&self) -> Option<Vec<usize>> {
        let Kind::List(sizes) = &self.0 else {
            return None;
        };
        sizes
            .iter()
            .map(|size| match size {
                Size::Number(number) => usize::try_from(*number).ok(),
                Size::Tensor(_) => None,
            })
            .collect()
    }

    /// The sizes as an integer vector.
    #[track_caller]
    pub fn into_tensor(self, graph: &'g Graph) -> AnyTensor<'g> {
        let sizes = match self.0 {
            Kind::Vector(tensor) => return tensor,
            Kind::List(sizes) => sizes,
        };
        let numbers: Option<Vec<i64>> = sizes
            .iter()
            .map(|size| match size {
                Size::Number(number) => Some(*number),
                Size::Tensor(_) => None,
            })
            .collect();
        match numbers {
            Some(numbers) => graph.constant_value(integers(&numbers), "shape"),
            None => stack(graph, &sizes),
        }
    }
}

impl<'g> Size<'g> {
    /// The size of an axis, as a number if it is known while building.
    #[track_caller]
    pub fn of_axis(tensor: AnyTensor<'g>, axis: usize) -> Size<'g> {
        match tensor.shape().dim(axis) {
            Some(Dim::Known(size)) => Size::from(size),
            // No tensor has more axes than fit.
            Some(Dim::Unknown(_)) | None => {
                Size::Tensor(tensor.size_of(i64::try_from(axis).unwrap_or(i64::MAX)))
            }
        }
    }

    /// The product of sizes, as a number if all are known.
    #[track_caller]
    pub fn product(sizes: &[Size<'g>], graph: &'g Graph) -> Size<'g> {
        let mut product = Size::Number(1);
        for size in sizes {
            product = product.times(*size, graph);
        }
        product
    }

    /// The product of two sizes, as a number if both are known.
    #[track_caller]
    pub fn times(self, other: Size<'g>, graph: &'g Graph) -> Size<'g> {
        match (self, other) {
            (Size::Number(1), other) | (other, Size::Number(1)) => other,
            (Size::Number(a), Size::Number(b)) => Size::Number(a.saturating_mul(b)),
            (a, b) => Size::from(a.into_i32(graph) * b.into_i32(graph)),
        }
    }

    /// The size as an `i32` scalar.
    #[track_caller]
    pub(crate) fn into_i32(self, graph: &'g Graph) -> Tensor<'g, i32> {
        Tensor::assume(self.into_tensor(graph).cast(DType::I32))
    }

    /// The size as an integer scalar.
    #[track_caller]
    pub fn into_tensor(self, graph: &'g Graph) -> AnyTensor<'g> {
        let number = match self {
            Size::Tensor(tensor) => return tensor,
            Size::Number(number) => number,
        };
        let value = i32::try_from(number).map_or(Value::scalar(number), Value::scalar);
        graph.constant_value(value, "Const")
    }
}

/// The numbers as an `i32` vector as TensorFlow makes one, or as `i64` where they do not fit.
fn integers(numbers: &[i64]) -> Value {
    let narrow: Result<Vec<i32>, _> = numbers.iter().map(|n| i32::try_from(*n)).collect();
    match narrow {
        Ok(narrow) => Value::vector(narrow),
        Err(_) => Value::vector(numbers.to_vec()),
    }
}

/// Numbers and scalars stacked to a vector, `i64` if any scalar is.
#[track_caller]
fn stack<'g>(graph: &'g Graph, sizes: &[Size<'g>]) -> AnyTensor<'g> {
    let _here = graph.here();
    let wide = sizes
        .iter()
        .any(|size| matches!(size, Size::Tensor(tensor) if tensor.dtype() == DType::I64));
    let to = if wide { DType::I64 } else { DType::I32 };
    let scalars: Vec<AnyTensor<'g>> = sizes
        .iter()
        .map(|size| match size {
            Size::Tensor(tensor) if tensor.dtype() == to => *tensor,
            Size::Tensor(tensor) => graph.add_tensor(Math::Cast { to }, &[*tensor], "Cast"),
            Size::Number(number) if wide => graph.constant_value(Value::scalar(*number), "Const"),
            Size::Number(number) => match i32::try_from(*number) {
                Ok(number) => graph.constant_value(Value::scalar(number), "Const"),
                Err(_) => {
                    let problem = Problem::argument(format!("size {number} does not fit in i32"))
                        .help("give the other sizes as i64 tensors");
                    let id = graph.add_wrong(Array::Identity, &[], "size", problem);
                    AnyTensor::new(graph, crate::ids::TensorId::new(id, 0))
                }
            },
        })
        .collect();
    graph.add_tensor(Array::Stack { axis: 0 }, &scalars, "packed")
}

macro_rules! from_numbers {
    ($($number:ty),*) => {$(
        impl<const N: usize> From<[$number; N]> for Sizes<'_> {
            fn from(sizes: [$number; N]) -> Self {
                Sizes::from(sizes.as_slice())
            }
        }

        impl From<Vec<$number>> for Sizes<'_> {
            fn from(sizes: Vec<$number>) -> Self {
                Sizes::from(sizes.as_slice())
            }
        }

        impl From<&[$number]> for Sizes<'_> {
            fn from(sizes: &[$number]) -> Self {
                Sizes::list(sizes.iter().map(|size| Size::from(*size)).collect())
            }
        }

        impl From<$number> for Size<'_> {
            fn from(size: $number) -> Self {
                // No size of an array is beyond `i64`; the rule refuses what is.
                Size::Number(i64::try_from(size).unwrap_or(i64::MAX))
            }
        }
    )*};
}
from_numbers!(i32, i64, usize);

impl From<()> for Sizes<'_> {
    fn from((): ()) -> Self {
        Sizes::list(Vec::new())
    }
}

impl<'g, T: Index> From<Tensor<'g, T>> for Sizes<'g> {
    fn from(tensor: Tensor<'g, T>) -> Sizes<'g> {
        Sizes::vector(tensor.any())
    }
}

impl<'g, T: Index> From<Tensor<'g, T>> for Size<'g> {
    fn from(tensor: Tensor<'g, T>) -> Size<'g> {
        Size::Tensor(tensor.any())
    }
}

impl<'g> From<Vec<Size<'g>>> for Sizes<'g> {
    fn from(sizes: Vec<Size<'g>>) -> Sizes<'g> {
        Sizes::list(sizes)
    }
}

impl<'g, const N: usize> From<[Size<'g>; N]> for Sizes<'g> {
    fn from(sizes: [Size<'g>; N]) -> Sizes<'g> {
        Sizes::list(sizes.to_vec())
    }
}

/// A static shape; unknown sizes become -1, of which a function may take one.
impl From<&Shape> for Sizes<'_> {
    fn from(shape: &Shape) -> Self {
        let number = |dim: &Dim| dim.known().map_or(Size::Number(-1), Size::from);
        Sizes::list(shape.dims().iter().map(number).collect())
    }
}

impl From<Shape> for Sizes<'_> {
    fn from(shape: Shape) -> Self {
        Sizes::from(&shape)
    }
}

/// A list of [`Sizes`] that mixes numbers and integer scalars.
///
/// ```
/// use aqueduct_graph::{Graph, shape, sizes};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, 28]);
/// let state = g.zeros::<f32>(sizes![x.size_of(0), 128]);
/// assert_eq!(state.shape().to_string(), "[?, 128]");
/// // The unknown size is known to be that of `x`.
/// assert_eq!(state.shape().dim(0), x.shape().dim(0));
/// // No sizes: a scalar.
/// assert_eq!(g.zeros::<f32>(sizes![]).shape().rank(), 0);
/// ```
#[macro_export]
macro_rules! sizes {
    () => { $crate::Sizes::list(::std::vec::Vec::new()) };
    ($($size:expr),+ $(,)?) => { [$($crate::Size::from($size)),+] };
}
