//! Adam.

use std::collections::BTreeMap;

use aqueduct_graph::ir::{Problem, Unary, Update};
use aqueduct_graph::{AnyTensor, AnyVariable, DType, Graph, Operation, Shape, Sizes};

use crate::gradient::{IndexedSlices, Slope};
use crate::hyper::{Allowed, Hyper};
use crate::means::Decay;
use crate::optimizer::{Optimizer, slot, untrained};

/// [`AdamOptimizer`] by its short name.
pub type Adam<'g> = AdamOptimizer<'g>;

/// Adam. TensorFlow's `train.AdamOptimizer`, in its arithmetic:
///
/// ```text
/// rate = learning_rate * sqrt(1 - beta2^t) / (1 - beta1^t)
/// m += (gradient - m) * (1 - beta1)
/// v += (gradient² - v) * (1 - beta2)
/// w -= rate * m / (sqrt(v) + epsilon)
/// ```
///
/// So `epsilon` stands outside of the root and is not corrected for bias. `m` and `v` are variables
/// named `<w>/Adam` and `<w>/Adam_1`; `beta1_power` and `beta2_power` hold `beta1^t` and `beta2^t`.
/// These two are `f64` if all variables trained are, else `f32`; TensorFlow's are always `f32`.
///
/// With dense gradients `m` and `v` become 0 where they are next to nothing (below 9.9e-32 of `f32`, 1e-292
/// of `f64`).
///
/// A sparse gradient is made dense: all rows of `m` and `v` decay at every step, and so all rows of
/// `w` move, as in TensorFlow.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::{AdamOptimizer, Optimizer};
///
/// let g = Graph::new();
/// let w = g.variable("w", [1.0_f32, 2.0]);
/// let train = AdamOptimizer::new(0.01).beta1(0.8).minimize(w.square());
/// let names: Vec<String> = g.global_variables().iter().map(|variable| variable.name()).collect();
/// assert_eq!(names, ["w", "beta1_power", "beta2_power", "w/Adam", "w/Adam_1"]);
/// # let _ = train;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AdamOptimizer<'g> {
    learning_rate: Hyper<'g>,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
}

impl<'g> AdamOptimizer<'g> {
    /// With this learning rate (a number, or a scalar tensor of floats), `beta1` 0.9, `beta2` 0.999
    /// and `epsilon` 1e-8.
    pub fn new(learning_rate: impl Into<Hyper<'g>>) -> AdamOptimizer<'g> {
        AdamOptimizer {
            learning_rate: learning_rate.into(),
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
        }
    }

    /// How much of the mean gradient stays at each step.
    #[must_use]
    pub fn beta1(mut self, beta1: f64) -> AdamOptimizer<'g> {
        self.beta1 = beta1;
        self
    }

    /// How much of the mean squared gradient stays at each step.
    #[must_use]
    pub fn beta2(mut self, beta2: f64) -> AdamOptimizer<'g> {
        self.beta2 = beta2;
        self
    }

    /// What is added to the root of the mean squared gradient.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> AdamOptimizer<'g> {
        self.epsilon = epsilon;
        self
    }
}

impl<'g> Optimizer<'g> for AdamOptimizer<'g> {
    type Slots = AdamSlots<'g>;

    fn name(&self) -> &str {
        "Adam"
    }

    fn check_settings(&self) -> Result<(), Problem> {
        self.learning_rate.check("learning_rate", Allowed::Finite)?;
        Hyper::Number(self.beta1).check("beta1", Allowed::BelowOne)?;
        Hyper::Number(self.beta2).check("beta2", Allowed::BelowOne)?;
        Hyper::Number(self.epsilon).check("epsilon", Allowed::NotNegative)
    }

    #[track_caller]
    fn create_slots(&self, graph: &'g Graph, variables: &[AnyVariable<'g>]) -> AdamSlots<'g> {
        let _here = graph.here();
        self.slots(graph, variables, self.name())
    }

    #[track_caller]
    fn updates(
        &self,
        graph: &'g Graph,
        slopes: &[(Slope<'g>, AnyVariable<'g>)],
        slots: &AdamSlots<'g>,
    ) -> Vec<Operation<'g>> {
        let _here = graph.here();
        self.updates_with(graph, slopes, slots, |variable, _, distance| {
            vec![variable.update(Update::Sub, distance).op()]
        })
    }
}

/// What [`AdamOptimizer`] and [`AdamWOptimizer`](crate::AdamWOptimizer) keep from step to step.
#[derive(Debug)]
pub struct AdamSlots<'g> {
    powers: [Power<'g>; 2],
    /// Of each variable.
    means: Vec<Means<'g>>,
}

impl<'g> AdamOptimizer<'g> {
    /// The slots, under the name of the optimizer that they are for.
    #[track_caller]
    pub(crate) fn slots(
        &self,
        graph: &'g Graph,
        variables: &[AnyVariable<'g>],
        name: &str,
    ) -> AdamSlots<'g> {
        AdamSlots {
            powers: self.powers(graph, variables),
            // Names are made unique: the second slot becomes `Adam_1`.
            means: variables
                .iter()
                .map(|variable| Means {
                    mean: slot(*variable, name),
                    mean_square: slot(*variable, name),
                })
                .collect(),
        }
    }

