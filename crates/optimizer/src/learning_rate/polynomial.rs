//! A rate that goes to an end rate along a power of the steps that are left.

use aqueduct_graph::ir::Binary;
use aqueduct_graph::{AnyTensor, Float, Operand, Tensor};

use super::Schedule;
use crate::hyper::Hyper;

/// Settings of [`polynomial_decay_with`].
#[derive(Clone, Copy, Debug)]
pub struct PolynomialDecayOptions<'g> {
    end_learning_rate: Hyper<'g>,
    power: Hyper<'g>,
    cycle: bool,
}

impl<'g> PolynomialDecayOptions<'g> {
    /// A straight line that ends at 0.0001.
    pub fn new() -> PolynomialDecayOptions<'g> {
        PolynomialDecayOptions {
            end_learning_rate: Hyper::Number(0.0001),
            power: Hyper::Number(1.0),
            cycle: false,
        }
    }

    /// The rate at the end.
    #[must_use]
    pub fn end_learning_rate(mut self, rate: impl Into<Hyper<'g>>) -> PolynomialDecayOptions<'g> {
        self.end_learning_rate = rate.into();
        self
    }

    /// The power of the share of steps that is left: 1 is a straight line, 0.5 a root.
    #[must_use]
    pub fn power(mut self, power: impl Into<Hyper<'g>>) -> PolynomialDecayOptions<'g> {
        self.power = power.into();
        self
    }

    /// Begins again each time the end is reached: the time to the end is the first multiple of
    /// `decay_steps` that is not less than the count of steps.
    #[must_use]
    pub fn cycle(mut self) -> PolynomialDecayOptions<'g> {
        self.cycle = true;
        self
    }
}

impl Default for PolynomialDecayOptions<'_> {
    fn default() -> Self {
        PolynomialDecayOptions::new()
    }
}

/// A rate that goes in `decay_steps` steps straight to 0.0001, and stays there: a scalar of the
/// learning rate's type. TensorFlow's `train.polynomial_decay`.
///
/// Arguments and mistakes are those of [`exponential_decay`](crate::exponential_decay).
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::polynomial_decay;
///
/// let g = Graph::new();
/// let step = g.untrained_variable("step", 0_i64);
/// let rate = polynomial_decay(0.1_f32, step, 1000);
/// assert_eq!(rate.name(), "PolynomialDecay:0");
/// ```
#[track_caller]
pub fn polynomial_decay<'g, T: Float>(
    learning_rate: impl Operand<'g, T>,
    global_step: impl Into<AnyTensor<'g>>,
    decay_steps: impl Into<Hyper<'g>>,
) -> Tensor<'g, T> {
    let options = PolynomialDecayOptions::new();
    polynomial_decay_with(learning_rate, global_step, decay_steps, options)
}

/// [`polynomial_decay`] with settings. With `s` the count of steps, no more than `decay_steps`:
///
/// ```text
/// (learning_rate - end_learning_rate) * (1 - s / decay_steps) ^ power + end_learning_rate
/// ```
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::{PolynomialDecayOptions, polynomial_decay_with};
///
/// let g = Graph::new();
/// let step = g.untrained_variable("step", 0_i64);
/// let options = PolynomialDecayOptions::new().end_learning_rate(0.01).power(0.5).cycle();
/// let rate = polynomial_decay_with(0.1_f32, step, 1000, options);
/// assert_eq!(rate.shape().rank(), 0);
/// ```
#[track_caller]
pub fn polynomial_decay_with<'g, T: Float>(
    learning_rate: impl Operand<'g, T>,
    global_step: impl Into<AnyTensor<'g>>,
    decay_steps: impl Into<Hyper<'g>>,
    options: PolynomialDecayOptions<'g>,
) -> Tensor<'g, T> {
    let schedule = Schedule::open("PolynomialDecay", learning_rate, global_step.into());
    let decay_steps = schedule.steps(decay_steps, "decay_steps");
    let end = schedule.setting(options.end_learning_rate, "end_learning_rate");
    let power = schedule.setting(options.power, "power");
    let step = schedule.step;
    let done = if options.cycle {
        let (zero, one) = (schedule.number(0.0), schedule.number(1.0));
        let cycles = (step / decay_steps).ceil();
        // At the very start no cycle has begun.
        let cycles = step.equal(zero).select(one, cycles);
        step / (decay_steps * cycles)
    } else {
        step.minimum(decay_steps) / decay_steps
    };
    let left = schedule.number(1.0) - done;
    let above_end = (schedule.rate - end) * left.pow(power);
    schedule.result(above_end, Binary::Add, end)
}
