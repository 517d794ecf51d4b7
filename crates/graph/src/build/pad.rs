//! Builders that repeat an array or add elements around it.

use std::sync::Arc;

use crate::element::{DType, Element, Index};
use crate::graph::Graph;
use crate::handle::{AnyTensor, Tensor};
use crate::ids::TensorId;
use crate::initializer::scalar_of;
use crate::mistake::Problem;
use crate::op::{Array, PadMode};
use crate::shape::Shape;
use crate::sizes::{Size, Sizes};
use crate::value::Value;

/// How many elements are added before and after each axis: pairs of numbers as in `[[1, 2], [0, 1]]`,
/// pairs of [`sizes!`](crate::sizes), or an integer tensor of shape `[rank, 2]`.
#[derive(Clone, Debug)]
pub struct Paddings<'g>(Kind<'g>);

#[derive(Clone, Debug)]
enum Kind<'g> {
    Pairs(Vec<[Size<'g>; 2]>),
    Tensor(AnyTensor<'g>),
    Vector(AnyTensor<'g>),
}

impl<'g> Paddings<'g> {
    /// An integer tensor of shape `[rank, 2]`.
    pub fn tensor(tensor: AnyTensor<'g>) -> Paddings<'g> {
        Paddings(Kind::Tensor(tensor))
    }

    /// An integer vector of `2 * rank` elements, the pairs one after the other.
    pub fn vector(tensor: AnyTensor<'g>) -> Paddings<'g> {
        Paddings(Kind::Vector(tensor))
    }

    /// The paddings as an integer vector, two elements for each axis.
    #[track_caller]
    fn into_vector(self, graph: &'g Graph, rank: usize) -> Result<AnyTensor<'g>, Problem> {
        let tensor = match self.0 {
            Kind::Pairs(pairs) => return Ok(Sizes::list(pairs.concat()).into_tensor(graph)),
            Kind::Vector(vector) => return Ok(vector),
            Kind::Tensor(tensor) => tensor,
        };
        let shape = tensor.shape();
        let needed = Shape::from([rank, 2]);
        if !tensor.is_poisoned() && !shape.compatible(&needed) {
            let message = format!("paddings has shape {shape} but x has rank {rank}");
            return Err(Problem::shape(message).help(format!("give a tensor of shape {needed}")));
        }
        Ok(tensor.reshape([rank.saturating_mul(2)]))
    }
}

impl<'g, S: Into<Size<'g>>, const N: usize> From<[[S; 2]; N]> for Paddings<'g> {
    fn from(pairs: [[S; 2]; N]) -> Paddings<'g> {
        Paddings::from(Vec::from(pairs))
    }
}

impl<'g, S: Into<Size<'g>>> From<Vec<[S; 2]>> for Paddings<'g> {
    fn from(pairs: Vec<[S; 2]>) -> Paddings<'g> {
        let pairs = pairs.into_iter().map(|pair| pair.map(S::into));
        Paddings(Kind::Pairs(pairs.collect()))
    }
}

impl<'g, S: Into<Size<'g>> + Copy> From<&[[S; 2]]> for Paddings<'g> {
    fn from(pairs: &[[S; 2]]) -> Paddings<'g> {
        Paddings::from(pairs.to_vec())
    }
}

impl<'g, T: Index> From<Tensor<'g, T>> for Paddings<'g> {
    fn from(tensor: Tensor<'g, T>) -> Paddings<'g> {
        Paddings::tensor(tensor.any())
    }
}

impl<'g> AnyTensor<'g> {
    /// The tensor repeated so many times along each axis.
    #[track_caller]
    pub fn tile(self, multiples: impl Into<Sizes<'g>>) -> AnyTensor<'g> {
        let multiples = multiples.into().into_tensor(self.graph());
        self.graph()
            .add_tensor(Array::Tile, &[self, multiples], "Tile")
    }

    /// The tensor with elements added around it.
    #[track_caller]
    pub fn pad(self, paddings: impl Into<Paddings<'g>>, mode: PadMode) -> AnyTensor<'g> {
        self.padded(paddings.into(), Array::Pad { mode })
    }

    /// The gradient that passes through [`AnyTensor::pad`]: of each element, the sum of the elements
    /// to which it was copied.
    #[track_caller]
    pub fn pad_grad(self, paddings: impl Into<Paddings<'g>>, mode: PadMode) -> AnyTensor<'g> {
        self.padded(paddings.into(), Array::PadGrad { mode })
    }

    #[track_caller]
    fn padded(self, paddings: Paddings<'g>, op: Array) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let name = crate::op::Op::from(op.clone()).type_name();
        let id = match paddings.into_vector(graph, self.shape().rank()) {
            Ok(vector) => graph.add(op, &[self, vector], name),
            Err(problem) => graph.add_resolved(Err(problem), || op, &[self], name),
        };
        AnyTensor::new(graph, TensorId::new(id, 0))
    }
}

impl PadMode {
    /// Zeros (or `false`) of this type.
    pub fn zeros(dtype: DType) -> PadMode {
        PadMode::Constant(Arc::new(scalar_of(dtype, 0.0)))
    }
}

impl<'g, T: Element> Tensor<'g, T> {
    /// The tensor repeated so many times along each axis. TensorFlow's `tile`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 3]);
    /// assert_eq!(x.tile([1, 4]).shape().to_string(), "[?, 12]");
    /// ```
    #[track_caller]
    pub fn tile(self, multiples: impl Into<Sizes<'g>>) -> Tensor<'g, T> {
        Tensor::assume(self.any().tile(multiples))
    }

    /// The tensor with zeros (or `false`) added before and after each axis. TensorFlow's `pad`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape, sizes};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 3]);
    /// assert_eq!(x.pad([[0, 0], [1, 2]]).shape().to_string(), "[?, 6]");
    /// let missing = 10 - x.size_of(0);
    /// let filled = x.pad([sizes![0, missing], sizes![0, 0]]);
    /// assert_eq!(filled.shape().to_string(), "[?, 3]");
    /// ```
    #[track_caller]
    pub fn pad(self, paddings: impl Into<Paddings<'g>>) -> Tensor<'g, T> {
        Tensor::assume(self.any().pad(paddings, PadMode::zeros(T::DTYPE)))
    }

    /// The tensor with a value added before and after each axis. TensorFlow's `pad` with
    /// `constant_values`.
    #[track_caller]
    pub fn pad_with(self, paddings: impl Into<Paddings<'g>>, value: T) -> Tensor<'g, T> {
        let mode = PadMode::Constant(Arc::new(Value::scalar(value)));
        Tensor::assume(self.any().pad(paddings, mode))
    }

    /// The tensor mirrored at its edge elements, which are not repeated: `[1, 2, 3]` padded by 2
    /// before it is `[3, 2, 1, 2, 3]`. Each padding must be less than the size of its axis.
    /// TensorFlow's `pad` with mode `REFLECT`.
    #[track_caller]
    pub fn pad_reflect(self, paddings: impl Into<Paddings<'g>>) -> Tensor<'g, T> {
        Tensor::assume(self.any().pad(paddings, PadMode::Reflect))
    }

    /// The tensor mirrored together with its edge elements: `[1, 2, 3]` padded by 2 before it is
    /// `[2, 1, 1, 2, 3]`. Each padding must be at most the size of its axis. TensorFlow's `pad` with
    /// mode `SYMMETRIC`.
    #[track_caller]
    pub fn pad_symmetric(self, paddings: impl Into<Paddings<'g>>) -> Tensor<'g, T> {
        Tensor::assume(self.any().pad(paddings, PadMode::Symmetric))
    }
}
