//! Rates that sink by a factor, or by a share, in a number of steps.

use aqueduct_graph::ir::Binary;
use aqueduct_graph::{AnyTensor, Float, Operand, Tensor};

use super::Schedule;
use crate::hyper::Hyper;

/// Settings of [`exponential_decay_with`], [`natural_exp_decay_with`] and
/// [`inverse_time_decay_with`].
#[derive(Clone, Copy, Debug, Default)]
pub struct DecayOptions {
    staircase: bool,
}

impl DecayOptions {
    /// A rate that sinks at every step.
    pub fn new() -> DecayOptions {
        DecayOptions::default()
    }

    /// A rate that sinks every `decay_steps` steps, and stays in between.
    #[must_use]
    pub fn staircase(mut self) -> DecayOptions {
        self.staircase = true;
        self
    }
}

/// `learning_rate * decay_rate ^ (global_step / decay_steps)`: a scalar of the learning rate's type.
/// TensorFlow's `train.exponential_decay`.
///
/// `learning_rate` is a number or a scalar tensor of floats; a bare literal makes the result `f64`
/// unless `f32` is asked for, and an optimizer takes either. `global_step` is a scalar of any
/// number type. The others are numbers or scalar tensors of floats.
///
/// What is no scalar, a `decay_steps` that is not more than 0 and a `decay_rate` that is not finite
/// are mistakes.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::{
///     GradientDescent, Minimize, Optimizer, exponential_decay, get_or_create_global_step,
/// };
///
/// let g = Graph::new();
/// let w = g.variable("w", 3.0_f32);
/// let step = get_or_create_global_step(&g);
/// let rate = exponential_decay(0.1, step, 1000, 0.96);
/// let train =
///     GradientDescent::new(rate).minimize_with(w.square(), Minimize::new().global_step(step));
/// assert_eq!(rate.name(), "ExponentialDecay:0");
/// # let _ = train;
/// # assert!(g.check().is_ok());
/// ```
#[track_caller]
pub fn exponential_decay<'g, T: Float>(
    learning_rate: impl Operand<'g, T>,
    global_step: impl Into<AnyTensor<'g>>,
    decay_steps: impl Into<Hyper<'g>>,
    decay_rate: impl Into<Hyper<'g>>,
) -> Tensor<'g, T> {
    let options = DecayOptions::new();
    exponential_decay_with(learning_rate, global_step, decay_steps, decay_rate, options)
}

/// [`exponential_decay`] with settings: with `staircase` the exponent is rounded down.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::{DecayOptions, exponential_decay_with};
///
/// let g = Graph::new();
/// let step = g.untrained_variable("step", 0_i64);
/// let options = DecayOptions::new().staircase();
/// let rate = exponential_decay_with(0.1_f32, step, 1000, 0.5, options);
/// assert_eq!(rate.shape().rank(), 0);
/// ```
#[track_caller]
pub fn exponential_decay_with<'g, T: Float>(
    learning_rate: impl Operand<'g, T>,
    global_step: impl Into<AnyTensor<'g>>,
    decay_steps: impl Into<Hyper<'g>>,
    decay_rate: impl Into<Hyper<'g>>,
    options: DecayOptions,
) -> Tensor<'g, T> {
    let schedule = Schedule::open("ExponentialDecay", learning_rate, global_step.into());
    let periods = periods(&schedule, decay_steps.into(), options);
    let decay_rate = schedule.setting(decay_rate, "decay_rate");
    schedule.times(decay_rate.pow(periods))
}

/// `learning_rate * e ^ (-decay_rate * global_step / decay_steps)`. TensorFlow's
/// `train.natural_exp_decay`. Arguments and mistakes are those of [`exponential_decay`].
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::natural_exp_decay;
///
/// let g = Graph::new();
/// let step = g.untrained_variable("step", 0_i64);
/// let rate = natural_exp_decay(0.1_f32, step, 1000, 0.5);
/// assert_eq!(rate.name(), "NaturalExpDecay:0");
/// ```
#[track_caller]
pub fn natural_exp_decay<'g, T: Float>(
    learning_rate: impl Operand<'g, T>,
    global_step: impl Into<AnyTensor<'g>>,
    decay_steps: impl Into<Hyper<'g>>,
    decay_rate: impl Into<Hyper<'g>>,
) -> Tensor<'g, T> {
    let options = DecayOptions::new();
    natural_exp_decay_with(learning_rate, global_step, decay_steps, decay_rate, options)
}

/// [`natural_exp_decay`] with settings: with `staircase` `global_step / decay_steps` is rounded
/// down.
#[track_caller]
pub fn natural_exp_decay_with<'g, T: Float>(
    learning_rate: impl Operand<'g, T>,
    global_step: impl Into<AnyTensor<'g>>,
    decay_steps: impl Into<Hyper<'g>>,
    decay_rate: impl Into<Hyper<'g>>,
    options: DecayOptions,
) -> Tensor<'g, T> {
    let schedule = Schedule::open("NaturalExpDecay", learning_rate, global_step.into());
    let periods = periods(&schedule, decay_steps.into(), options);
    let decay_rate = schedule.setting(decay_rate, "decay_rate");
    schedule.times((decay_rate * periods).neg().exp())
}

/// `learning_rate / (1 + decay_rate * global_step / decay_steps)`. TensorFlow's
/// `train.inverse_time_decay`. Arguments and mistakes are those of [`exponential_decay`].
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::inverse_time_decay;
///
/// let g = Graph::new();
/// let step = g.untrained_variable("step", 0_i64);
/// let rate = inverse_time_decay(0.1_f32, step, 1000, 0.5);
/// assert_eq!(rate.name(), "InverseTimeDecay:0");
/// ```
#[track_caller]
pub fn inverse_time_decay<'g, T: Float>(
    learning_rate: impl Operand<'g, T>,
    global_step: impl Into<AnyTensor<'g>>,
    decay_steps: impl Into<Hyper<'g>>,
    decay_rate: impl Into<Hyper<'g>>,
) -> Tensor<'g, T> {
    let options = DecayOptions::new();
    inverse_time_decay_with(learning_rate, global_step, decay_steps, decay_rate, options)
}

/// [`inverse_time_decay`] with settings: with `staircase` `global_step / decay_steps` is rounded
/// down.
#[track_caller]
pub fn inverse_time_decay_with<'g, T: Float>(
    learning_rate: impl Operand<'g, T>,
    global_step: impl Into<AnyTensor<'g>>,
    decay_steps: impl Into<Hyper<'g>>,
    decay_rate: impl Into<Hyper<'g>>,
    options: DecayOptions,
) -> Tensor<'g, T> {
    let schedule = Schedule::open("InverseTimeDecay", learning_rate, global_step.into());
    let periods = periods(&schedule, decay_steps.into(), options);
    let share = schedule.setting(decay_rate, "decay_rate") * periods;
    schedule.result(schedule.rate, Binary::Div, schedule.number(1.0) + share)
}

/// How many times `decay_steps` have been made.
#[track_caller]
fn periods<'g, T: Float>(
    schedule: &Schedule<'g, T>,
    decay_steps: Hyper<'g>,
    options: DecayOptions,
) -> Tensor<'g, T> {
    let periods = schedule.step / schedule.steps(decay_steps, "decay_steps");
    if options.staircase {
        periods.floor()
    } else {
        periods
    }
}
