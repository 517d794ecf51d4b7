//! Ops of a user's own that do what they should not.

use std::sync::Arc;

use aqueduct::ir::{Fact, Problem};
use aqueduct::prelude::*;
use aqueduct::{Computation, CustomError, CustomGradient, CustomOp};
use ndarray::{ArrayD, ArrayViewD, IxDyn};

use crate::scene::Scene;

/// What an op does wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Way {
    Nothing,
    RulePanics,
    RuleGivesTooMany,
    RuleGivesAnotherType,
    RuleGivesHugeSizes,
    KernelPanics,
    KernelGivesNothing,
    KernelGivesAnotherType,
    KernelReadsWhatIsNotThere,
    GradientIsTooShort,
    GradientIsOfAnotherShape,
    ManyOutputs,
}

pub(crate) const WAYS: [Way; 12] = [
    Way::Nothing,
    Way::RulePanics,
    Way::RuleGivesTooMany,
    Way::RuleGivesAnotherType,
    Way::RuleGivesHugeSizes,
    Way::KernelPanics,
    Way::KernelGivesNothing,
    Way::KernelGivesAnotherType,
    Way::KernelReadsWhatIsNotThere,
    Way::GradientIsTooShort,
    Way::GradientIsOfAnotherShape,
    Way::ManyOutputs,
];

#[derive(Debug)]
pub(crate) struct Misbehaving(Way);

impl Misbehaving {
    pub(crate) fn new(way: Way) -> Arc<Misbehaving> {
        Arc::new(Misbehaving(way))
    }
}

impl CustomOp for Misbehaving {
    fn name(&self) -> &str {
        "misbehaving"
    }

    #[expect(clippy::panic, reason = "that is what is wrong with it")]
    fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
        let Some(first) = inputs.first() else {
            return Err(Problem::argument("it has no operand"));
        };
        Ok(match self.0 {
            Way::RulePanics => panic!("the rule panics"),
            Way::RuleGivesTooMany => vec![first.clone(), first.clone()],
            Way::RuleGivesAnotherType => vec![Fact::new(DType::Bool, first.shape.clone())],
            Way::RuleGivesHugeSizes => {
                vec![Fact::new(first.dtype, shape![1_usize << 40, 1_usize << 40])]
            }
            Way::KernelGivesNothing => vec![Fact::new(first.dtype, shape![?])],
            _ => vec![first.clone()],
        })
    }

    #[expect(clippy::panic, reason = "that is what is wrong with it")]
    fn compute(&self, run: &mut Computation<'_>) -> Result<(), CustomError> {
        match self.0 {
            Way::KernelPanics => panic!("the kernel panics"),
            Way::KernelGivesAnotherType => run.give(0, ArrayD::<u8>::zeros(IxDyn(&[3])))?,
            Way::KernelReadsWhatIsNotThere => {
                run.input::<u8>(99)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn output_count(&self) -> usize {
        if self.0 == Way::ManyOutputs { 3 } else { 1 }
    }

    fn gradient(&self) -> CustomGradient {
        match self.0 {
            Way::GradientIsTooShort => CustomGradient::flows(|_| Vec::new()),
            Way::GradientIsOfAnotherShape => CustomGradient::flows(|step| {
                vec![Some(step.grads()[0].reshape([-1]).expand_dims(0))]
            }),
            _ => CustomGradient::flows(|step| vec![Some(step.grads()[0])]),
        }
    }
}

/// Closures that give another shape, or fail.
pub(crate) fn closures<'g>(s: &Scene<'g>) -> [Tensor<'g, f32>; 2] {
    let x = s.f();
    let other_shape = s
        .graph
        .closure(&s.name(), x, s.shape(), |x: ArrayViewD<'_, f32>| {
            Ok::<_, CustomError>(x.to_owned().insert_axis(ndarray::Axis(0)))
        });
    let failing = s
        .graph
        .closure("fails", x, x.shape(), |_: ArrayViewD<'_, f32>| {
            Err::<ArrayD<f32>, CustomError>("it fails".into())
        });
    [other_shape, failing]
}
