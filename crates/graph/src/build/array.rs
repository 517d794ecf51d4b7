//! Builders of family `array`.

use std::sync::Arc;

use crate::build::axes::resolve_axis;
use crate::build::{Axes, SliceArgs};
use crate::element::{DType, Element, Index, Number};
use crate::graph::Graph;
use crate::handle::{AnyTensor, Operand, Tensor};
use crate::ids::{NodeId, TensorId};
use crate::initializer::{self, scalar_of};
use crate::op::{Array, SliceSpec};
use crate::shape::Dim;
use crate::sizes::Sizes;
use crate::value::Value;

impl Graph {
    /// A value fixed while building: a number, or an array of `ndarray`. TensorFlow's `constant`.
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    /// use ndarray::arr2;
    ///
    /// let g = Graph::new();
    /// let half = g.constant(0.5_f32);
    /// let table = g.constant(arr2(&[[1_i64, 2], [3, 4]]));
    /// assert_eq!(table.shape().to_string(), "[2, 2]");
    /// # let _ = half;
    /// ```
    #[track_caller]
    pub fn constant<T: Element>(&self, value: impl Constant<T>) -> Tensor<'_, T> {
        Tensor::assume(self.constant_value(value.into_value(), "Const"))
    }

    /// A constant whose element type is known at run time.
    #[track_caller]
    pub fn constant_value(&self, value: Value, name: &str) -> AnyTensor<'_> {
        self.add_tensor(Array::Constant(Arc::new(value)), &[], name)
    }

    /// Zeros (or `false`). TensorFlow's `zeros`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape, sizes};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 28]);
    /// let state = g.zeros::<f32>(sizes![x.size_of(0), 4]);
    /// assert_eq!(state.shape().to_string(), "[?, 4]");
    /// ```
    #[track_caller]
    pub fn zeros<'g, T: Element>(&'g self, sizes: impl Into<Sizes<'g>>) -> Tensor<'g, T> {
        initializer::zeros(sizes).tensor(self)
    }

    /// Ones (or `true`). TensorFlow's `ones`.
    #[track_caller]
    pub fn ones<'g, T: Element>(&'g self, sizes: impl Into<Sizes<'g>>) -> Tensor<'g, T> {
        initializer::ones(sizes).tensor(self)
    }

    /// One value everywhere. TensorFlow's `fill`.
    #[track_caller]
    pub fn fill<'g, T: Element>(
        &'g self,
        sizes: impl Into<Sizes<'g>>,
        value: impl Operand<'g, T>,
    ) -> Tensor<'g, T> {
        let shape = sizes.into().into_tensor(self);
        let value = value.into_tensor(self).any();
        Tensor::assume(self.add_tensor(Array::Fill, &[shape, value], "Fill"))
    }

    /// Tensors of one shape side by side along a new axis. TensorFlow's `stack`.
    #[track_caller]
    pub fn stack<'g, T: Element>(&'g self, tensors: &[Tensor<'g, T>], axis: i64) -> Tensor<'g, T> {
        let tensors: Vec<AnyTensor<'g>> = tensors.iter().map(|tensor| tensor.any()).collect();
        Tensor::assume(self.stack_any(&tensors, axis))
    }

    /// [`Graph::stack`] of tensors whose element type is known at run time.
    #[track_caller]
    pub fn stack_any<'g>(&'g self, tensors: &[AnyTensor<'g>], axis: i64) -> AnyTensor<'g> {
        let rank = tensors.first().map_or(0, |first| first.shape().rank());
        self.with_axis(axis, rank + 1, tensors, "stack", |axis| Array::Stack {
            axis,
        })
    }

    /// Tensors one after the other along an axis. TensorFlow's `concat`.
    #[track_caller]
    pub fn concat<'g, T: Element>(&'g self, tensors: &[Tensor<'g, T>], axis: i64) -> Tensor<'g, T> {
        let tensors: Vec<AnyTensor<'g>> = tensors.iter().map(|tensor| tensor.any()).collect();
        Tensor::assume(self.concat_any(&tensors, axis))
    }

    /// [`Graph::concat`] of tensors whose element type is known at run time.
    #[track_caller]
    pub fn concat_any<'g>(&'g self, tensors: &[AnyTensor<'g>], axis: i64) -> AnyTensor<'g> {
        let rank = tensors.first().map_or(0, |first| first.shape().rank());
        self.with_axis(axis, rank, tensors, "concat", |axis| Array::Concat { axis })
    }

    /// Adds an op whose axis counts from either end, or the same op poisoned where the axis is out
    /// of range.
    #[track_caller]
    pub(super) fn with_axis<'g>(
        &'g self,
        axis: i64,
        rank: usize,
        inputs: &[AnyTensor<'g>],
        name: &str,
        op: impl Fn(usize) -> Array,
    ) -> AnyTensor<'g> {
        AnyTensor::new(
            self,
            TensorId::new(self.with_axis_node(axis, rank, inputs, name, op), 0),
        )
    }

    #[track_caller]
    fn with_axis_node<'g>(
        &'g self,
        axis: i64,
        rank: usize,
        inputs: &[AnyTensor<'g>],
        name: &str,
        op: impl Fn(usize) -> Array,
    ) -> NodeId {
        self.add_of_axes(resolve_axis(axis, rank), inputs, name, op)
    }
}

/// What can be a constant of elements `T`: a number, a [`Value`]-like array, a vector.
pub trait Constant<T: Element> {
    /// The value.
    fn into_value(self) -> Value;
}

impl<T: Element> Constant<T> for T {
    fn into_value(self) -> Value {
        Value::scalar(self)
    }
}

impl<T: Element> Constant<T> for Vec<T> {
    fn into_value(self) -> Value {
        Value::vector(self)
    }
}

impl<T: Element> Constant<T> for &[T] {
    fn into_value(self) -> Value {
        Value::vector(self.to_vec())
    }
}

impl<T: Element, const N: usize> Constant<T> for [T; N] {
    fn into_value(self) -> Value {
        Value::vector(self.to_vec())
    }
}

impl<T: Element, const N: usize, const M: usize> Constant<T> for [[T; M]; N] {
    fn into_value(self) -> Value {
        Value::from(ndarray::arr2(&self))
    }
}

impl<T: Element, const L: usize, const N: usize, const M: usize> Constant<T> for [[[T; M]; N]; L] {
    fn into_value(self) -> Value {
        Value::from(ndarray::arr3(&self))
    }
}

impl<T: Element, const K: usize, const L: usize, const N: usize, const M: usize> Constant<T>
    for [[[[T; M]; N]; L]; K]
{
    fn into_value(self) -> Value {
        let sizes = (K, L, N, M);
        let element = |(k, l, n, m): (usize, usize, usize, usize)| self[k][l][n][m];
        Value::from(ndarray::Array4::from_shape_fn(sizes, element))
    }
}

impl<T, S, D> Constant<T> for ndarray::ArrayBase<S, D>
where
    T: Element,
    S: ndarray::Data<Elem = T>,
    D: ndarray::Dimension,
{
    fn into_value(self) -> Value {
        Value::from(self)
    }
}

impl<'g> AnyTensor<'g> {
    /// The same value, as an operation of its own. TensorFlow's `identity`.
    #[track_caller]
    pub fn identity(self) -> AnyTensor<'g> {
        self.graph()
            .add_tensor(Array::Identity, &[self], "Identity")
    }

    /// The same value, through which no gradient flows.
    #[track_caller]
    pub fn stop_gradient(self) -> AnyTensor<'g> {
        self.graph()
            .add_tensor(Array::StopGradient, &[self], "StopGradient")
    }

    /// The sizes in a run, as an `i32` or `i64` vector.
    #[track_caller]
    pub fn shape_tensor(self, out_type: DType) -> AnyTensor<'g> {
        self.graph()
            .add_tensor(Array::Shape { out_type }, &[self], "Shape")
    }

    /// The number of elements in a run, as an `i32` or `i64` scalar.
    #[track_caller]
    pub fn size(self, out_type: DType) -> AnyTensor<'g> {
        self.graph()
            .add_tensor(Array::Size { out_type }, &[self], "Size")
    }

    /// The rank, as an `i32` constant.
    #[track_caller]
    pub fn rank_tensor(self) -> AnyTensor<'g> {
        if self.is_poisoned() {
            // Its rank means nothing, and what is built of it must be poisoned too.
            return self.size(DType::I32);
        }
        let rank = i32::try_from(self.shape().rank()).unwrap_or(i32::MAX);
        self.graph().constant_value(Value::scalar(rank), "Rank")
    }

    /// The size of one axis in a run, as an `i32` scalar.
    #[track_caller]
    pub fn size_of(self, axis: i64) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let shape = self.shape_tensor(DType::I32);
        match resolve_axis(axis, self.shape().rank()) {
            Ok(axis) => shape.slice(axis.into_spec()),
            Err(_) if self.is_poisoned() => shape.slice(axis.into_spec()),
            Err(problem) => {
                let op = Array::Slice(axis.into_spec());
                let id = graph.add_wrong(op, &[shape], "strided_slice", problem);
                AnyTensor::new(graph, TensorId::new(id, 0))
            }
        }
    }

    /// The same elements in another shape; one size may be -1, which is worked out.
    #[track_caller]
    pub fn reshape(self, sizes: impl Into<Sizes<'g>>) -> AnyTensor<'g> {
        let shape = sizes.into().into_tensor(self.graph());
        self.graph()
            .add_tensor(Array::Reshape, &[self, shape], "Reshape")
    }

    /// The tensor repeated to a shape that it broadcasts to.
    #[track_caller]
    pub fn broadcast_to(self, sizes: impl Into<Sizes<'g>>) -> AnyTensor<'g> {
        let shape = sizes.into().into_tensor(self.graph());
        self.graph()
            .add_tensor(Array::BroadcastTo, &[self, shape], "BroadcastTo")
    }

    /// A new axis of size 1 at this place of the result; negative places count from its end.
    #[track_caller]
    pub fn expand_dims(self, axis: i64) -> AnyTensor<'g> {
        let rank = self.shape().rank() + 1;
        self.graph()
            .with_axis(axis, rank, &[self], "ExpandDims", |axis| {
                Array::ExpandDims { axis }
            })
    }

    /// Without these axes, which must have size 1; for `..`, without those known to have it.
    #[track_caller]
    pub fn squeeze(self, axes: impl Into<Axes>) -> AnyTensor<'g> {
        let shape = self.shape();
        let axes = match axes.into() {
            Axes::All => {
                let dims = shape.dims().iter().enumerate();
                let ones = dims.filter(|(_, dim)| **dim == Dim::Known(1));
                Ok(ones.map(|(axis, _)| axis).collect())
            }
            axes @ Axes::These(_) => axes.resolve(shape.rank()),
        };
        let op = |axes| Array::Squeeze { axes };
        let id = self.graph().add_of_axes(axes, &[self], "Squeeze", op);
        AnyTensor::new(self.graph(), TensorId::new(id, 0))
    }

    /// The axes in another order: axis `i` of the result is axis `perm[i]`.
    #[track_caller]
    pub fn transpose(self, perm: Vec<usize>) -> AnyTensor<'g> {
        self.graph()
            .add_tensor(Array::Transpose { perm }, &[self], "transpose")
    }

    /// A part of each axis.
    #[track_caller]
    pub fn slice(self, spec: SliceSpec) -> AnyTensor<'g> {
        self.graph()
            .add_tensor(Array::Slice(spec), &[self], "strided_slice")
    }

    /// Zeros of shape `sizes` with this tensor at the place that the slice takes.
    #[track_caller]
    pub fn slice_grad(self, spec: SliceSpec, sizes: impl Into<Sizes<'g>>) -> AnyTensor<'g> {
        let shape = sizes.into().into_tensor(self.graph());
        self.graph()
            .add_tensor(Array::SliceGrad(spec), &[self, shape], "StridedSliceGrad")
    }

    /// The `count` slices along an axis, without that axis.
    #[track_caller]
    pub fn unstack(self, count: usize, axis: i64) -> Vec<AnyTensor<'g>> {
        let rank = self.shape().rank();
        let id = self
            .graph()
            .with_axis_node(axis, rank, &[self], "unstack", |axis| Array::Unstack {
                axis,
                count,
            });
        crate::handle::Operation::new(self.graph(), id).outputs()
    }

    /// The tensor cut along an axis into `count` pieces: equal ones, or of the given sizes.
    #[track_caller]
    pub fn split(self, count: usize, sizes: Option<Vec<usize>>, axis: i64) -> Vec<AnyTensor<'g>> {
        let rank = self.shape().rank();
        let id = self
            .graph()
            .with_axis_node(axis, rank, &[self], "split", |axis| Array::Split {
                axis,
                count,
                sizes: sizes.clone(),
            });
        crate::handle::Operation::new(self.graph(), id).outputs()
    }

    /// Slices along an axis, in the order of the indices.
    #[track_caller]
    pub fn gather(self, indices: AnyTensor<'g>, axis: i64) -> AnyTensor<'g> {
        let rank = self.shape().rank();
        self.graph()
            .with_axis(axis, rank, &[self, indices], "Gather", |axis| {
                Array::Gather { axis }
            })
    }

    /// Zeros of this tensor's shape and type.
    #[track_caller]
    pub fn zeros_like(self) -> AnyTensor<'g> {
        self.filled_like(0.0, "zeros_like")
    }

    /// Ones of this tensor's shape and type.
    #[track_caller]
    pub fn ones_like(self) -> AnyTensor<'g> {
        self.filled_like(1.0, "ones_like")
    }

    #[track_caller]
    fn filled_like(self, number: f64, name: &str) -> AnyTensor<'g> {
        let graph = self.graph();
        let shape = self.shape_tensor(DType::I32);
        let value = graph.constant_value(scalar_of(self.dtype(), number), "Const");
        graph.add_tensor(Array::Fill, &[shape, value], name)
    }
}

