//! Builders of family `custom`: ops of the user's own.

use std::panic::Location as Caller;
use std::sync::Arc;

use crate::context::ContextGuard;
use crate::custom::{Closure, ClosureBody, ClosureInputs, Custom, CustomOp};
use crate::element::Element;
use crate::fact::Fact;
use crate::graph::Graph;
use crate::handle::{AnyTensor, Operation, Tensor};
use crate::ids::TensorId;
use crate::mistake::Problem;
use crate::names;
use crate::op::Array;
use crate::shape::Shape;

impl Graph {
    /// An op of your own on these inputs; gives its outputs. See [`CustomOp`].
    #[track_caller]
    pub fn custom<'g>(
        &'g self,
        op: Arc<dyn CustomOp>,
        inputs: &[AnyTensor<'g>],
    ) -> Vec<AnyTensor<'g>> {
        self.add_custom(Custom::new(op), inputs).outputs()
    }

    /// [`Graph::custom`] for an op with one output, of elements `T`. An op without outputs, or of
    /// another type, is a mistake.
    #[track_caller]
    pub fn custom_tensor<'g, T: Element>(
        &'g self,
        op: Arc<dyn CustomOp>,
        inputs: &[AnyTensor<'g>],
    ) -> Tensor<'g, T> {
        let operation = self.add_custom(Custom::new(op), inputs);
        match operation.outputs().first() {
            Some(output) => output.typed(),
            None => {
                let problem = Problem::argument(format!("`{}` has no output", operation.name()))
                    .help("use `Graph::custom`, and run the operation for its effect");
                let wrong = self.add_wrong(Array::Identity, &[], "custom_tensor", problem);
                Tensor::assume(AnyTensor::new(self, TensorId::new(wrong, 0)))
            }
        }
    }

    /// An op of your own without outputs, to be run for its effect.
    #[track_caller]
    pub fn custom_operation<'g>(
        &'g self,
        op: Arc<dyn CustomOp>,
        inputs: &[AnyTensor<'g>],
    ) -> Operation<'g> {
        self.add_custom(Custom::new(op), inputs)
    }

    /// A Rust closure as an op: it is called with the values of `inputs` (a tensor or a tuple of up
    /// to four) whenever the op runs, and gives an array of this shape. TensorFlow's `py_func`.
    ///
    /// A size of the result that is one of an input's unknown sizes is known before the closure runs;
    /// any other unknown size is taken from the array. An error that the closure gives, a panic and an
    /// array of another shape are errors of the run.
    ///
    /// The op is stateful: it is not merged, computed ahead or run again. It has no gradient and
    /// cannot be saved; a [`CustomOp`] can have both.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    /// use ndarray::{ArrayD, ArrayViewD};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?]);
    /// let limit = g.placeholder::<f32>("limit", shape![]);
    /// let kept = g.closure(
    ///     "keep_below",
    ///     (x, limit),
    ///     shape![?],
    ///     |x: ArrayViewD<'_, f32>, limit: ArrayViewD<'_, f32>| {
    ///         let limit = limit.first().copied().ok_or("the limit is missing")?;
    ///         let kept = x.iter().copied().filter(|x| *x < limit);
    ///         Ok::<ArrayD<f32>, &str>(kept.collect::<ndarray::Array1<f32>>().into_dyn())
    ///     },
    /// );
    /// assert_eq!(kept.shape().to_string(), "[?]");
    /// ```
    #[track_caller]
    pub fn closure<'g, I: ClosureInputs<'g>, O: Element, E>(
        &'g self,
        name: &str,
        inputs: I,
        shape: impl Into<Shape>,
        body: impl ClosureBody<I::Elements, O, E>,
    ) -> Tensor<'g, O> {
        let name = self.valid_name(Caller::caller(), "closure", name);
        let inputs = inputs.into_tensors();
        let facts: Vec<Fact> = inputs.iter().map(|input| input.fact()).collect();
        let op = Closure::new(&name, &facts, &shape.into(), body);
        let operation = self.add_custom(Custom::of_closure(op), &inputs);
        Tensor::assume(AnyTensor::new(self, TensorId::new(operation.id(), 0)))
    }

    /// Lets nodes that user code makes on behalf of a call of ours carry their own lines, and the
    /// call's as "called from", until the guard is dropped: for rules that are the user's.
    #[track_caller]
    pub fn user_code(&self) -> ContextGuard {
        self.called_from(Caller::caller())
    }

    #[track_caller]
    fn add_custom<'g>(&'g self, op: Custom, inputs: &[AnyTensor<'g>]) -> Operation<'g> {
        // Names of ops are for reports and need not be names of nodes.
        let name = if names::is_valid(op.name()) {
            op.name().to_owned()
        } else {
            names::mended(op.name())
        };
        Operation::new(self, self.add(op, inputs, &name))
    }
}
