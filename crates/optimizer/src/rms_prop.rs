//! RMSProp.

use aqueduct_graph::ir::{Problem, Unary};
use aqueduct_graph::{AnyTensor, AnyVariable, DType, Graph, Operation};

use crate::gradient::Slope;
use crate::hyper::{Allowed, Hyper};
use crate::means::Decay;
use crate::optimizer::{Optimizer, filled_slot, slot};
use crate::target::{Target, update_each};

/// [`RmsPropOptimizer`] by its short name.
pub type RmsProp<'g> = RmsPropOptimizer<'g>;

/// RMSProp: gradients in units of their own mean size. TensorFlow's `train.RMSPropOptimizer`:
///
/// ```text
/// s += (gradient² - s) * (1 - decay)
/// m = momentum * m + learning_rate * gradient / sqrt(s + epsilon)
/// w -= m
/// ```
///
/// and with [`RmsPropOptimizer::centered`]
///
/// ```text
/// c += (gradient - c) * (1 - decay)
/// m = momentum * m + learning_rate * gradient / sqrt(s - c² + epsilon)
/// ```
///
/// So `epsilon` stands inside of the root. `s` starts at 1, `c` and `m` at 0, in variables named
/// `<w>/RMSProp`, `<w>/RMSProp_1` and, if there is a `c`, `<w>/RMSProp_2`, in this order: `s`, `c`, `m`.
/// Where `s` and `c` are next to nothing (below 9.9e-32 of `f32`, 1e-292 of `f64`) they become 0. Of a
/// sparse gradient only the rows it names are touched, those of the slots too.
///
/// Tieleman and Hinton, "Lecture 6.5: RMSProp", 2012; centered: Graves, "Generating sequences with
/// recurrent neural networks", 2013.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::{Optimizer, RmsPropOptimizer};
///
/// let g = Graph::new();
/// let w = g.variable("w", [1.0_f32, 2.0]);
/// let train = RmsPropOptimizer::new(0.001).momentum(0.9).centered().minimize(w.square());
/// let names: Vec<String> = g.global_variables().iter().map(|variable| variable.name()).collect();
/// assert_eq!(names, ["w", "w/RMSProp", "w/RMSProp_1", "w/RMSProp_2"]);
/// # let _ = train;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RmsPropOptimizer<'g> {
    learning_rate: Hyper<'g>,
    decay: Hyper<'g>,
    momentum: Hyper<'g>,
    epsilon: Hyper<'g>,
    centered: bool,
}

impl<'g> RmsPropOptimizer<'g> {
    /// With this learning rate (a number, or a scalar tensor of floats), `decay` 0.9, no momentum and
    /// `epsilon` 1e-10.
    pub fn new(learning_rate: impl Into<Hyper<'g>>) -> RmsPropOptimizer<'g> {
        RmsPropOptimizer {
            learning_rate: learning_rate.into(),
            decay: Hyper::Number(0.9),
            momentum: Hyper::Number(0.0),
            epsilon: Hyper::Number(1e-10),
            centered: false,
        }
    }

    /// How much of the means stays at each step: between 0 and 1.
    #[must_use]
    pub fn decay(mut self, decay: impl Into<Hyper<'g>>) -> RmsPropOptimizer<'g> {
        self.decay = decay.into();
        self
    }

    /// How much of a step is made again in the next: between 0 and 1.
    #[must_use]
    pub fn momentum(mut self, momentum: impl Into<Hyper<'g>>) -> RmsPropOptimizer<'g> {
        self.momentum = momentum.into();
        self
    }

    /// What is added to the mean square before its root is taken.
    #[must_use]
    pub fn epsilon(mut self, epsilon: impl Into<Hyper<'g>>) -> RmsPropOptimizer<'g> {
        self.epsilon = epsilon.into();
        self
    }

    /// Divides by the standard deviation of the gradients in place of their mean size.
    #[must_use]
    pub fn centered(mut self) -> RmsPropOptimizer<'g> {
        self.centered = true;
        self
    }
}

/// What [`RmsPropOptimizer`] keeps of a variable from step to step.
#[derive(Clone, Copy, Debug)]
pub struct RmsPropSlots<'g> {
    mean_square: AnyVariable<'g>,
    /// If it is centered.
    mean: Option<AnyVariable<'g>>,
    step: AnyVariable<'g>,
}

impl<'g> Optimizer<'g> for RmsPropOptimizer<'g> {
    /// Of each variable.
    type Slots = Vec<RmsPropSlots<'g>>;

    fn name(&self) -> &str {
        "RMSProp"
    }

    fn check_settings(&self) -> Result<(), Problem> {
        self.learning_rate.check("learning_rate", Allowed::Finite)?;
        self.decay.check("decay", Allowed::UpToOne)?;
        self.momentum.check("momentum", Allowed::UpToOne)?;
        self.epsilon.check("epsilon", Allowed::NotNegative)
    }

    #[track_caller]
    fn create_slots(&self, graph: &'g Graph, variables: &[AnyVariable<'g>]) -> Self::Slots {
        let _here = graph.here();
        let of = |variable: &AnyVariable<'g>| RmsPropSlots {
            mean_square: filled_slot(*variable, self.name(), 1.0),
            mean: self.centered.then(|| slot(*variable, self.name())),
            step: slot(*variable, self.name()),
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
        let decay = self.decay.checked(graph, "decay");
        let momentum = self.momentum.checked(graph, "momentum");
        let epsilon = self.epsilon.checked(graph, "epsilon");
        let settings = |dtype: DType| Settings {
            rate: rate.tensor(graph, dtype, "learning_rate"),
            decay: Decay::new(decay.tensor(graph, dtype, "decay")),
            momentum: momentum.tensor(graph, dtype, "momentum"),
            epsilon: epsilon.tensor(graph, dtype, "epsilon"),
        };
        update_each(graph, slopes, slots, settings, |target, settings, slots| {
            let scaled = target.gradient().mul(settings.rate);
            let scaled = scaled.mul(spread(target, settings, slots).unary(Unary::Rsqrt));
            let step = target
                .value_of(slots.step)
                .mul(settings.momentum)
                .add(scaled);
            target.set(slots.step, step);
            target.subtract(step);
        })
    }
}

/// The settings as scalars of the type of a variable.
struct Settings<'g> {
    rate: AnyTensor<'g>,
    decay: Decay<'g>,
    momentum: AnyTensor<'g>,
    epsilon: AnyTensor<'g>,
}

/// Writes the means; gives the square of what gradients are divided by.
#[track_caller]
fn spread<'g>(
    target: &mut Target<'g>,
    settings: &Settings<'g>,
    slots: &RmsPropSlots<'g>,
) -> AnyTensor<'g> {
    let gradient = target.gradient();
    let square = gradient.unary(Unary::Square);
    let mean_square = target.value_of(slots.mean_square);
    let mean_square = settings.decay.moved(mean_square, square);
    target.set(slots.mean_square, mean_square);
    let Some(slot) = slots.mean else {
        return mean_square.add(settings.epsilon);
    };
    let mean = settings.decay.moved(target.value_of(slot), gradient);
    target.set(slot, mean);
    mean_square
        .sub(mean.unary(Unary::Square))
        .add(settings.epsilon)
}
