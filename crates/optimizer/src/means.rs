//! Means that follow the gradients from step to step.

use aqueduct_graph::ir::{Compare, Unary};
use aqueduct_graph::{AnyTensor, DType};

/// How a mean follows: which part of it stays at each step, as scalars of the type of a variable.
#[derive(Clone, Copy)]
pub(crate) struct Decay<'g> {
    stays: AnyTensor<'g>,
    /// `1 - stays`, in the variable's arithmetic as TensorFlow has it.
    rest: AnyTensor<'g>,
    /// The smallest mean that is kept: what it changes by in a step is a normal number, too.
    smallest: AnyTensor<'g>,
    zero: AnyTensor<'g>,
}

impl<'g> Decay<'g> {
    #[track_caller]
    pub(crate) fn new(stays: AnyTensor<'g>) -> Decay<'g> {
        let (graph, dtype) = (stays.graph(), stays.dtype());
        let smallest = match dtype {
            DType::F64 => f64::MIN_POSITIVE / f64::EPSILON,
            DType::F32 | DType::I32 | DType::I64 | DType::U8 | DType::Bool => {
                (f32::MIN_POSITIVE / f32::EPSILON).into()
            }
        };
        Decay {
            stays,
            rest: graph.number(dtype, 1.0, "one").sub(stays),
            smallest: graph.number(dtype, smallest, "smallest"),
            zero: graph.number(dtype, 0.0, "zero"),
        }
    }

    /// `mean + (new - mean) * rest`, and 0 where that is next to nothing.
    ///
    /// The mean of a weight without gradients sinks until what it changes by in a step is below the
    /// normal numbers, and stays there. TensorFlow lets the processor flush those to 0; without that,
    /// processors take many times as long for them, step after step.
    #[track_caller]
    pub(crate) fn moved(self, mean: AnyTensor<'g>, new: AnyTensor<'g>) -> AnyTensor<'g> {
        self.without_remnants(mean.add(new.sub(mean).mul(self.rest)))
    }

    /// `mean * stays + new * rest`: the same but for rounding, and that it sinks to 0 by itself, since
    /// products below the normal numbers are 0.
    #[track_caller]
    pub(crate) fn decayed_sum(self, mean: AnyTensor<'g>, new: AnyTensor<'g>) -> AnyTensor<'g> {
        mean.mul(self.stays).add(new.mul(self.rest))
    }

    #[track_caller]
    fn without_remnants(self, x: AnyTensor<'g>) -> AnyTensor<'g> {
        let tiny = x.unary(Unary::Abs).compare(Compare::Less, self.smallest);
        tiny.select(self.zero, x)
    }
}
