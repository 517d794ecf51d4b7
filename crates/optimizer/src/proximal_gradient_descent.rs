//! Gradient descent with penalties that make weights exactly 0.

use aqueduct_graph::ir::Problem;
use aqueduct_graph::{AnyVariable, DType, Graph, Operation};

use crate::gradient::Slope;
use crate::hyper::{Allowed, Hyper};
use crate::optimizer::Optimizer;
use crate::proximal::Penalty;
use crate::target::update_each;

/// [`ProximalGradientDescentOptimizer`] by its short name.
pub type ProximalGradientDescent<'g> = ProximalGradientDescentOptimizer<'g>;

/// Gradient descent, followed by a pull towards 0. TensorFlow's
/// `train.ProximalGradientDescentOptimizer`:
///
/// ```text
/// p = w - learning_rate * gradient
/// w = sign(p) * max(|p| - learning_rate * l1, 0) / (1 + learning_rate * l2)
/// ```
///
/// Of a sparse gradient only the rows it names are touched.
///
/// Duchi and Singer, "Efficient online and batch learning using forward backward splitting", 2009.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::{Optimizer, ProximalGradientDescentOptimizer};
///
/// let g = Graph::new();
/// let w = g.variable("w", [1.0_f32, 2.0]);
/// let optimizer = ProximalGradientDescentOptimizer::new(0.1).l1_regularization_strength(0.01);
/// let train = optimizer.minimize(w.square());
/// assert_eq!(train.name(), "ProximalGradientDescent");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ProximalGradientDescentOptimizer<'g> {
    learning_rate: Hyper<'g>,
    penalty: Penalty,
}

impl<'g> ProximalGradientDescentOptimizer<'g> {
    /// With this learning rate (a number, or a scalar tensor of floats), and no pull.
    pub fn new(learning_rate: impl Into<Hyper<'g>>) -> ProximalGradientDescentOptimizer<'g> {
        ProximalGradientDescentOptimizer {
            learning_rate: learning_rate.into(),
            penalty: Penalty::NONE,
        }
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

impl<'g> Optimizer<'g> for ProximalGradientDescentOptimizer<'g> {
    type Slots = ();

    fn name(&self) -> &str {
        "ProximalGradientDescent"
    }

    fn check_settings(&self) -> Result<(), Problem> {
        self.learning_rate.check("learning_rate", Allowed::Finite)?;
        self.penalty.check()
    }

    fn create_slots(&self, _: &'g Graph, _: &[AnyVariable<'g>]) {}

    #[track_caller]
    fn updates(
        &self,
        graph: &'g Graph,
        slopes: &[(Slope<'g>, AnyVariable<'g>)],
        (): &(),
    ) -> Vec<Operation<'g>> {
        let _here = graph.here();
        let rate = self.learning_rate.checked(graph, "learning_rate");
        let settings = |dtype: DType| {
            let rate = rate.tensor(graph, dtype, "learning_rate");
            (rate, self.penalty.scalars(graph, dtype))
        };
        let no_slots = vec![(); slopes.len()];
        update_each(
            graph,
            slopes,
            &no_slots,
            settings,
            |target, settings, ()| {
                let ((rate, penalty), variable) = (*settings, target.variable());
                let descended = target.value_of(variable).sub(target.gradient().mul(rate));
                target.set(variable, penalty.pulled(descended, rate));
            },
        )
    }
}
