//! Builders of family `nn`, and what is composed for networks.

use crate::element::{DType, Float};
use crate::graph::Graph;
use crate::handle::{AnyTensor, Operand, Tensor};
use crate::ids::TensorId;
use crate::op::{Activation, Nn, Reduction};
use crate::store::{Member, NewName};

/// The collection that losses add themselves to. TensorFlow's `GraphKeys.LOSSES`.
const LOSSES: &str = "losses";

impl<'g> AnyTensor<'g> {
    /// `max(x, 0)`.
    #[track_caller]
    pub fn relu(self) -> AnyTensor<'g> {
        self.graph()
            .add_tensor(Nn::Activation(Activation::Relu), &[self], "Relu")
    }
}

impl<'g, T: Float> Tensor<'g, T> {
    /// `max(x, 0)`; its gradient at 0 is 0. TensorFlow's `nn.relu`.
    #[track_caller]
    pub fn relu(self) -> Tensor<'g, T> {
        Tensor::assume(self.any().relu())
    }

    /// A vector added along the last axis. TensorFlow's `nn.bias_add`.
    #[track_caller]
    pub fn bias_add(self, bias: impl Operand<'g, T>) -> Tensor<'g, T> {
        let bias = bias.into_tensor(self.graph()).any();
        Tensor::assume(
            self.graph()
                .add_tensor(Nn::BiasAdd, &[self.any(), bias], "BiasAdd"),
        )
    }

    /// `self · weights + biases`: `[n, k]` by `[k, m]`, plus `[m]`. TensorFlow's `nn.xw_plus_b`.
    #[track_caller]
    pub fn xw_plus_b(
        self,
        weights: impl Operand<'g, T>,
        biases: impl Operand<'g, T>,
    ) -> Tensor<'g, T> {
        let graph = self.graph();
        let _here = graph.here();
        let scope = graph.open_scope("xw_plus_b");
        let product = self.matmul(weights).any();
        let biases = biases.into_tensor(graph).any();
        let name = NewName::Exact(scope.path().to_owned());
        let id = graph.add_named(Nn::BiasAdd.into(), &[product, biases], name, None);
        Tensor::assume(AnyTensor::new(graph, TensorId::new(id, 0)))
    }
}

/// The mean of the squared differences of all elements; a scalar. The loss joins the collection
/// `losses`. TensorFlow's `losses.mean_squared_error` without weights: the sum of the squares
/// divided by their number.
///
/// ```
/// use aqueduct_graph::{Graph, mean_squared_error, shape};
///
/// let g = Graph::new();
/// let labels = g.placeholder::<f32>("labels", shape![?, 1]);
/// let predictions = g.placeholder::<f32>("predictions", shape![?, 1]);
/// let loss = mean_squared_error(labels, predictions);
/// assert_eq!(loss.shape().rank(), 0);
/// assert_eq!(g.collection("losses").len(), 1);
/// ```
#[track_caller]
pub fn mean_squared_error<'g, T: Float>(
    labels: Tensor<'g, T>,
    predictions: Tensor<'g, T>,
) -> Tensor<'g, T> {
    let graph: &Graph = predictions.graph();
    let _here = graph.here();
    let loss = {
        let _scope = graph.open_scope("mean_squared_error");
        let squares = predictions.squared_difference(labels).any();
        let sum = squares.reduce(Reduction::Sum, .., false);
        let count = squares.size(DType::I32).cast(T::DTYPE);
        sum.binary(crate::op::Binary::Div, count, "value")
    };
    graph.add_to_collection(LOSSES, Member::Tensor(loss.id()));
    Tensor::assume(loss)
}
