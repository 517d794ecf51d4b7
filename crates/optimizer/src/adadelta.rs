//! Adadelta.

use aqueduct_graph::ir::{Problem, Unary};
use aqueduct_graph::{AnyTensor, AnyVariable, DType, Graph, Operation};

use crate::gradient::Slope;
use crate::hyper::{Allowed, Hyper};
use crate::means::Decay;
use crate::optimizer::{Optimizer, slot};
use crate::target::update_each;

/// [`AdadeltaOptimizer`] by its short name.
pub type Adadelta<'g> = AdadeltaOptimizer<'g>;

/// Adadelta: steps of the size of the last ones. TensorFlow's `train.AdadeltaOptimizer`:
///
/// ```text
/// a = rho * a + (1 - rho) * gradient²
/// step = sqrt(s + epsilon) / sqrt(a + epsilon) * gradient
/// s = rho * s + (1 - rho) * step²
/// w -= learning_rate * step
/// ```
///
/// The paper has no learning rate, which is one of 1. `a` and `s` start at 0, in variables named
/// `<w>/Adadelta` and `<w>/Adadelta_1`. Of a sparse gradient only the rows it names are touched.
///
/// Zeiler, "ADADELTA: an adaptive learning rate method", 2012.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::{AdadeltaOptimizer, Optimizer};
///
/// let g = Graph::new();
/// let w = g.variable("w", [1.0_f32, 2.0]);
/// let train = AdadeltaOptimizer::new(1.0).rho(0.9).minimize(w.square());
/// let names: Vec<String> = g.global_variables().iter().map(|variable| variable.name()).collect();
/// assert_eq!(names, ["w", "w/Adadelta", "w/Adadelta_1"]);
/// # let _ = train;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AdadeltaOptimizer<'g> {
    learning_rate: Hyper<'g>,
    rho: Hyper<'g>,
    epsilon: Hyper<'g>,
}

impl<'g> AdadeltaOptimizer<'g> {
    /// With this learning rate (a number, or a scalar tensor of floats; TensorFlow's default is 0.001),
    /// `rho` 0.95 and `epsilon` 1e-8.
    pub fn new(learning_rate: impl Into<Hyper<'g>>) -> AdadeltaOptimizer<'g> {
        AdadeltaOptimizer {
            learning_rate: learning_rate.into(),
            rho: Hyper::Number(0.95),
            epsilon: Hyper::Number(1e-8),
        }
    }

    /// How much of the means stays at each step: between 0 and 1.
    #[must_use]
    pub fn rho(mut self, rho: impl Into<Hyper<'g>>) -> AdadeltaOptimizer<'g> {
        self.rho = rho.into();
        self
    }

    /// What is added to the means before their roots are taken. It decides how large the first steps are.
    #[must_use]
    pub fn epsilon(mut self, epsilon: impl Into<Hyper<'g>>) -> AdadeltaOptimizer<'g> {
        self.epsilon = epsilon.into();
        self
    }
}

/// What [`AdadeltaOptimizer`] keeps of a variable from step to step.
#[derive(Clone, Copy, Debug)]
pub struct AdadeltaSlots<'g> {
    mean_square: AnyVariable<'g>,
    mean_square_step: AnyVariable<'g>,
}

impl<'g> Optimizer<'g> for AdadeltaOptimizer<'g> {
    /// Of each variable.
    type Slots = Vec<AdadeltaSlots<'g>>;

    fn name(&self) -> &str {
        "Adadelta"
    }

    fn check_settings(&self) -> Result<(), Problem> {
        self.learning_rate.check("learning_rate", Allowed::Finite)?;
        self.rho.check("rho", Allowed::UpToOne)?;
        self.epsilon.check("epsilon", Allowed::NotNegative)
    }

    #[track_caller]
    fn create_slots(&self, graph: &'g Graph, variables: &[AnyVariable<'g>]) -> Self::Slots {
        let _here = graph.here();
        let of = |variable: &AnyVariable<'g>| AdadeltaSlots {
            mean_square: slot(*variable, self.name()),
            mean_square_step: slot(*variable, self.name()),
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
        let rho = self.rho.checked(graph, "rho");
        let epsilon = self.epsilon.checked(graph, "epsilon");
        let settings = |dtype: DType| Settings {
            rate: rate.tensor(graph, dtype, "learning_rate"),
            decay: Decay::new(rho.tensor(graph, dtype, "rho")),
            epsilon: epsilon.tensor(graph, dtype, "epsilon"),
        };
        update_each(graph, slopes, slots, settings, |target, settings, slots| {
            let gradient = target.gradient();
            let root = |square: AnyTensor<'g>| square.add(settings.epsilon);
            let mean = settings.decay.decayed_sum(
                target.value_of(slots.mean_square),
                gradient.unary(Unary::Square),
            );
            let steps = target.value_of(slots.mean_square_step);
            let ratio = root(steps).unary(Unary::Sqrt);
            let ratio = ratio.mul(root(mean).unary(Unary::Rsqrt));
            let step = ratio.mul(gradient);
            target.set(slots.mean_square, mean);
            let steps = settings.decay.decayed_sum(steps, step.unary(Unary::Square));
            target.set(slots.mean_square_step, steps);
            target.subtract(step.mul(settings.rate));
        })
    }
}

/// The settings as scalars of the type of a variable.
struct Settings<'g> {
    rate: AnyTensor<'g>,
    decay: Decay<'g>,
    epsilon: AnyTensor<'g>,
}
