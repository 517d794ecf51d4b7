//! Adagrad.

use aqueduct_graph::ir::{Problem, Unary};
use aqueduct_graph::{AnyTensor, AnyVariable, Graph, Operation};

use crate::gradient::Slope;
use crate::hyper::{Allowed, Hyper};
use crate::optimizer::{Optimizer, filled_slot};
use crate::target::{Target, update_each};

/// [`AdagradOptimizer`] by its short name.
pub type Adagrad<'g> = AdagradOptimizer<'g>;

/// Adagrad: the more an element has been moved, the less it is moved. TensorFlow's
/// `train.AdagradOptimizer`:
///
/// ```text
/// a += gradient²
/// w -= learning_rate * gradient / sqrt(a)
/// ```
///
/// There is no epsilon; `a` starts at 0.1, in a variable named `<w>/Adagrad`. Of a sparse gradient only
/// the rows it names are touched.
///
/// Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic
/// optimization", 2011.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::{AdagradOptimizer, Optimizer};
///
/// let g = Graph::new();
/// let w = g.variable("w", [1.0_f32, 2.0]);
/// let optimizer = AdagradOptimizer::new(0.5).initial_accumulator_value(1.0);
/// let train = optimizer.minimize(w.square());
/// assert_eq!(g.global_variables()[1].name(), "w/Adagrad");
/// # let _ = train;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AdagradOptimizer<'g> {
    learning_rate: Hyper<'g>,
    initial_accumulator_value: f64,
}

impl<'g> AdagradOptimizer<'g> {
    /// With this learning rate (a number, or a scalar tensor of floats) and an initial accumulator value of
    /// 0.1.
    pub fn new(learning_rate: impl Into<Hyper<'g>>) -> AdagradOptimizer<'g> {
        AdagradOptimizer {
            learning_rate: learning_rate.into(),
            initial_accumulator_value: 0.1,
        }
    }

    /// What the sums of squares start at: more than 0.
    #[must_use]
    pub fn initial_accumulator_value(mut self, value: f64) -> AdagradOptimizer<'g> {
        self.initial_accumulator_value = value;
        self
    }

    /// The sums of squares, under the name of the optimizer that they are for.
    #[track_caller]
    pub(crate) fn slots(&self, variables: &[AnyVariable<'g>], name: &str) -> Vec<AnyVariable<'g>> {
        let start = self.initial_accumulator_value;
        let of = |variable: &AnyVariable<'g>| filled_slot(*variable, name, start);
        variables.iter().map(of).collect()
    }

    #[track_caller]
    pub(crate) fn learning_rate(&self, graph: &'g Graph) -> Hyper<'g> {
        self.learning_rate.checked(graph, "learning_rate")
    }
}

/// Adds to the sums of squares; gives the learning rate of each element.
#[track_caller]
pub(crate) fn slowed<'g>(
    target: &mut Target<'g>,
    slot: AnyVariable<'g>,
    learning_rate: AnyTensor<'g>,
) -> AnyTensor<'g> {
    let squares = target.gradient().unary(Unary::Square);
    let sum = target.value_of(slot).add(squares);
    target.set(slot, sum);
    learning_rate.mul(sum.unary(Unary::Rsqrt))
}

impl<'g> Optimizer<'g> for AdagradOptimizer<'g> {
    /// The sum of squares for each variable.
    type Slots = Vec<AnyVariable<'g>>;

    fn name(&self) -> &str {
        "Adagrad"
    }

    fn check_settings(&self) -> Result<(), Problem> {
        let start = Hyper::Number(self.initial_accumulator_value);
        self.learning_rate.check("learning_rate", Allowed::Finite)?;
        start.check("initial_accumulator_value", Allowed::Positive)
    }

    #[track_caller]
    fn create_slots(&self, graph: &'g Graph, variables: &[AnyVariable<'g>]) -> Self::Slots {
        let _here = graph.here();
        self.slots(variables, self.name())
    }

    #[track_caller]
    fn updates(
        &self,
        graph: &'g Graph,
        slopes: &[(Slope<'g>, AnyVariable<'g>)],
        slots: &Self::Slots,
    ) -> Vec<Operation<'g>> {
        let _here = graph.here();
        let rate = self.learning_rate(graph);
        let settings = |dtype| rate.tensor(graph, dtype, "learning_rate");
        update_each(graph, slopes, slots, settings, |target, rate, slot| {
            let rate = slowed(target, *slot, *rate);
            target.subtract(target.gradient().mul(rate));
        })
    }
}