/// Reshaping and picking apart.
impl<'g, T: Element> Tensor<'g, T> {
    /// The same value, as an operation of its own. TensorFlow's `identity`.
    #[track_caller]
    pub fn identity(self) -> Tensor<'g, T> {
        Tensor::assume(self.any().identity())
    }

    /// The same value, through which no gradient flows. TensorFlow's `stop_gradient`.
    #[track_caller]
    pub fn stop_gradient(self) -> Tensor<'g, T> {
        Tensor::assume(self.any().stop_gradient())
    }

    /// The sizes in a run, as an `i32` vector. TensorFlow's `shape`. Its use needs the tensor's
    /// shape only, never its elements.
    ///
    /// The static shape, as far as it is known while building, is [`Tensor::shape`].
    #[track_caller]
    pub fn shape_tensor(self) -> Tensor<'g, i32> {
        Tensor::assume(self.any().shape_tensor(DType::I32))
    }

    /// The rank, as a constant. TensorFlow's `rank`.
    #[track_caller]
    pub fn rank_tensor(self) -> Tensor<'g, i32> {
        Tensor::assume(self.any().rank_tensor())
    }

    /// The size of one axis in a run, as a scalar: TensorFlow's `shape(x)[axis]`.
    #[track_caller]
    pub fn size_of(self, axis: i64) -> Tensor<'g, i32> {
        Tensor::assume(self.any().size_of(axis))
    }

    /// The number of elements in a run, as a scalar. TensorFlow's `size`.
    #[track_caller]
    pub fn size(self) -> Tensor<'g, i32> {
        Tensor::assume(self.any().size(DType::I32))
    }

    /// The same elements in another shape; one size may be -1, which is worked out. TensorFlow's
    /// `reshape`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 28, 28]);
    /// assert_eq!(x.reshape([-1, 784]).shape().to_string(), "[?, 784]");
    /// ```
    #[track_caller]
    pub fn reshape(self, sizes: impl Into<Sizes<'g>>) -> Tensor<'g, T> {
        Tensor::assume(self.any().reshape(sizes))
    }

    /// The tensor repeated to a shape that it broadcasts to. TensorFlow's `broadcast_to`.
    #[track_caller]
    pub fn broadcast_to(self, sizes: impl Into<Sizes<'g>>) -> Tensor<'g, T> {
        Tensor::assume(self.any().broadcast_to(sizes))
    }

    /// A new axis of size 1 at this place of the result; negative places count from its end.
    /// TensorFlow's `expand_dims`.
    #[track_caller]
    pub fn expand_dims(self, axis: i64) -> Tensor<'g, T> {
        Tensor::assume(self.any().expand_dims(axis))
    }

    /// Without these axes, which must have size 1; negative axes count from the end. For `..`,
    /// without those whose size is known to be 1 while building: the rank must be known, so a size
    /// that turns out to be 1 in a run stays. TensorFlow's `squeeze`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 1, 3, 1]);
    /// assert_eq!(x.squeeze(-1).shape().to_string(), "[?, 1, 3]");
    /// assert_eq!(x.squeeze([1, 3]).shape().to_string(), "[?, 3]");
    /// assert_eq!(x.squeeze(..).shape().to_string(), "[?, 3]");
    /// ```
    #[track_caller]
    pub fn squeeze(self, axes: impl Into<Axes>) -> Tensor<'g, T> {
        Tensor::assume(self.any().squeeze(axes))
    }

    /// The axes in another order: axis `i` of the result is axis `perm[i]`. TensorFlow's
    /// `transpose`.
    #[track_caller]
    pub fn transpose(self, perm: impl Into<Vec<usize>>) -> Tensor<'g, T> {
        Tensor::assume(self.any().transpose(perm.into()))
    }

    /// A part of each axis, by Rust ranges and positions; negative positions count from the end.
    /// Python's `x[...]`, TensorFlow's `strided_slice`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 10, 3]);
    /// assert_eq!(x.slice((.., 4)).shape().to_string(), "[?, 3]");
    /// assert_eq!(x.slice((.., -3.., 0)).shape().to_string(), "[?, 3]");
    /// assert_eq!(x.slice((0, 2..=5)).shape().to_string(), "[4, 3]");
    /// ```
    #[track_caller]
    pub fn slice(self, bounds: impl SliceArgs) -> Tensor<'g, T> {
        Tensor::assume(self.any().slice(bounds.into_spec()))
    }

    /// The `count` slices along an axis, without that axis. Always `count` tensors (but at most 2²⁰),
    /// poisoned if the axis has another size. TensorFlow's `unstack`.
    #[track_caller]
    pub fn unstack(self, count: usize, axis: i64) -> Vec<Tensor<'g, T>> {
        let pieces = self.any().unstack(count, axis);
        pieces.into_iter().map(Tensor::assume).collect()
    }

    /// The tensor cut along an axis into `count` equal pieces. Always `count` tensors (but at most
    /// 2²⁰), poisoned if the axis cannot be cut so. TensorFlow's `split`.
    #[track_caller]
    pub fn split(self, count: usize, axis: i64) -> Vec<Tensor<'g, T>> {
        let pieces = self.any().split(count, None, axis);
        pieces.into_iter().map(Tensor::assume).collect()
    }

    /// The tensor cut along an axis into pieces of these sizes. TensorFlow's `split` with a list.
    #[track_caller]
    pub fn split_sizes(self, sizes: &[usize], axis: i64) -> Vec<Tensor<'g, T>> {
        let pieces = self.any().split(sizes.len(), Some(sizes.to_vec()), axis);
        pieces.into_iter().map(Tensor::assume).collect()
    }

    /// Slices along axis 0, in the order of the indices. An index out of range is an error of the
    /// run. TensorFlow's `gather`.
    #[track_caller]
    pub fn gather<I: Index>(self, indices: impl Operand<'g, I>) -> Tensor<'g, T> {
        self.gather_along(indices, 0)
    }

    /// Slices along an axis, in the order of the indices. TensorFlow's `gather` with `axis`.
    #[track_caller]
    pub fn gather_along<I: Index>(self, indices: impl Operand<'g, I>, axis: i64) -> Tensor<'g, T> {
        let indices = indices.into_tensor(self.graph()).any();
        Tensor::assume(self.any().gather(indices, axis))
    }

    /// Zeros of this tensor's shape and type. TensorFlow's `zeros_like`.
    #[track_caller]
    pub fn zeros_like(self) -> Tensor<'g, T> {
        Tensor::assume(self.any().zeros_like())
    }

    /// Ones of this tensor's shape and type. TensorFlow's `ones_like`.
    #[track_caller]
    pub fn ones_like(self) -> Tensor<'g, T> {
        Tensor::assume(self.any().ones_like())
    }
}

impl<'g, T: Number> Tensor<'g, T> {
    /// The sum that undoes a broadcast from `sizes` to this tensor's shape.
    #[track_caller]
    pub fn sum_to(self, sizes: impl Into<Sizes<'g>>) -> Tensor<'g, T> {
        Tensor::assume(self.any().sum_to(sizes))
    }
}
