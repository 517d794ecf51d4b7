//! The cases: functions of tensors, with the shapes of these and the ranges of their values.

mod arrays;
mod compositions;
mod control;
mod extensions;
mod images;
mod indices;
mod losses;
mod math;
mod nn;
mod norms;
mod reductions;
mod segments;
mod whiles;

use aqueduct::prelude::*;
use aqueduct_tests::Tolerance;

pub(crate) use arrays::arrays;
pub(crate) use compositions::compositions;
pub(crate) use control::control;
pub(crate) use extensions::extensions;
pub(crate) use images::images;
pub(crate) use indices::indices;
pub(crate) use losses::losses;
pub(crate) use math::math;
pub(crate) use nn::nn;
pub(crate) use norms::norms;
pub(crate) use reductions::reductions;
pub(crate) use segments::segments;
pub(crate) use whiles::whiles;

pub(crate) type X = Tensor<'static, f64>;

type Build = dyn Fn(&[X]) -> X;

/// A function that can be differentiated, and where.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) inputs: Vec<Input>,
    pub(crate) build: Box<Build>,
    /// The step of the finite differences.
    pub(crate) step: f64,
    pub(crate) tolerance: Tolerance,
}

/// An operand: its sizes, and the range of its values.
#[derive(Clone)]
pub(crate) struct Input {
    pub(crate) sizes: Vec<usize>,
    pub(crate) range: (f64, f64),
    /// The axes whose sizes are always known while building.
    pub(crate) known: Vec<usize>,
}

impl Input {
    fn within(mut self, low: f64, high: f64) -> Input {
        self.range = (low, high);
        self
    }

    fn known(mut self, axis: usize) -> Input {
        self.known.push(axis);
        self
    }
}

fn input<const N: usize>(sizes: [usize; N]) -> Input {
    sized(sizes.to_vec())
}

fn sized(sizes: Vec<usize>) -> Input {
    Input {
        sizes,
        range: (-1.0, 1.0),
        known: Vec::new(),
    }
}

fn case<const N: usize>(
    name: impl Into<String>,
    inputs: [Input; N],
    build: impl Fn(&[X]) -> X + 'static,
) -> Case {
    Case {
        name: name.into(),
        inputs: inputs.to_vec(),
        build: Box::new(build),
        step: 1e-5,
        tolerance: Tolerance {
            relative: 1e-6,
            absolute: 1e-8,
        },
    }
}

pub(crate) fn all() -> Vec<Case> {
    let mut cases = math();
    cases.extend(arrays());
    cases.extend(indices());
    cases.extend(reductions());
    cases.extend(segments());
    cases.extend(nn());
    cases.extend(losses());
    cases.extend(norms());
    cases.extend(images());
    cases.extend(compositions());
    cases.extend(control());
    cases.extend(whiles());
    cases.extend(extensions());
    cases
}
