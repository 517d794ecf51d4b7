//! Rates that follow the cosine of a half turn.

use std::f64::consts::PI;

use aqueduct_graph::{AnyTensor, Float, Operand, Tensor};

use super::Schedule;
use crate::hyper::Hyper;

/// Settings of [`cosine_decay_with`].
#[derive(Clone, Copy, Debug, Default)]
pub struct CosineDecayOptions {
    alpha: f64,
}

impl CosineDecayOptions {
    /// Down to 0.
    pub fn new() -> CosineDecayOptions {
        CosineDecayOptions::default()
    }

    /// The share of the learning rate that stays at the end.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> CosineDecayOptions {
        self.alpha = alpha;
        self
    }
}

/// A rate that goes along a cosine down to 0 in `decay_steps` steps, and stays there: a scalar of
/// the learning rate's type. TensorFlow's `train.cosine_decay`.
///
/// With `s` the count of steps, no more than `decay_steps`, it is
/// `learning_rate * (1 + cos(pi * s / decay_steps)) / 2`
/// ([Loshchilov and Hutter, 2016](https://arxiv.org/abs/1608.03983)). Arguments and mistakes are
/// those of [`exponential_decay`](crate::exponential_decay).
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::cosine_decay;
///
/// let g = Graph::new();
/// let step = g.untrained_variable("step", 0_i64);
/// let rate = cosine_decay(0.1_f32, step, 1000);
/// assert_eq!(rate.name(), "CosineDecay:0");
/// ```
#[track_caller]
pub fn cosine_decay<'g, T: Float>(
    learning_rate: impl Operand<'g, T>,
    global_step: impl Into<AnyTensor<'g>>,
    decay_steps: impl Into<Hyper<'g>>,
) -> Tensor<'g, T> {
    let options = CosineDecayOptions::new();
    cosine_decay_with(learning_rate, global_step, decay_steps, options)
}

/// [`cosine_decay`] with settings: of the rate's factor `f` it makes `(1 - alpha) * f + alpha`.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::{CosineDecayOptions, cosine_decay_with};
///
/// let g = Graph::new();
/// let step = g.untrained_variable("step", 0_i64);
/// let rate = cosine_decay_with(0.1_f32, step, 1000, CosineDecayOptions::new().alpha(0.1));
/// assert_eq!(rate.shape().rank(), 0);
/// ```
#[track_caller]
pub fn cosine_decay_with<'g, T: Float>(
    learning_rate: impl Operand<'g, T>,
    global_step: impl Into<AnyTensor<'g>>,
    decay_steps: impl Into<Hyper<'g>>,
    options: CosineDecayOptions,
) -> Tensor<'g, T> {
    let schedule = Schedule::open("CosineDecay", learning_rate, global_step.into());
    let done = share_done(&schedule, decay_steps.into());
    let factor = half_wave(&schedule, done);
    schedule.times(above(&schedule, options.alpha, factor))
}

/// Settings of [`cosine_decay_restarts_with`].
#[derive(Clone, Copy, Debug)]
pub struct CosineDecayRestartsOptions {
    t_mul: f64,
    m_mul: f64,
    alpha: f64,
}

impl CosineDecayRestartsOptions {
    /// Each period is twice as long as the one before, starts from the whole learning rate and ends
    /// at 0.
    pub fn new() -> CosineDecayRestartsOptions {
        CosineDecayRestartsOptions {
            t_mul: 2.0,
            m_mul: 1.0,
            alpha: 0.0,
        }
    }

    /// How much longer each period is than the one before. Less than 1, the periods have an end
    /// together, `first_decay_steps / (1 - t_mul)` steps after the start; the rate is NaN from then
    /// on.
    #[must_use]
    pub fn t_mul(mut self, t_mul: f64) -> CosineDecayRestartsOptions {
        self.t_mul = t_mul;
        self
    }

