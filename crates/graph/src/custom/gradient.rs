//! The gradient of a custom op, as the optimizer is told it.

use std::fmt;

use crate::handle::AnyTensor;

/// What a gradient does that comes to a custom op.
pub enum CustomGradient {
    /// It ends, for this reason: a clause in which "it" is the op.
    None(&'static str),
    /// It is passed on to the operands by this function.
    Flows(Backward),
}

/// From the gradients of the outputs to a gradient for each operand: `None` for an operand that
/// none is passed on to. Each has the type and shape of its operand.
///
/// It is built of ordinary operations, and so can be differentiated again.
pub type Backward = Box<dyn for<'g> Fn(&CustomStep<'g>) -> Vec<Option<AnyTensor<'g>>>>;

impl CustomGradient {
    /// The gradient ends at the op, for this reason: a clause in which "it" is the op.
    pub fn none(reason: &'static str) -> CustomGradient {
        CustomGradient::None(reason)
    }

    /// The gradient is passed on by this function; see [`Backward`].
    pub fn flows(
        backward: impl for<'g> Fn(&CustomStep<'g>) -> Vec<Option<AnyTensor<'g>>> + 'static,
    ) -> CustomGradient {
        CustomGradient::Flows(Box::new(backward))
    }
}

impl fmt::Debug for CustomGradient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CustomGradient::None(reason) => f.debug_tuple("None").field(reason).finish(),
            CustomGradient::Flows(_) => f.debug_tuple("Flows").finish_non_exhaustive(),
        }
    }
}

/// A custom op on the walk back from a result to what it depends on.
#[derive(Clone, Debug)]
pub struct CustomStep<'g> {
    operands: Vec<AnyTensor<'g>>,
    outputs: Vec<AnyTensor<'g>>,
    grads: Vec<AnyTensor<'g>>,
}

impl<'g> CustomStep<'g> {
    /// A step with a gradient for each output.
    pub fn new(
        operands: Vec<AnyTensor<'g>>,
        outputs: Vec<AnyTensor<'g>>,
        grads: Vec<AnyTensor<'g>>,
    ) -> CustomStep<'g> {
        CustomStep {
            operands,
            outputs,
            grads,
        }
    }

    /// The op's operands.
    pub fn operands(&self) -> &[AnyTensor<'g>] {
        &self.operands
    }

    /// The op's outputs: using them runs nothing again.
    pub fn outputs(&self) -> &[AnyTensor<'g>] {
        &self.outputs
    }

    /// The gradient of each output; zeros for one that has none.
    pub fn grads(&self) -> &[AnyTensor<'g>] {
        &self.grads
    }
}
