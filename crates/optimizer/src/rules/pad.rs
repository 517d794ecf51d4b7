//! Gradients of ops that repeat an array or add elements around it.

use aqueduct_graph::ir::{Bound, PadMode, Reduction, SliceSpec};
use aqueduct_graph::{AnyTensor, Paddings, Size};

use super::{Step, signed};

/// Each repetition gets an axis of its own, over which the gradient is summed.
pub(super) fn tile(step: &mut Step<'_>) {
    let (x, multiples, g) = (step.operand(0), step.operand(1), step.grad());
    let rank = x.shape().rank();
    step.give(0, || {
        let sizes = (0..rank).flat_map(|axis| [element(multiples, axis), Size::of_axis(x, axis)]);
        let apart = g.reshape(sizes.collect::<Vec<Size<'_>>>());
        let repetitions: Vec<usize> = (0..rank).map(|axis| 2 * axis).collect();
        apart.reduce(Reduction::Sum, repetitions, false)
    });
}

/// An element of an integer vector, as a number if it is known.
fn element(vector: AnyTensor<'_>, place: usize) -> Size<'_> {
    let ints = vector.fact().ints;
    let known = ints.and_then(|ints| ints.get(place)?.known());
    let at = || SliceSpec {
        bounds: vec![Bound::At(signed(place))],
    };
    known.map_or_else(|| Size::Tensor(vector.slice(at())), Size::Number)
}

pub(super) fn pad(step: &mut Step<'_>, mode: &PadMode) {
    let (paddings, g) = (step.operand(1), step.grad());
    step.give(0, || g.pad_grad(Paddings::vector(paddings), mode.clone()));
}

/// What was summed is copied to where it came from; what was dropped has no gradient.
pub(super) fn pad_grad(step: &mut Step<'_>, mode: &PadMode) {
    let (paddings, g) = (step.operand(1), step.grad());
    let mode = match mode {
        PadMode::Constant(value) => PadMode::zeros(value.dtype()),
        PadMode::Reflect | PadMode::Symmetric => mode.clone(),
    };
    step.give(0, || g.pad(Paddings::vector(paddings), mode));
}