    /// Writes the slots; `move_by` moves each variable by its distance.
    #[track_caller]
    pub(crate) fn updates_with(
        &self,
        graph: &'g Graph,
        slopes: &[(Slope<'g>, AnyVariable<'g>)],
        slots: &AdamSlots<'g>,
        move_by: impl Fn(AnyVariable<'g>, Slope<'g>, AnyTensor<'g>) -> Vec<Operation<'g>>,
    ) -> Vec<Operation<'g>> {
        let rate = self.learning_rate.checked(graph, "learning_rate");
        let mut scalars = BTreeMap::new();
        let mut updates = Vec::with_capacity(slopes.len());
        for ((slope, variable), means) in slopes.iter().zip(&slots.means) {
            let dtype = variable.dtype();
            let scalars = scalars
                .entry(dtype)
                .or_insert_with(|| self.scalars(graph, dtype, rate, &slots.powers));
            let _scope = graph.open_name_scope(&format!("update_{}", variable.name()));
            let distance = distance(*slope, *means, *scalars);
            updates.extend(move_by(*variable, *slope, distance));
        }
        updates.extend(next_powers(graph, &slots.powers, &updates));
        updates
    }

    fn powers(&self, graph: &'g Graph, variables: &[AnyVariable<'g>]) -> [Power<'g>; 2] {
        let wide = variables
            .iter()
            .all(|variable| variable.dtype() == DType::F64);
        let dtype = if wide { DType::F64 } else { DType::F32 };
        let power = |name, beta| Power {
            beta,
            variable: untrained(graph, name, dtype, &Shape::scalar(), beta),
        };
        [
            power("beta1_power", self.beta1),
            power("beta2_power", self.beta2),
        ]
    }

    fn scalars(
        &self,
        graph: &'g Graph,
        dtype: DType,
        rate: Hyper<'g>,
        powers: &[Power<'g>; 2],
    ) -> Scalars<'g> {
        let one = graph.number(dtype, 1.0, "one");
        let rest = |number: AnyTensor<'g>| one.sub(number);
        let [power1, power2] = powers.map(|power| power.variable.value().cast(dtype));
        let correction = rest(power2).unary(Unary::Sqrt).div(rest(power1));
        let rate = rate.tensor(graph, dtype, "learning_rate");
        let [beta1, beta2] = powers.map(|power| power.beta);
        let beta1 = graph.number(dtype, beta1, "beta1");
        let beta2 = graph.number(dtype, beta2, "beta2");
        Scalars {
            rate: rate.mul(correction),
            beta1: Decay::new(beta1),
            beta2: Decay::new(beta2),
            epsilon: graph.number(dtype, self.epsilon, "epsilon"),
        }
    }
}

/// `beta^t`, for the bias at step t.
#[derive(Clone, Copy, Debug)]
struct Power<'g> {
    beta: f64,
    variable: AnyVariable<'g>,
}

/// The settings as scalars of the type of a variable.
#[derive(Clone, Copy)]
struct Scalars<'g> {
    /// The learning rate, corrected for the bias of the means at this step.
    rate: AnyTensor<'g>,
    beta1: Decay<'g>,
    beta2: Decay<'g>,
    epsilon: AnyTensor<'g>,
}

/// What is kept of the gradients of a variable.
#[derive(Clone, Copy, Debug)]
struct Means<'g> {
    mean: AnyVariable<'g>,
    mean_square: AnyVariable<'g>,
}

/// Multiplies the powers by their betas, once the variables have been moved by them.
#[track_caller]
fn next_powers<'g>(
    graph: &'g Graph,
    powers: &[Power<'g>; 2],
    after: &[Operation<'g>],
) -> [Operation<'g>; 2] {
    let next = powers.map(|power| power.variable.value().scale(power.beta));
    let _after = graph.order_after(after);
    let [power1, power2] = powers.map(|power| power.variable);
    let [next1, next2] = next;
    [(power1, next1), (power2, next2)].map(|(power, next)| power.update(Update::Set, next).op())
}

/// Writes the slots of a variable; gives what is subtracted from it.
#[track_caller]
fn distance<'g>(slope: Slope<'g>, slots: Means<'g>, scalars: Scalars<'g>) -> AnyTensor<'g> {
    let (old, old_square) = (slots.mean.value(), slots.mean_square.value());
    let (mean, mean_square) = match slope {
        Slope::Dense(gradient) => {
            let mean = scalars.beta1.moved(old, gradient);
            let square = gradient.unary(Unary::Square);
            (mean, scalars.beta2.moved(old_square, square))
        }
        Slope::Sparse(slices) => {
            // A row that is named several times must be summed before it is squared.
            let gradient = summed(slices, old);
            let square = gradient.unary(Unary::Square);
            let mean = scalars.beta1.decayed_sum(old, gradient);
            (mean, scalars.beta2.decayed_sum(old_square, square))
        }
    };
    let mean = slots.mean.update(Update::Set, mean);
    let mean_square = slots.mean_square.update(Update::Set, mean_square);
    let root = mean_square.unary(Unary::Sqrt);
    mean.mul(scalars.rate).div(root.add(scalars.epsilon))
}

/// The sum of the rows that have one index, in the size of a slot. An index of none is an error of the
/// run, as it is where rows are written one by one.
#[track_caller]
fn summed<'g>(slices: IndexedSlices<'g>, slot: AnyTensor<'g>) -> AnyTensor<'g> {
    let indices = slices.indices.expand_dims(-1);
    slices.values.scatter_nd(indices, Sizes::like(slot))
}
