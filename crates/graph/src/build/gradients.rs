//! Gradients of the user's own, for operations that exist and for functions of them.

use std::collections::BTreeSet;
use std::panic::Location as Caller;

use crate::custom::{CustomStep, GradientOverride, ReplacedGradient};
use crate::graph::{Graph, foreign_operand};
use crate::handle::AnyTensor;
use crate::ids::{NodeId, TensorId};
use crate::mistake::Problem;
use crate::names;
use crate::nest::Nest;
use crate::op::Array;

impl Graph {
    /// Gives the operations of a type that `body` builds another gradient. TensorFlow's
    /// `gradient_override_map`, with the rule in place of the name of a registered one.
    ///
    /// The type is what [`Operation::type_name`](crate::Operation::type_name) says, of an op of your
    /// own its name. The rule is told the operands, the outputs and the gradients of the outputs, and
    /// gives a gradient of the type and shape of each operand, or `None`. It is built of ordinary
    /// operations and so can be differentiated again. Operations in loops and branches count;
    /// what is computed stays as it is. For two types nest two calls; of two for one type the inner
    /// one holds.
    ///
    /// That `body` builds no operation of the type is a mistake: the name is likely to be
    /// misspelled, and training would go on with the gradient that was to be replaced. Loops and
    /// branches themselves cannot have another gradient: give one to a function around them by
    /// [`Graph::custom_gradient`].
    ///
    /// Guided backpropagation lets through what is positive, of a gradient as of a value:
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?]);
    /// let y = g.gradient_override(
    ///     "Relu",
    ///     |step| {
    ///         let (y, grad) = (step.outputs()[0].typed::<f32>(), step.grads()[0].typed::<f32>());
    ///         vec![Some(y.greater(0.0).select(grad.relu(), y.zeros_like()).any())]
    ///     },
    ///     || x.relu(),
    /// );
    /// # let _ = y;
    /// assert!(g.check().is_ok());
    /// ```
    #[track_caller]
    pub fn gradient_override<R>(
        &self,
        op_type: &str,
        rule: impl for<'g> Fn(&CustomStep<'g>) -> Vec<Option<AnyTensor<'g>>> + Send + Sync + 'static,
        body: impl FnOnce() -> R,
    ) -> R {
        let replaced = GradientOverride::new(ReplacedGradient::of_operation(op_type, rule));
        let first = NodeId::from_index(self.operation_count());
        let result = {
            let replaced = replaced.clone();
            let _overridden = self.enter(|context| context.overrides.push(replaced));
            body()
        };
        if !replaced.was_used() {
            let problem = self.nothing_to_override(op_type, first);
            self.report("gradient_override", "", problem);
        }
        result
    }

    /// What a function of these tensors gives, with a gradient of its own in place of those of its
    /// operations. TensorFlow's `custom_gradient`.
    ///
    /// For what is smooth though its parts are not, or has digits that its parts lose: a step that
    /// lets gradients through, a gradient that is turned round or clipped. The rule is told the
    /// tensors of `inputs`, of the result and of its gradients, each in a row, and gives a gradient
    /// of the type and shape of each of `inputs`, or `None`. It is called once, with the gradients of
    /// all results, zeros for one that none comes to, and can be differentiated again.
    ///
    /// What the function uses beside `inputs` has no gradient: hand it in.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, Tensor, shape};
    ///
    /// /// `ln(1 + exp(x))`, whose gradient is no quotient of infinities where `x` is large.
    /// fn log1p_exp<'g>(x: Tensor<'g, f32>) -> Tensor<'g, f32> {
    ///     let function = |x: Tensor<'g, f32>| (x.exp() + 1.0).log();
    ///     x.graph().custom_gradient(x, function, |step| {
    ///         let (x, grad) = (step.operands()[0].typed::<f32>(), step.grads()[0].typed::<f32>());
    ///         vec![Some((grad * x.sigmoid()).any())]
    ///     })
    /// }
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?]);
    /// let y = log1p_exp(x);
    /// # let _ = y;
    /// assert!(g.check().is_ok());
    /// ```
    #[track_caller]
    pub fn custom_gradient<'g, X: Nest<'g>, Y: Nest<'g>>(
        &'g self,
        inputs: X,
        function: impl FnOnce(X) -> Y,
        rule: impl for<'s> Fn(&CustomStep<'s>) -> Vec<Option<AnyTensor<'s>>> + Send + Sync + 'static,
    ) -> Y {
        let operands = inputs.parts();
        let results = {
            let _user_code = self.called_from(Caller::caller());
            function(inputs)
        };
        let _here = self.here();
        let foreign = operands
            .iter()
            .find(|operand| !operand.graph().is_same(self));
        let mut outputs: Vec<AnyTensor<'g>> = Vec::new();
        for result in results.parts() {
            let problem = foreign.map(|operand| foreign_operand(*operand));
            let id = match problem {
                Some(problem) => self.add_wrong(Array::Identity, &[result], "IdentityN", problem),
                None => self.add(Array::Identity, &[result], "IdentityN"),
            };
            outputs.push(AnyTensor::new(self, TensorId::new(id, 0)));
        }
        if foreign.is_none() {
            let ids =
                |tensors: &[AnyTensor<'g>]| tensors.iter().map(|tensor| tensor.id()).collect();
            let replaced = ReplacedGradient::of_operation("custom_gradient", rule);
            let replaced = replaced.between(ids(&operands), ids(&outputs));
            for output in &outputs {
                self.write()
                    .replace_gradient(output.id().node, replaced.clone());
            }
        }
        results.rebuild(&mut outputs.into_iter())
    }

    fn nothing_to_override(&self, op_type: &str, first: NodeId) -> Problem {
        let view = self.view();
        let built = view.node_ids().filter(|id| *id >= first);
        let types: BTreeSet<&str> = built.map(|id| view.node(id).op.type_name()).collect();
        let problem = Problem::argument(format!(
            "no operation of type {op_type:?} whose gradient can be replaced was built in the body"
        ));
        if types.contains(op_type) {
            return problem.help(
                "loops and branches have no other gradient: give one to a function around them by \
                 `custom_gradient`",
            );
        }
        match names::nearest(op_type, types.iter().copied()) {
            near if near.is_empty() && types.is_empty() => {
                problem.help("the body builds no operations")
            }
            near if near.is_empty() => {
                let types: Vec<String> = types.iter().map(|built| format!("`{built}`")).collect();
                problem.help(format!(
                    "it builds operations of the types {}",
                    types.join(", ")
                ))
            }
            near => problem.help(format!("there are operations of type {near}")),
        }
    }
}