    /// By what the rate that a period starts from is multiplied for the next.
    #[must_use]
    pub fn m_mul(mut self, m_mul: f64) -> CosineDecayRestartsOptions {
        self.m_mul = m_mul;
        self
    }

    /// The share of the learning rate that stays at the end of a period.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> CosineDecayRestartsOptions {
        self.alpha = alpha;
        self
    }
}

impl Default for CosineDecayRestartsOptions {
    fn default() -> Self {
        CosineDecayRestartsOptions::new()
    }
}

/// A rate that goes along a cosine down to 0 and starts again, the first time after
/// `first_decay_steps` steps and then after twice as long each time: a scalar of the learning
/// rate's type. TensorFlow's `train.cosine_decay_restarts`
/// ([Loshchilov and Hutter, 2016](https://arxiv.org/abs/1608.03983)).
///
/// Arguments and mistakes are those of [`exponential_decay`](crate::exponential_decay). Which
/// period a step is of is found by logarithms, so that rounding may move a restart by a step.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::cosine_decay_restarts;
///
/// let g = Graph::new();
/// let step = g.untrained_variable("step", 0_i64);
/// let rate = cosine_decay_restarts(0.1_f32, step, 1000);
/// assert_eq!(rate.name(), "SGDRDecay:0");
/// ```
#[track_caller]
pub fn cosine_decay_restarts<'g, T: Float>(
    learning_rate: impl Operand<'g, T>,
    global_step: impl Into<AnyTensor<'g>>,
    first_decay_steps: impl Into<Hyper<'g>>,
) -> Tensor<'g, T> {
    let options = CosineDecayRestartsOptions::new();
    cosine_decay_restarts_with(learning_rate, global_step, first_decay_steps, options)
}

/// [`cosine_decay_restarts`] with settings. `t_mul` must be more than 0.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::{CosineDecayRestartsOptions, cosine_decay_restarts_with};
///
/// let g = Graph::new();
/// let step = g.untrained_variable("step", 0_i64);
/// let options = CosineDecayRestartsOptions::new().t_mul(1.0).m_mul(0.5).alpha(0.1);
/// let rate = cosine_decay_restarts_with(0.1_f32, step, 1000, options);
/// assert_eq!(rate.shape().rank(), 0);
/// ```
#[track_caller]
pub fn cosine_decay_restarts_with<'g, T: Float>(
    learning_rate: impl Operand<'g, T>,
    global_step: impl Into<AnyTensor<'g>>,
    first_decay_steps: impl Into<Hyper<'g>>,
    options: CosineDecayRestartsOptions,
) -> Tensor<'g, T> {
    let schedule = Schedule::open("SGDRDecay", learning_rate, global_step.into());
    let periods = schedule.step / schedule.steps(first_decay_steps, "first_decay_steps");
    let growth = schedule.steps(options.t_mul, "t_mul");
    let one = schedule.number(1.0);
    let (restarts, done) = if options.t_mul == 1.0 {
        let restarts = periods.floor();
        (restarts, periods - restarts)
    } else {
        let logarithm = (one - periods * (one - growth)).log();
        let restarts = (logarithm / growth.log()).floor();
        let length = growth.pow(restarts);
        let before = (one - length) / (one - growth);
        (restarts, (periods - before) / length)
    };
    let peak = schedule.setting(options.m_mul, "m_mul").pow(restarts);
    let factor = peak * half_wave(&schedule, done);
    schedule.times(above(&schedule, options.alpha, factor))
}

/// Settings of [`linear_cosine_decay_with`].
#[derive(Clone, Copy, Debug)]
pub struct LinearCosineDecayOptions {
    num_periods: f64,
    alpha: f64,
    beta: f64,
}

impl LinearCosineDecayOptions {
    /// Half a turn, `alpha` 0, `beta` 0.001.
    pub fn new() -> LinearCosineDecayOptions {
        LinearCosineDecayOptions {
            num_periods: 0.5,
            alpha: 0.0,
            beta: 0.001,
        }
    }

