//! Follow the regularized leader.

use aqueduct_graph::ir::{Binary, Compare, Problem, Unary};
use aqueduct_graph::{AnyTensor, AnyVariable, DType, Graph, Operation};

use crate::gradient::Slope;
use crate::hyper::{Allowed, Hyper};
use crate::optimizer::{Optimizer, filled_slot, slot};
use crate::target::update_each;

/// [`FtrlOptimizer`] by its short name.
pub type Ftrl<'g> = FtrlOptimizer<'g>;

/// FTRL-Proximal: follows the regularized leader, and keeps weights at 0 that gain less than `l1`.
/// TensorFlow's `train.FtrlOptimizer`:
///
/// ```text
/// rate(n) = learning_rate * n^learning_rate_power
/// n' = n + gradient²
/// z += gradient + 2 * l2_shrinkage * w - (1 / rate(n') - 1 / rate(n)) * w
/// w = (sign(z) * l1 - z) / (1 / rate(n') + beta / learning_rate + 2 * l2)   where |z| > l1, else 0
/// n = n'
/// ```
///
/// `n` starts at 0.1 and `z` at 0, in variables named `<w>/Ftrl` and `<w>/Ftrl_1`. So what `w` starts at
/// counts only through the gradients that it gives. Of a sparse gradient only the rows it names are
/// touched.
///
/// McMahan et al., "Ad click prediction: a view from the trenches", 2013.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::{FtrlOptimizer, Optimizer};
///
/// let g = Graph::new();
/// let w = g.variable("w", [1.0_f32, 2.0]);
/// let optimizer = FtrlOptimizer::new(0.1).l1_regularization_strength(0.5);
/// let train = optimizer.minimize(w.square());
/// let names: Vec<String> = g.global_variables().iter().map(|variable| variable.name()).collect();
/// assert_eq!(names, ["w", "w/Ftrl", "w/Ftrl_1"]);
/// # let _ = train;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FtrlOptimizer<'g> {
    learning_rate: Hyper<'g>,
    learning_rate_power: f64,
    initial_accumulator_value: f64,
    l1_regularization_strength: f64,
    l2_regularization_strength: f64,
    l2_shrinkage_regularization_strength: f64,
    beta: f64,
}

impl<'g> FtrlOptimizer<'g> {
    /// With this learning rate (a number, or a scalar tensor of floats), a learning rate power of -0.5, an
    /// initial accumulator value of 0.1, and 0 for everything else.
    pub fn new(learning_rate: impl Into<Hyper<'g>>) -> FtrlOptimizer<'g> {
        FtrlOptimizer {
            learning_rate: learning_rate.into(),
            learning_rate_power: -0.5,
            initial_accumulator_value: 0.1,
            l1_regularization_strength: 0.0,
            l2_regularization_strength: 0.0,
            l2_shrinkage_regularization_strength: 0.0,
            beta: 0.0,
        }
    }

    /// How the learning rate decreases with the sum of squares: 0, for a fixed rate, or less.
    #[must_use]
    pub fn learning_rate_power(mut self, power: f64) -> FtrlOptimizer<'g> {
        self.learning_rate_power = power;
        self
    }

    /// What the sums of squares start at: 0 or more.
    #[must_use]
    pub fn initial_accumulator_value(mut self, value: f64) -> FtrlOptimizer<'g> {
        self.initial_accumulator_value = value;
        self
    }

    /// How far a weight must be pulled from 0 to leave it: 0 or more.
    #[must_use]
    pub fn l1_regularization_strength(mut self, strength: f64) -> FtrlOptimizer<'g> {
        self.l1_regularization_strength = strength;
        self
    }

    /// How strongly steps are held back, without a change of what they lead to: 0 or more.
    #[must_use]
    pub fn l2_regularization_strength(mut self, strength: f64) -> FtrlOptimizer<'g> {
        self.l2_regularization_strength = strength;
        self
    }

    /// How strongly large weights are penalized, as by a loss of this times their squares: 0 or more.
    #[must_use]
    pub fn l2_shrinkage_regularization_strength(mut self, strength: f64) -> FtrlOptimizer<'g> {
        self.l2_shrinkage_regularization_strength = strength;
        self
    }

    /// The paper's beta, which holds the first steps back: 0 or more.
    #[must_use]
    pub fn beta(mut self, beta: f64) -> FtrlOptimizer<'g> {
        self.beta = beta;
        self
    }

    #[track_caller]
    fn settings(&self, graph: &'g Graph, dtype: DType, rate: Hyper<'g>) -> Settings<'g> {
        let number = |number, name| graph.number(dtype, number, name);
        let rate = rate.tensor(graph, dtype, "learning_rate");
        // Where it is the usual one, a root does in place of a power.
        let power = (self.learning_rate_power != -0.5)
            .then(|| number(-self.learning_rate_power, "learning_rate_power"));
        let held = number(
            2.0 * self.l2_regularization_strength,
            "l2_regularization_strength",
        );
        let held = match self.beta {
            0.0 => held,
            beta => number(beta, "beta").div(rate).add(held),
        };
        let shrinkage = match self.l2_shrinkage_regularization_strength {
            0.0 => None,
            strength => Some(number(
                2.0 * strength,
                "l2_shrinkage_regularization_strength",
            )),
        };
        Settings {
            rate,
            power,
            l1: number(
                self.l1_regularization_strength,
                "l1_regularization_strength",
            ),
            held,
            shrinkage,
            zero: number(0.0, "zero"),
        }
    }
}

