//! The gradient of each op: a file for each family, an exhaustive match in each.
//!
//! A rule is written with the builders of differentiable ops, so that gradients have gradients. It
//! follows TensorFlow where there is a choice, as at a kink.

#![deny(clippy::wildcard_enum_match_arm)]

mod activation;
mod array;
mod concat;
mod control;
mod conv;
mod custom;
mod debug;
mod index;
mod math;
mod nn;
mod pad;
mod random;
mod reduce;
mod segment;
mod state;

pub(crate) use array::with_one_axis_for;

use std::rc::Rc;

use aqueduct_graph::ir::{NodeId, Op, Store, TensorId};
use aqueduct_graph::{AnyTensor, Graph, Size, Sizes, Value};

use crate::gradient::Slope;
use crate::walk::Frame;

/// What a gradient does that comes to an operation.
pub(crate) enum Rule {
    /// It is passed on to the operands of floats by this function.
    Flows(Backward),
    /// It flows through the bodies of the operation, to what they use and are given.
    Bodies,
    /// It ends, for this reason: a clause in which "it" is the operation.
    Blocks(&'static str),
    /// It should be passed on, but cannot be, for this reason. What is found without it would be
    /// wrong.
    Missing(&'static str),
    /// It ends, because the user said so.
    Stops,
    /// There is no operand that it could be passed on to.
    Leaf,
}

/// A vector-Jacobian product: gives each wanted operand its gradient.
pub(crate) type Backward = Box<dyn for<'g> Fn(&mut Step<'g>)>;

fn flows(backward: impl for<'g> Fn(&mut Step<'g>) + 'static) -> Rule {
    Rule::Flows(Box::new(backward))
}

/// The rule of an operation.
pub(crate) fn rule(store: &Store, id: NodeId) -> Rule {
    if let Some(replaced) = store.replaced_gradient(id) {
        return custom::replaced(replaced);
    }
    match &store.node(id).op {
        Op::Math(op) => math::rule(*op),
        Op::Array(op) => array::rule(op, store, id),
        Op::Reduce(op) => reduce::rule(op),
        Op::Nn(op) => nn::rule(*op),
        Op::Random(op) => random::rule(*op),
        Op::State(op) => state::rule(*op),
        Op::Control(op) => control::rule(op),
        Op::Debug(op) => debug::rule(op),
        Op::Custom(op) => custom::rule(op),
    }
}

/// An operation on the walk back: its operands, its outputs, and the gradients of these.
///
/// No operation that a mistake was found in is ever walked over, so its operands are as many and of
/// such shapes as the shape rule asks.
pub(crate) struct Step<'g> {
    frame: Rc<Frame<'g>>,
    operands: Vec<TensorId>,
    outputs: Vec<TensorId>,
    grads: Vec<Option<Slope<'g>>>,
    wanted: Vec<bool>,
    found: Vec<(TensorId, Slope<'g>)>,
}

