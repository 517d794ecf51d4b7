//! Adagrad with penalties that make weights exactly 0.

use aqueduct_graph::ir::Problem;
use aqueduct_graph::{AnyVariable, DType, Graph, Operation};

use crate::adagrad::{AdagradOptimizer, slowed};
use crate::gradient::Slope;
use crate::hyper::Hyper;
use crate::optimizer::Optimizer;
use crate::proximal::Penalty;
use crate::target::update_each;

/// [`ProximalAdagradOptimizer`] by its short name.
pub type ProximalAdagrad<'g> = ProximalAdagradOptimizer<'g>;

/// Adagrad, each step followed by a pull towards 0. TensorFlow's `train.ProximalAdagradOptimizer`:
///
/// ```text
/// a += gradient²
/// rate = learning_rate / sqrt(a)
/// p = w - rate * gradient
/// w = sign(p) * max(|p| - rate * l1, 0) / (1 + rate * l2)
/// ```
///
/// `a` starts at 0.1, in a variable named `<w>/ProximalAdagrad`. Of a sparse gradient only the rows it
/// names are touched.
///
/// Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic
/// optimization", 2011.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::{Optimizer, ProximalAdagradOptimizer};
///
/// let g = Graph::new();
/// let w = g.variable("w", [1.0_f32, 2.0]);
/// let optimizer = ProximalAdagradOptimizer::new(0.5).l1_regularization_strength(0.01);
/// let train = optimizer.minimize(w.square());
/// assert_eq!(g.global_variables()[1].name(), "w/ProximalAdagrad");
/// # let _ = train;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ProximalAdagradOptimizer<'g> {
    adagrad: AdagradOptimizer<'g>,
    penalty: Penalty,
}

impl<'g> ProximalAdagradOptimizer<'g> {
    /// With this learning rate (a number, or a scalar tensor of floats), an initial accumulator value of
    /// 0.1, and no pull.
    pub fn new(learning_rate: impl Into<Hyper<'g>>) -> ProximalAdagradOptimizer<'g> {
        ProximalAdagradOptimizer {
            adagrad: AdagradOptimizer::new(learning_rate),
            penalty: Penalty::NONE,
        }
    }

    /// See [`AdagradOptimizer::initial_accumulator_value`].
    #[must_use]
    pub fn initial_accumulator_value(mut self, value: f64) -> Self {
        self.adagrad = self.adagrad.initial_accumulator_value(value);
        self
    }

    /// How fast weights go to 0, whatever their size: 0 or more.
    #[must_use]
    pub fn l1_regularization_strength(mut self, strength: f64) -> Self {
        self.penalty.l1 = strength;
        self
    }

    /// How fast weights go to 0, in proportion to their size: 0 or more.
    #[must_use]
    pub fn l2_regularization_strength(mut self, strength: f64) -> Self {
        self.penalty.l2 = strength;
        self
    }
}

impl<'g> Optimizer<'g> for ProximalAdagradOptimizer<'g> {
    /// The sum of squares for each variable.
    type Slots = Vec<AnyVariable<'g>>;

    fn name(&self) -> &str {
        "ProximalAdagrad"
    }

    fn check_settings(&self) -> Result<(), Problem> {
        self.adagrad.check_settings()?;
        self.penalty.check()
    }

    #[track_caller]
    fn create_slots(&self, graph: &'g Graph, variables: &[AnyVariable<'g>]) -> Self::Slots {
        let _here = graph.here();
        self.adagrad.slots(variables, self.name())
    }

    #[track_caller]
    fn updates(
        &self,
        graph: &'g Graph,
        slopes: &[(Slope<'g>, AnyVariable<'g>)],
        slots: &Self::Slots,
    ) -> Vec<Operation<'g>> {
        let _here = graph.here();
        let rate = self.adagrad.learning_rate(graph);
        let settings = |dtype: DType| {
            let rate = rate.tensor(graph, dtype, "learning_rate");
            (rate, self.penalty.scalars(graph, dtype))
        };
        update_each(graph, slopes, slots, settings, |target, settings, slot| {
            let ((rate, penalty), variable) = (*settings, target.variable());
            let rate = slowed(target, *slot, rate);
            let descended = target.value_of(variable).sub(target.gradient().mul(rate));
            target.set(variable, penalty.pulled(descended, rate));
        })
    }
}