/// What [`FtrlOptimizer`] keeps of a variable from step to step.
#[derive(Clone, Copy, Debug)]
pub struct FtrlSlots<'g> {
    square_sum: AnyVariable<'g>,
    linear: AnyVariable<'g>,
}

impl<'g> Optimizer<'g> for FtrlOptimizer<'g> {
    /// Of each variable.
    type Slots = Vec<FtrlSlots<'g>>;

    fn name(&self) -> &str {
        "Ftrl"
    }

    fn check_settings(&self) -> Result<(), Problem> {
        self.learning_rate.check("learning_rate", Allowed::Finite)?;
        let power = Hyper::Number(self.learning_rate_power);
        power.check("learning_rate_power", Allowed::NotPositive)?;
        [
            ("initial_accumulator_value", self.initial_accumulator_value),
            (
                "l1_regularization_strength",
                self.l1_regularization_strength,
            ),
            (
                "l2_regularization_strength",
                self.l2_regularization_strength,
            ),
            (
                "l2_shrinkage_regularization_strength",
                self.l2_shrinkage_regularization_strength,
            ),
            ("beta", self.beta),
        ]
        .into_iter()
        .try_for_each(|(name, number)| Hyper::Number(number).check(name, Allowed::NotNegative))
    }

    #[track_caller]
    fn create_slots(&self, graph: &'g Graph, variables: &[AnyVariable<'g>]) -> Self::Slots {
        let _here = graph.here();
        let start = self.initial_accumulator_value;
        let of = |variable: &AnyVariable<'g>| FtrlSlots {
            square_sum: filled_slot(*variable, self.name(), start),
            linear: slot(*variable, self.name()),
        };
        variables.iter().map(of).collect()
    }

    #[track_caller]
    fn updates(
        &self,
        graph: &'g Graph,
        slopes: &[(Slope<'g>, AnyVariable<'g>)],
        slots: &Self::Slots,
    ) -> Vec<Operation<'g>> {
        let _here = graph.here();
        let rate = self.learning_rate.checked(graph, "learning_rate");
        let settings = |dtype| self.settings(graph, dtype, rate);
        update_each(graph, slopes, slots, settings, |target, settings, slots| {
            let (gradient, variable) = (target.gradient(), target.variable());
            let weight = target.value_of(variable);
            let old = target.value_of(slots.square_sum);
            let sum = old.add(gradient.unary(Unary::Square));
            let (before, after) = (settings.grown(old), settings.grown(sum));
            let slowed = after.sub(before).div(settings.rate).mul(weight);
            let linear = target.value_of(slots.linear);
            let linear = linear.add(settings.shrunk(gradient, weight)).sub(slowed);
            target.set(slots.square_sum, sum);
            target.set(slots.linear, linear);
            let inverse_rate = after.div(settings.rate);
            target.set(variable, settings.leader(linear, inverse_rate));
        })
    }
}

/// The settings as scalars of the type of a variable.
struct Settings<'g> {
    rate: AnyTensor<'g>,
    /// The power of the sum of squares that the learning rate is divided by; without, the root.
    power: Option<AnyTensor<'g>>,
    l1: AnyTensor<'g>,
    /// What is added to the inverse rate.
    held: AnyTensor<'g>,
    /// Twice the strength, if there is any.
    shrinkage: Option<AnyTensor<'g>>,
    zero: AnyTensor<'g>,
}

impl<'g> Settings<'g> {
    /// What the learning rate is divided by.
    #[track_caller]
    fn grown(&self, square_sum: AnyTensor<'g>) -> AnyTensor<'g> {
        match self.power {
            Some(power) => square_sum.binary(Binary::Pow, power, "Pow"),
            None => square_sum.unary(Unary::Sqrt),
        }
    }

    /// The gradient with that of the penalty of large weights.
    #[track_caller]
    fn shrunk(&self, gradient: AnyTensor<'g>, weight: AnyTensor<'g>) -> AnyTensor<'g> {
        match self.shrinkage {
            Some(shrinkage) => gradient.add(weight.mul(shrinkage)),
            None => gradient,
        }
    }

    /// The weight at which what has been gathered is least.
    #[track_caller]
    fn leader(&self, linear: AnyTensor<'g>, inverse_rate: AnyTensor<'g>) -> AnyTensor<'g> {
        let pulled = linear.unary(Unary::Sign).mul(self.l1).sub(linear);
        let weight = pulled.div(inverse_rate.add(self.held));
        let leaves = linear.unary(Unary::Abs).compare(Compare::Greater, self.l1);
        leaves.select(weight, self.zero)
    }
}
