//! Adagrad by dual averaging.

use aqueduct_graph::ir::{Binary, Problem, Unary};
use aqueduct_graph::{AnyTensor, AnyVariable, DType, Graph, Operation, Variable};

use crate::gradient::Slope;
use crate::hyper::{Allowed, Hyper};
use crate::optimizer::{Optimizer, filled_slot, slot};
use crate::proximal::Penalty;
use crate::target::update_each;

/// [`AdagradDaOptimizer`] by its short name.
pub type AdagradDa<'g> = AdagradDaOptimizer<'g>;

/// Adagrad by dual averaging: weights follow from the sum of all gradients, so that a penalty of weights
/// keeps many at exactly 0. TensorFlow's `train.AdagradDAOptimizer`:
///
/// ```text
/// t = global_step + 1
/// z += gradient
/// n += gradient²
/// w = -learning_rate * sign(z) * max(|z| - l1 * t, 0) / (l2 * t * learning_rate + sqrt(n))
/// ```
///
/// What `w` starts at counts only through the gradients that it gives. `z` starts at 0 and `n` at 0.1, in
/// variables named `<w>/AdagradDA` and `<w>/AdagradDA_1`. Of a sparse gradient only the rows it names are
/// touched.
///
/// Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic
/// optimization", 2011.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::{
///     AdagradDaOptimizer, Minimize, Optimizer, get_or_create_global_step,
/// };
///
/// let g = Graph::new();
/// let w = g.variable("w", [1.0_f32, 2.0]);
/// let step = get_or_create_global_step(&g);
/// let optimizer = AdagradDaOptimizer::new(0.1, step).l1_regularization_strength(0.01);
/// let train = optimizer.minimize_with(w.square(), Minimize::new().global_step(step));
/// assert_eq!(train.name(), "AdagradDA");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AdagradDaOptimizer<'g> {
    learning_rate: Hyper<'g>,
    global_step: Variable<'g, i64>,
    initial_gradient_squared_accumulator_value: f64,
    penalty: Penalty,
}

impl<'g> AdagradDaOptimizer<'g> {
    /// With this learning rate (a number, or a scalar tensor of floats), this count of the steps before,
    /// which the training has to be given too, an initial value of `n` of 0.1, and no penalty.
    pub fn new(
        learning_rate: impl Into<Hyper<'g>>,
        global_step: Variable<'g, i64>,
    ) -> AdagradDaOptimizer<'g> {
        AdagradDaOptimizer {
            learning_rate: learning_rate.into(),
            global_step,
            initial_gradient_squared_accumulator_value: 0.1,
            penalty: Penalty::NONE,
        }
    }

    /// What the sums of squares start at: more than 0.
    #[must_use]
    pub fn initial_gradient_squared_accumulator_value(mut self, value: f64) -> Self {
        self.initial_gradient_squared_accumulator_value = value;
        self
    }

    /// How large the mean gradient of a weight must be for it to leave 0: 0 or more.
    #[must_use]
    pub fn l1_regularization_strength(mut self, strength: f64) -> Self {
        self.penalty.l1 = strength;
        self
    }

    /// How strongly large weights are held back: 0 or more.
    #[must_use]
    pub fn l2_regularization_strength(mut self, strength: f64) -> Self {
        self.penalty.l2 = strength;
        self
    }

    #[track_caller]
    fn settings(&self, rate: Hyper<'g>, step: AnyTensor<'g>, dtype: DType) -> Settings<'g> {
        let graph = step.graph();
        let number = |number, name| graph.number(dtype, number, name);
        let rate = rate.tensor(graph, dtype, "learning_rate");
        let step = step.cast(dtype).add(number(1.0, "one"));
        let l1 = number(self.penalty.l1, "l1_regularization_strength");
        let l2 = number(self.penalty.l2, "l2_regularization_strength");
        Settings {
            rate,
            threshold: l1.mul(step),
            held: l2.mul(step).mul(rate),
            zero: number(0.0, "zero"),
        }
    }
}

/// What [`AdagradDaOptimizer`] keeps of a variable from step to step.
#[derive(Clone, Copy, Debug)]
pub struct AdagradDaSlots<'g> {
    sum: AnyVariable<'g>,
    square_sum: AnyVariable<'g>,
}

impl<'g> Optimizer<'g> for AdagradDaOptimizer<'g> {
    /// Of each variable.
    type Slots = Vec<AdagradDaSlots<'g>>;

    fn name(&self) -> &str {
        "AdagradDA"
    }

    fn check_settings(&self) -> Result<(), Problem> {
        self.learning_rate.check("learning_rate", Allowed::Finite)?;
        let start = Hyper::Number(self.initial_gradient_squared_accumulator_value);
        let name = "initial_gradient_squared_accumulator_value";
        start.check(name, Allowed::Positive)?;
        self.penalty.check()
    }

    #[track_caller]
    fn create_slots(&self, graph: &'g Graph, variables: &[AnyVariable<'g>]) -> Self::Slots {
        let _here = graph.here();
        let start = self.initial_gradient_squared_accumulator_value;
        let of = |variable: &AnyVariable<'g>| AdagradDaSlots {
            sum: slot(*variable, self.name()),
            square_sum: filled_slot(*variable, self.name(), start),
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
        let step = graph.own(self.global_step.value().any(), "global_step");
        let settings = |dtype| self.settings(rate, step, dtype);
        update_each(graph, slopes, slots, settings, |target, settings, slots| {
            let (gradient, variable) = (target.gradient(), target.variable());
            let sum = target.value_of(slots.sum).add(gradient);
            let square = gradient.unary(Unary::Square);
            let square_sum = target.value_of(slots.square_sum).add(square);
            target.set(slots.sum, sum);
            target.set(slots.square_sum, square_sum);
            target.set(variable, settings.weight(sum, square_sum));
        })
    }
}

/// The settings as scalars of the type of a variable, at this step.
struct Settings<'g> {
    rate: AnyTensor<'g>,
    /// How large a sum must be for its weight to leave 0.
    threshold: AnyTensor<'g>,
    /// What is added to the root of the sum of squares.
    held: AnyTensor<'g>,
    zero: AnyTensor<'g>,
}

impl<'g> Settings<'g> {
    #[track_caller]
    fn weight(&self, sum: AnyTensor<'g>, square_sum: AnyTensor<'g>) -> AnyTensor<'g> {
        let beyond = sum.unary(Unary::Abs).sub(self.threshold);
        let beyond = beyond.binary(Binary::Maximum, self.zero, "Maximum");
        let distance = sum.unary(Unary::Sign).mul(beyond).mul(self.rate);
        let slowed = square_sum.unary(Unary::Sqrt).add(self.held);
        distance.unary(Unary::Neg).div(slowed)
    }
}