    /// How many turns the cosine makes.
    #[must_use]
    pub fn num_periods(mut self, num_periods: f64) -> LinearCosineDecayOptions {
        self.num_periods = num_periods;
        self
    }

    /// What is added to the share of steps that are left.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> LinearCosineDecayOptions {
        self.alpha = alpha;
        self
    }

    /// The share of the learning rate that is added at every step.
    #[must_use]
    pub fn beta(mut self, beta: f64) -> LinearCosineDecayOptions {
        self.beta = beta;
        self
    }
}

impl Default for LinearCosineDecayOptions {
    fn default() -> Self {
        LinearCosineDecayOptions::new()
    }
}

/// A rate that goes down to almost 0 in `decay_steps` steps, along a cosine times a straight line: a
/// scalar of the learning rate's type. TensorFlow's `train.linear_cosine_decay`
/// ([Bello and others, 2017](https://arxiv.org/abs/1709.07417)).
///
/// Arguments and mistakes are those of [`exponential_decay`](crate::exponential_decay).
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::linear_cosine_decay;
///
/// let g = Graph::new();
/// let step = g.untrained_variable("step", 0_i64);
/// let rate = linear_cosine_decay(0.1_f32, step, 1000);
/// assert_eq!(rate.name(), "LinearCosineDecay:0");
/// ```
#[track_caller]
pub fn linear_cosine_decay<'g, T: Float>(
    learning_rate: impl Operand<'g, T>,
    global_step: impl Into<AnyTensor<'g>>,
    decay_steps: impl Into<Hyper<'g>>,
) -> Tensor<'g, T> {
    let options = LinearCosineDecayOptions::new();
    linear_cosine_decay_with(learning_rate, global_step, decay_steps, options)
}

/// [`linear_cosine_decay`] with settings. With `p = min(global_step, decay_steps) / decay_steps`:
///
/// ```text
/// learning_rate * ((alpha + 1 - p) * (1 + cos(2 * pi * num_periods * p)) / 2 + beta)
/// ```
#[track_caller]
pub fn linear_cosine_decay_with<'g, T: Float>(
    learning_rate: impl Operand<'g, T>,
    global_step: impl Into<AnyTensor<'g>>,
    decay_steps: impl Into<Hyper<'g>>,
    options: LinearCosineDecayOptions,
) -> Tensor<'g, T> {
    let schedule = Schedule::open("LinearCosineDecay", learning_rate, global_step.into());
    let done = share_done(&schedule, decay_steps.into());
    let halves = schedule.setting(2.0 * options.num_periods, "num_periods");
    let [alpha, beta] = [(options.alpha, "alpha"), (options.beta, "beta")]
        .map(|(number, name)| schedule.setting(number, name));
    let line = alpha + (schedule.number(1.0) - done);
    schedule.times(line * half_wave(&schedule, halves * done) + beta)
}

/// The share of the steps that has been made, at most 1.
#[track_caller]
fn share_done<'g, T: Float>(schedule: &Schedule<'g, T>, decay_steps: Hyper<'g>) -> Tensor<'g, T> {
    let decay_steps = schedule.steps(decay_steps, "decay_steps");
    schedule.step.minimum(decay_steps) / decay_steps
}

/// `(1 + cos(pi * x)) / 2`: from 1 at 0 down to 0 at 1.
#[track_caller]
fn half_wave<'g, T: Float>(schedule: &Schedule<'g, T>, x: Tensor<'g, T>) -> Tensor<'g, T> {
    let [half, one, pi] = [0.5, 1.0, PI].map(|number| schedule.number(number));
    half * (one + (pi * x).cos())
}

/// The factor squeezed between `alpha` and 1.
#[track_caller]
fn above<'g, T: Float>(
    schedule: &Schedule<'g, T>,
    alpha: f64,
    factor: Tensor<'g, T>,
) -> Tensor<'g, T> {
    let alpha = schedule.setting(alpha, "alpha");
    (schedule.number(1.0) - alpha) * factor + alpha
}
