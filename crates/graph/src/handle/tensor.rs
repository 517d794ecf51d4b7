//! A tensor whose element type the compiler knows.

use std::fmt;
use std::marker::PhantomData;

use crate::element::{DType, Element};
use crate::graph::Graph;
use crate::handle::{AnyTensor, Operation};
use crate::ids::TensorId;
use crate::shape::Shape;

/// An output of an operation, of elements of type `T`.
///
/// A small `Copy` handle. Operators (`a + b`, `1.0 - a`, `-a`, of truth values `a & b`, `!a`) and
/// methods add operations to its graph and never panic; see [`Graph`] for what happens to mistakes.
///
/// `/` of integers truncates towards zero, as Rust's does; a divisor of zero is an error of the run.
pub struct Tensor<'g, T> {
    any: AnyTensor<'g>,
    element: PhantomData<fn() -> T>,
}

impl<'g, T: Element> Tensor<'g, T> {
    /// Wraps a tensor that is known to be of type `T`, or to be poisoned.
    pub(crate) fn assume(any: AnyTensor<'g>) -> Tensor<'g, T> {
        Tensor {
            any,
            element: PhantomData,
        }
    }

    /// The same tensor without its element type in the Rust type.
    pub fn any(self) -> AnyTensor<'g> {
        self.any
    }

    /// The graph.
    pub fn graph(self) -> &'g Graph {
        self.any.graph()
    }

    /// The output's id.
    pub fn id(self) -> TensorId {
        self.any.id()
    }

    /// The operation that makes it.
    pub fn op(self) -> Operation<'g> {
        self.any.op()
    }

    /// The name: `rnn/transpose:0`.
    pub fn name(self) -> String {
        self.any.name()
    }

    /// The element type.
    pub fn dtype(self) -> DType {
        T::DTYPE
    }

    /// The static shape. Of a poisoned tensor it means nothing (it is that of a scalar).
    ///
    /// The sizes of a run are a tensor: [`Tensor::shape_tensor`], [`Tensor::size_of`].
    pub fn shape(self) -> Shape {
        self.any.shape()
    }

    /// Whether a mistake made it meaningless.
    pub fn is_poisoned(self) -> bool {
        self.any.is_poisoned()
    }

    /// Calls the operation that makes this tensor `name`; see [`AnyTensor::named`].
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 4]);
    /// let gate = x.sigmoid().named("gate");
    /// assert_eq!(gate.name(), "gate:0");
    /// ```
    #[track_caller]
    pub fn named(self, name: &str) -> Tensor<'g, T> {
        Tensor::assume(self.any.named(name))
    }
}

impl<T> Clone for Tensor<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Tensor<'_, T> {}

impl<T> PartialEq for Tensor<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.any == other.any
    }
}

impl<T> Eq for Tensor<'_, T> {}

impl<T> std::hash::Hash for Tensor<'_, T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.any.hash(state);
    }
}

impl<'g, T: Element> From<Tensor<'g, T>> for AnyTensor<'g> {
    fn from(tensor: Tensor<'g, T>) -> AnyTensor<'g> {
        tensor.any
    }
}

/// Prints as TensorFlow 1 does: `Tensor("rnn/transpose:0", shape=(?, 28, 128), dtype=float32)`.
impl<T> fmt::Display for Tensor<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.any.fmt(f)
    }
}

/// Prints as TensorFlow's `repr` does: `<tf.Tensor 'x:0' shape=(?, 2) dtype=float32>`.
impl<T> fmt::Debug for Tensor<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.any, f)
    }
}
