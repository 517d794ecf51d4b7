//! Plain gradient descent.

use aqueduct_graph::ir::{PartUpdate, Problem, Update};
use aqueduct_graph::{AnyVariable, Graph, Operation};

use crate::gradient::Slope;
use crate::hyper::{Allowed, Hyper};
use crate::optimizer::Optimizer;

/// [`GradientDescentOptimizer`] by its short name.
pub type GradientDescent<'g> = GradientDescentOptimizer<'g>;

/// `w -= learning_rate * gradient`. TensorFlow's `train.GradientDescentOptimizer`.
///
/// Of a sparse gradient only the rows it names are written; rows named several times are moved by
/// the sum.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::{GradientDescentOptimizer, Optimizer};
///
/// let g = Graph::new();
/// let w = g.variable("w", 3.0_f32);
/// let train = GradientDescentOptimizer::new(0.1).minimize(w.square());
/// assert_eq!(train.name(), "GradientDescent");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct GradientDescentOptimizer<'g> {
    learning_rate: Hyper<'g>,
}

impl<'g> GradientDescentOptimizer<'g> {
    /// With this learning rate: a number, or a scalar tensor of floats.
    pub fn new(learning_rate: impl Into<Hyper<'g>>) -> GradientDescentOptimizer<'g> {
        GradientDescentOptimizer {
            learning_rate: learning_rate.into(),
        }
    }
}

impl<'g> Optimizer<'g> for GradientDescentOptimizer<'g> {
    type Slots = ();

    fn name(&self) -> &str {
        "GradientDescent"
    }

    fn check_settings(&self) -> Result<(), Problem> {
        self.learning_rate.check("learning_rate", Allowed::Finite)
    }

    fn create_slots(&self, _: &'g Graph, _: &[AnyVariable<'g>]) {}

    #[track_caller]
    fn updates(
        &self,
        graph: &'g Graph,
        slopes: &[(Slope<'g>, AnyVariable<'g>)],
        (): &(),
    ) -> Vec<Operation<'g>> {
        let learning_rate = self.learning_rate.checked(graph, "learning_rate");
        let mut updates = Vec::with_capacity(slopes.len());
        for (slope, variable) in slopes {
            let _scope = graph.open_name_scope(&format!("update_{}", variable.name()));
            let rate = learning_rate.tensor(graph, variable.dtype(), "learning_rate");
            let written = match slope {
                Slope::Dense(gradient) => variable.update(Update::Sub, gradient.mul(rate)),
                Slope::Sparse(slices) => {
                    variable.scatter(PartUpdate::Sub, slices.indices, slices.values.mul(rate))
                }
            };
            updates.push(written.op());
        }
        updates
    }
}
