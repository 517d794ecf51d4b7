//! A tensor whose element type is known at run time.

use std::fmt;

use crate::element::{DType, Element};
use crate::fact::Fact;
use crate::graph::Graph;
use crate::handle::{Operation, Tensor};
use crate::ids::TensorId;
use crate::mistake::Problem;
use crate::op::Array;
use crate::shape::Shape;

/// An output of an operation, of whatever element type: what gradient rules and collections use.
///
/// At the user's edge stands its checked wrapper, [`Tensor`].
#[derive(Clone, Copy)]
pub struct AnyTensor<'g> {
    graph: &'g Graph,
    id: TensorId,
}

impl<'g> AnyTensor<'g> {
    /// The handle of an output.
    pub fn new(graph: &'g Graph, id: TensorId) -> AnyTensor<'g> {
        AnyTensor { graph, id }
    }

    /// The graph.
    pub fn graph(self) -> &'g Graph {
        self.graph
    }

    /// The output's id.
    pub fn id(self) -> TensorId {
        self.id
    }

    /// The operation that makes it.
    pub fn op(self) -> Operation<'g> {
        Operation::new(self.graph, self.id.node)
    }

    /// The name: `rnn/transpose:0`.
    pub fn name(self) -> String {
        self.graph.view().tensor_name(self.id)
    }

    /// The element type.
    pub fn dtype(self) -> DType {
        self.graph.view().fact(self.id).dtype
    }

    /// The static shape. Of a poisoned tensor it means nothing (it is that of a scalar).
    pub fn shape(self) -> Shape {
        self.graph.view().fact(self.id).shape.clone()
    }

    /// All that is known of it.
    pub fn fact(self) -> Fact {
        self.graph.view().fact(self.id).clone()
    }

    /// Whether a mistake made it meaningless.
    pub fn is_poisoned(self) -> bool {
        self.graph.view().node(self.id.node).poison.is_some()
    }

    /// The same tensor with its element type known to the compiler. If it is of another type, the
    /// mistake is taken down and the result is poisoned.
    #[track_caller]
    pub fn typed<T: Element>(self) -> Tensor<'g, T> {
        if self.dtype() == T::DTYPE || self.is_poisoned() {
            return Tensor::assume(self);
        }
        let problem = Problem::dtype(format!(
            "`{}` is {}, not {}",
            self.name(),
            self.dtype(),
            T::DTYPE
        ))
        .help(format!("convert it: `.cast(DType::{:?})`", T::DTYPE));
        let wrong = self
            .graph
            .add_wrong(Array::Identity, &[self], "typed", problem);
        Tensor::assume(AnyTensor::new(self.graph, TensorId::new(wrong, 0)))
    }

    /// Calls the operation that makes this tensor `name`, in the scope where it stands.
    ///
    /// What TensorFlow takes as the argument `name` of every function. Names are made unique, and
    /// must be given before the graph is run or saved to mean the same everywhere. In a finalized
    /// graph this is a mistake.
    #[track_caller]
    pub fn named(self, name: &str) -> AnyTensor<'g> {
        self.op().rename(name);
        self
    }
}

impl PartialEq for AnyTensor<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.graph.is_same(other.graph) && self.id == other.id
    }
}

impl Eq for AnyTensor<'_> {}

impl std::hash::Hash for AnyTensor<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.graph.id().hash(state);
        self.id.hash(state);
    }
}

impl AnyTensor<'_> {
    /// Name, shape and element type as TensorFlow prints them.
    fn tf_words(self) -> (String, String, &'static str) {
        let view = self.graph.view();
        let fact = view.fact(self.id);
        let name = view.tensor_name(self.id);
        (name, fact.shape.tf_string(), fact.dtype.tf_name())
    }
}

/// Prints as TensorFlow 1 does: `Tensor("rnn/transpose:0", shape=(?, 28, 128), dtype=float32)`.
impl fmt::Display for AnyTensor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, shape, dtype) = self.tf_words();
        write!(f, "Tensor(\"{name}\", shape={shape}, dtype={dtype})")
    }
}

/// Prints as TensorFlow's `repr` does: `<tf.Tensor 'x:0' shape=(?, 2) dtype=float32>`.
impl fmt::Debug for AnyTensor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, shape, dtype) = self.tf_words();
        write!(f, "<tf.Tensor '{name}' shape={shape} dtype={dtype}>")
    }
}
