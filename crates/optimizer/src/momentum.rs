//! Gradient descent with momentum.

use aqueduct_graph::ir::Problem;
use aqueduct_graph::{AnyTensor, AnyVariable, DType, Graph, Operation};

use crate::gradient::Slope;
use crate::hyper::{Allowed, Hyper};
use crate::optimizer::{Optimizer, slot};
use crate::target::update_each;

/// [`MomentumOptimizer`] by its short name.
pub type Momentum<'g> = MomentumOptimizer<'g>;

/// Gradient descent with momentum. TensorFlow's `train.MomentumOptimizer`:
///
/// ```text
/// a = momentum * a + gradient
/// w -= learning_rate * a
/// ```
///
/// and with [`MomentumOptimizer::nesterov`]
///
/// ```text
/// w -= learning_rate * (gradient + momentum * a)
/// ```
///
/// So the learning rate stands outside of what is accumulated. `a` starts at 0, in a variable named
/// `<w>/Momentum`. Of a sparse gradient only the rows it names are touched, those of `a` too; the
/// momentum of other rows waits.
///
/// Nesterov's form: Sutskever et al., "On the importance of initialization and momentum in deep
/// learning", 2013.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::{MomentumOptimizer, Optimizer};
///
/// let g = Graph::new();
/// let w = g.variable("w", [1.0_f32, 2.0]);
/// let train = MomentumOptimizer::new(0.01, 0.9).nesterov().minimize(w.square());
/// assert_eq!(g.global_variables()[1].name(), "w/Momentum");
/// # let _ = train;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MomentumOptimizer<'g> {
    learning_rate: Hyper<'g>,
    momentum: Hyper<'g>,
    nesterov: bool,
}

impl<'g> MomentumOptimizer<'g> {
    /// With this learning rate and this momentum, which lies between 0 and 1: numbers, or scalar tensors
    /// of floats.
    pub fn new(
        learning_rate: impl Into<Hyper<'g>>,
        momentum: impl Into<Hyper<'g>>,
    ) -> MomentumOptimizer<'g> {
        MomentumOptimizer {
            learning_rate: learning_rate.into(),
            momentum: momentum.into(),
            nesterov: false,
        }
    }

    /// Takes the gradient as if the step of the momentum were made already.
    #[must_use]
    pub fn nesterov(mut self) -> MomentumOptimizer<'g> {
        self.nesterov = true;
        self
    }

    #[track_caller]
    fn distance(
        &self,
        gradient: AnyTensor<'g>,
        accumulated: AnyTensor<'g>,
        [rate, momentum]: [AnyTensor<'g>; 2],
    ) -> AnyTensor<'g> {
        if self.nesterov {
            let ahead = accumulated.mul(momentum).mul(rate);
            gradient.mul(rate).add(ahead)
        } else {
            accumulated.mul(rate)
        }
    }
}

impl<'g> Optimizer<'g> for MomentumOptimizer<'g> {
    /// What is accumulated for each variable.
    type Slots = Vec<AnyVariable<'g>>;

    fn name(&self) -> &str {
        "Momentum"
    }

    fn check_settings(&self) -> Result<(), Problem> {
        self.learning_rate.check("learning_rate", Allowed::Finite)?;
        self.momentum.check("momentum", Allowed::UpToOne)
    }

    #[track_caller]
    fn create_slots(&self, graph: &'g Graph, variables: &[AnyVariable<'g>]) -> Self::Slots {
        let _here = graph.here();
        let of = |variable: &AnyVariable<'g>| slot(*variable, self.name());
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
        let momentum = self.momentum.checked(graph, "momentum");
        let settings = |dtype: DType| {
            let rate = rate.tensor(graph, dtype, "learning_rate");
            [rate, momentum.tensor(graph, dtype, "momentum")]
        };
        update_each(graph, slopes, slots, settings, |target, settings, slot| {
            let gradient = target.gradient();
            let [_, momentum] = *settings;
            let accumulated = target.value_of(*slot).mul(momentum).add(gradient);
            target.set(*slot, accumulated);
            target.subtract(self.distance(gradient, accumulated, *settings));
        })
    }
}