impl<'g> Step<'g> {
    /// `grads` has an entry for each output, `wanted` one for each operand.
    pub(crate) fn new(
        frame: Rc<Frame<'g>>,
        operands: Vec<TensorId>,
        outputs: Vec<TensorId>,
        grads: Vec<Option<Slope<'g>>>,
        wanted: Vec<bool>,
    ) -> Step<'g> {
        Step {
            frame,
            operands,
            outputs,
            grads,
            wanted,
            found: Vec::new(),
        }
    }

    /// The gradients that the rule gave, each with the operand that it is for.
    pub(crate) fn found(self) -> Vec<(TensorId, Slope<'g>)> {
        self.found
    }

    fn graph(&self) -> &'g Graph {
        self.frame.graph()
    }

    #[track_caller]
    fn operand(&self, slot: usize) -> AnyTensor<'g> {
        self.frame.tensor(self.operands[slot])
    }

    #[track_caller]
    fn output(&self) -> AnyTensor<'g> {
        self.frame.tensor(self.outputs[0])
    }

    /// All operands, whether a gradient is wanted or not.
    #[track_caller]
    fn all_operands(&self) -> Vec<AnyTensor<'g>> {
        self.tensors(&self.operands)
    }

    #[track_caller]
    fn all_outputs(&self) -> Vec<AnyTensor<'g>> {
        self.tensors(&self.outputs)
    }

    #[track_caller]
    fn tensors(&self, ids: &[TensorId]) -> Vec<AnyTensor<'g>> {
        // Mapped by a closure, they would take the standard library for their caller.
        let mut tensors = Vec::with_capacity(ids.len());
        for id in ids {
            tensors.push(self.frame.tensor(*id));
        }
        tensors
    }

    /// The gradient of the only output. A sparse one is made dense.
    fn grad(&mut self) -> AnyTensor<'g> {
        self.grad_of(0)
    }

    /// The gradient of each output; zeros for one that has none.
    fn all_grads(&mut self) -> Vec<AnyTensor<'g>> {
        let outputs = 0..self.outputs.len();
        outputs.map(|output| self.grad_of(output)).collect()
    }

    fn grad_of(&mut self, output: usize) -> AnyTensor<'g> {
        let dense = match self.grads[output] {
            Some(slope) => slope.to_dense(),
            None => self.frame.tensor(self.outputs[output]).zeros_like(),
        };
        self.grads[output] = Some(Slope::Dense(dense));
        dense
    }

    /// The gradient of an operand, built only if it is wanted.
    fn give(&mut self, slot: usize, gradient: impl FnOnce() -> AnyTensor<'g>) {
        if self.wanted[slot] {
            let gradient = gradient();
            self.give_slope(slot, Slope::Dense(gradient));
        }
    }

    /// The gradient of an operand that was broadcast: it is summed to the operand's shape.
    fn give_summed(&mut self, slot: usize, gradient: impl FnOnce() -> AnyTensor<'g>) {
        let (frame, operand) = (Rc::clone(&self.frame), self.operands[slot]);
        self.give(slot, || {
            let gradient = gradient();
            // Where the shapes are sure to be equal nothing of the operand is used.
            if gradient.shape().same(&frame.static_shape(operand)) {
                gradient
            } else {
                sum_to_like(gradient, frame.shape_of(operand))
            }
        });
    }

    fn give_slope(&mut self, slot: usize, slope: Slope<'g>) {
        if self.wanted[slot] {
            self.found.push((self.operands[slot], slope));
        }
    }
}

/// The gradient of each operand is that of the output, sparse if that is.
fn as_is(step: &mut Step<'_>) {
    let Some(slope) = step.grads[0] else {
        return;
    };
    for slot in 0..step.operands.len() {
        step.give_slope(slot, slope);
    }
}

/// The size of an axis as an integer scalar.
pub(crate) fn row_count(tensor: AnyTensor<'_>, axis: usize) -> AnyTensor<'_> {
    match Size::of_axis(tensor, axis) {
        Size::Number(size) => tensor.graph().constant_value(Value::scalar(size), "rows"),
        Size::Tensor(size) => size,
    }
}

/// `gradient` with the shape of `like`, which was broadcast to the shape of `gradient`.
fn sum_to_like<'g>(gradient: AnyTensor<'g>, like: AnyTensor<'g>) -> AnyTensor<'g> {
    if gradient.shape().same(&like.shape()) {
        gradient
    } else {
        gradient.sum_to(Sizes::like(like))
    }
}

/// `gradient` repeated to the shape of `like`.
fn broadcast_like<'g>(gradient: AnyTensor<'g>, like: AnyTensor<'g>) -> AnyTensor<'g> {
    if gradient.shape().same(&like.shape()) {
        gradient
    } else {
        gradient.broadcast_to(Sizes::like(like))
    }
}

/// A scalar zero of the type of `like`.
pub(crate) fn zero(like: AnyTensor<'_>) -> AnyTensor<'_> {
    like.graph().number(like.dtype(), 0.0, "zero")
}

/// A scalar one of the type of `like`.
fn one(like: AnyTensor<'_>) -> AnyTensor<'_> {
    like.graph().number(like.dtype(), 1.0, "one")
}

/// An axis or a size as builders take it. No array has more than fit.
fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
