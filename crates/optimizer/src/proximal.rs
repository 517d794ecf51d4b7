//! What the proximal optimizers share: a step towards smaller weights, after each step of descent.

use aqueduct_graph::ir::{Binary, Problem, Unary};
use aqueduct_graph::{AnyTensor, DType, Graph};

use crate::hyper::{Allowed, Hyper};

/// How strongly weights are pulled to 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Penalty {
    pub(crate) l1: f64,
    pub(crate) l2: f64,
}

impl Penalty {
    pub(crate) const NONE: Penalty = Penalty { l1: 0.0, l2: 0.0 };

    pub(crate) fn check(self) -> Result<(), Problem> {
        let [l1, l2] = [self.l1, self.l2].map(Hyper::Number);
        l1.check("l1_regularization_strength", Allowed::NotNegative)?;
        l2.check("l2_regularization_strength", Allowed::NotNegative)
    }

    /// The strengths as scalars of the type of a variable.
    #[track_caller]
    pub(crate) fn scalars<'g>(self, graph: &'g Graph, dtype: DType) -> Scalars<'g> {
        Scalars {
            l1: graph.number(dtype, self.l1, "l1_regularization_strength"),
            l2: graph.number(dtype, self.l2, "l2_regularization_strength"),
            zero: graph.number(dtype, 0.0, "zero"),
            one: graph.number(dtype, 1.0, "one"),
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Scalars<'g> {
    l1: AnyTensor<'g>,
    l2: AnyTensor<'g>,
    zero: AnyTensor<'g>,
    one: AnyTensor<'g>,
}

impl<'g> Scalars<'g> {
    /// `sign(w) * max(|w| - rate * l1, 0) / (1 + rate * l2)`.
    #[track_caller]
    pub(crate) fn pulled(self, weight: AnyTensor<'g>, rate: AnyTensor<'g>) -> AnyTensor<'g> {
        let left = weight.unary(Unary::Abs).sub(rate.mul(self.l1));
        let left = left.binary(Binary::Maximum, self.zero, "Maximum");
        let shrunk = left.div(self.one.add(rate.mul(self.l2)));
        weight.unary(Unary::Sign).mul(shrunk)
    }
}
