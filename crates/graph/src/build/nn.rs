//! Builders of family `nn`, and what is composed for networks.

use crate::build::axes::resolve_axis;
use crate::element::{Element, Float, Index};
use crate::handle::{AnyTensor, Operand, Tensor};
use crate::ids::TensorId;
use crate::op::{Activation, Array, Nn, Op};
use crate::sizes::Size;

impl<'g> AnyTensor<'g> {
    /// One activation of each element.
    #[track_caller]
    pub fn activation(self, op: Activation) -> AnyTensor<'g> {
        self.graph().add_by_type(Nn::Activation(op), &[self])
    }

    /// `max(x, 0)`.
    #[track_caller]
    pub fn relu(self) -> AnyTensor<'g> {
        self.activation(Activation::Relu)
    }

    /// `e^x` along the last axis, divided by its sum there.
    #[track_caller]
    pub fn softmax(self) -> AnyTensor<'g> {
        self.graph().add_tensor(Nn::Softmax, &[self], "Softmax")
    }

    /// The logarithm of [`AnyTensor::softmax`].
    #[track_caller]
    pub fn log_softmax(self) -> AnyTensor<'g> {
        self.graph()
            .add_tensor(Nn::LogSoftmax, &[self], "LogSoftmax")
    }

    /// [`AnyTensor::softmax`] along another axis, which is moved to the end and back.
    #[track_caller]
    pub fn softmax_along(self, axis: i64) -> AnyTensor<'g> {
        self.along_axis(axis, Nn::Softmax, AnyTensor::softmax)
    }

    /// [`AnyTensor::log_softmax`] along another axis, which is moved to the end and back.
    #[track_caller]
    pub fn log_softmax_along(self, axis: i64) -> AnyTensor<'g> {
        self.along_axis(axis, Nn::LogSoftmax, AnyTensor::log_softmax)
    }

    /// What `function`, which adds `op`, gives along an axis.
    #[track_caller]
    fn along_axis(
        self,
        axis: i64,
        op: Nn,
        function: fn(AnyTensor<'g>) -> AnyTensor<'g>,
    ) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let rank = self.shape().rank();
        let axis = match resolve_axis(axis, rank) {
            Ok(axis) => axis,
            // The rank of a poisoned tensor means nothing: there is no new mistake.
            Err(_) if self.is_poisoned() => return function(self),
            Err(problem) => {
                let op = Op::from(op);
                let name = op.type_name();
                let id = graph.add_wrong(op, &[self], name, problem);
                return AnyTensor::new(graph, TensorId::new(id, 0));
            }
        };
        if axis + 1 == rank {
            return function(self);
        }
        let mut swapped: Vec<usize> = (0..rank).collect();
        swapped.swap(axis, rank - 1);
        function(self.transpose(swapped.clone())).transpose(swapped)
    }

    /// The cross entropy of each row of `labels`, a distribution over the classes, and the softmax of
    /// the same row of these logits.
    #[track_caller]
    pub fn softmax_cross_entropy(self, labels: AnyTensor<'g>) -> AnyTensor<'g> {
        self.graph().add_tensor(
            Nn::SoftmaxCrossEntropy,
            &[self, labels],
            "softmax_cross_entropy_with_logits",
        )
    }

    /// The same where each label is the number of the one class.
    #[track_caller]
    pub fn sparse_softmax_cross_entropy(self, labels: AnyTensor<'g>) -> AnyTensor<'g> {
        let op = Nn::SparseSoftmaxCrossEntropy;
        self.graph().add_by_type(op, &[self, labels])
    }

    /// Of these numbers of classes, rows of the sizes and the type of `like`: 1 at the class, 0
    /// elsewhere. `like` has one axis more, its last. A number that is no class is an error of the run.
    #[track_caller]
    pub fn one_hot_like(self, like: AnyTensor<'g>) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let depth = like.size_of(-1);
        let on = graph.number(like.dtype(), 1.0, "on");
        let off = graph.number(like.dtype(), 0.0, "off");
        // What is no class has a row of zeros in `one_hot`: a network would train on the mistake.
        let classes = self.among(depth.cast(self.dtype()));
        classes.one_hot(Size::Tensor(depth), on, off, -1)
    }
}

impl<'g, T: Float> Tensor<'g, T> {
    /// `max(x, 0)`; its gradient at 0 is 0. TensorFlow's `nn.relu`.
    #[track_caller]
    pub fn relu(self) -> Tensor<'g, T> {
        self.activation(Activation::Relu)
    }

    #[track_caller]
    fn activation(self, op: Activation) -> Tensor<'g, T> {
        Tensor::assume(self.any().activation(op))
    }

    /// `min(max(x, 0), 6)`; its gradient at 0 and at 6 is 0. TensorFlow's `nn.relu6`.
    #[track_caller]
    pub fn relu6(self) -> Tensor<'g, T> {
        self.activation(Activation::Relu6)
    }

    /// `x` above 0, else `alpha * x`; its gradient at 0 is `alpha`. TensorFlow's `nn.leaky_relu`,
    /// where `alpha` is 0.2 unless given.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 4]);
    /// assert_eq!(x.leaky_relu(0.01).shape().to_string(), "[?, 4]");
    /// ```
    #[track_caller]
    pub fn leaky_relu(self, alpha: f64) -> Tensor<'g, T> {
        self.activation(Activation::LeakyRelu { alpha })
    }

    /// `x` above 0, else `e^x - 1`; its gradient at 0 is 1. TensorFlow's `nn.elu`.
    #[track_caller]
    pub fn elu(self) -> Tensor<'g, T> {
        self.activation(Activation::Elu)
    }

    /// `scale * x` above 0, else `scale * alpha * (e^x - 1)`, with the constants that keep mean and
    /// variance from layer to layer; its gradient at 0 is `scale`, 1.0507. TensorFlow's `nn.selu`.
    #[track_caller]
    pub fn selu(self) -> Tensor<'g, T> {
        self.activation(Activation::Selu)
    }

    /// `log(1 + e^x)`, without overflow. TensorFlow's `nn.softplus`.
    #[track_caller]
    pub fn softplus(self) -> Tensor<'g, T> {
        self.activation(Activation::Softplus)
    }

    /// `x / (1 + |x|)`; of an infinity it is NaN, as in TensorFlow. TensorFlow's `nn.softsign`.
    #[track_caller]
    pub fn softsign(self) -> Tensor<'g, T> {
        self.activation(Activation::Softsign)
    }

    /// `e^x` along the last axis, divided by its sum there: rows of positive numbers that add up
    /// to 1. TensorFlow's `nn.softmax`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let logits = g.placeholder::<f32>("logits", shape![?, 10]);
    /// assert_eq!(logits.softmax().shape().to_string(), "[?, 10]");
    /// ```
    #[track_caller]
    pub fn softmax(self) -> Tensor<'g, T> {
        Tensor::assume(self.any().softmax())
    }

    /// The logarithm of the softmax, which stays finite where the softmax vanishes. TensorFlow's
    /// `nn.log_softmax`.
    #[track_caller]
    pub fn log_softmax(self) -> Tensor<'g, T> {
        Tensor::assume(self.any().log_softmax())
    }

    /// The softmax along any axis; negative axes count from the end. TensorFlow's `nn.softmax` with
    /// `axis`.
    #[track_caller]
    pub fn softmax_along(self, axis: i64) -> Tensor<'g, T> {
        Tensor::assume(self.any().softmax_along(axis))
    }

    /// The logarithm of the softmax along any axis; negative axes count from the end. TensorFlow's
    /// `nn.log_softmax` with `axis`.
    #[track_caller]
    pub fn log_softmax_along(self, axis: i64) -> Tensor<'g, T> {
        Tensor::assume(self.any().log_softmax_along(axis))
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
        Tensor::assume(graph.add_as_scope(Nn::BiasAdd, &[product, biases], &scope))
    }
}

/// The rows of a table that the ids name, in their order: of `[rows, ..]` and ids of shape `s`,
/// `[s.., ..]`. An id that is no row is an error of the run. TensorFlow's `nn.embedding_lookup` with
/// one table.
///
/// The gradient of the table is sparse: optimizers touch the rows named alone, where their rule
/// allows it.
///
/// ```
/// use aqueduct_graph::{Graph, embedding_lookup, shape};
///
/// let g = Graph::new();
/// let table = g.get_variable::<f32>("table", [10_000, 64]);
/// let words = g.placeholder::<i32>("words", shape![?, 20]);
/// assert_eq!(embedding_lookup(table, words).shape().to_string(), "[?, 20, 64]");
/// ```
#[track_caller]
pub fn embedding_lookup<'g, T: Element, I: Index>(
    table: impl Operand<'g, T>,
    ids: Tensor<'g, I>,
) -> Tensor<'g, T> {
    let graph = ids.graph();
    let _here = graph.here();
    let table = table.into_tensor(graph).any();
    let gather = Array::Gather { axis: 0 };
    Tensor::assume(graph.add_tensor(gather, &[table, ids.any()], "embedding_lookup"))
}
