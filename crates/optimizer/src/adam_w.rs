//! Adam with decoupled weight decay.

use aqueduct_graph::ir::{Problem, Update};
use aqueduct_graph::{AnyTensor, AnyVariable, Graph, Operation};

use crate::adam::{AdamOptimizer, AdamSlots};
use crate::gradient::Slope;
use crate::hyper::{Allowed, Hyper};
use crate::optimizer::Optimizer;
use crate::target::Target;

/// [`AdamWOptimizer`] by its short name.
pub type AdamW<'g> = AdamWOptimizer<'g>;

/// Adam with decoupled weight decay. TensorFlow 1's `contrib.opt.AdamWOptimizer`:
///
/// ```text
/// w -= weight_decay * w
/// w -= the distance of Adam
/// ```
///
/// The decay is not multiplied by the learning rate: where that follows a schedule, the decay should
/// follow it too. See [`AdamOptimizer`] for the distance, which does not depend on the decay. `m` and `v`
/// are variables named `<w>/AdamW` and `<w>/AdamW_1`.
///
/// Of a sparse gradient the rows that it names decay, once each, and all rows move by the distance.
///
/// Loshchilov and Hutter, "Decoupled weight decay regularization", 2017.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::{AdamWOptimizer, Optimizer};
///
/// let g = Graph::new();
/// let (kernel, bias) = (g.variable("kernel", [1.0_f32, 2.0]), g.variable("bias", 0.0_f32));
/// let optimizer = AdamWOptimizer::new(1e-4, 0.001).decayed_variables([kernel]);
/// let train = optimizer.minimize((kernel + bias).square());
/// assert_eq!(train.name(), "AdamW");
/// ```
#[derive(Clone, Debug)]
pub struct AdamWOptimizer<'g> {
    weight_decay: Hyper<'g>,
    adam: AdamOptimizer<'g>,
    /// All that are trained, if none are listed.
    decayed: Option<Vec<AnyVariable<'g>>>,
}

impl<'g> AdamWOptimizer<'g> {
    /// With this weight decay and this learning rate (numbers, or scalar tensors of floats), `beta1` 0.9,
    /// `beta2` 0.999 and `epsilon` 1e-8.
    pub fn new(
        weight_decay: impl Into<Hyper<'g>>,
        learning_rate: impl Into<Hyper<'g>>,
    ) -> AdamWOptimizer<'g> {
        AdamWOptimizer {
            weight_decay: weight_decay.into(),
            adam: AdamOptimizer::new(learning_rate),
            decayed: None,
        }
    }

    /// See [`AdamOptimizer::beta1`].
    #[must_use]
    pub fn beta1(mut self, beta1: f64) -> AdamWOptimizer<'g> {
        self.adam = self.adam.beta1(beta1);
        self
    }

    /// See [`AdamOptimizer::beta2`].
    #[must_use]
    pub fn beta2(mut self, beta2: f64) -> AdamWOptimizer<'g> {
        self.adam = self.adam.beta2(beta2);
        self
    }

    /// See [`AdamOptimizer::epsilon`].
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> AdamWOptimizer<'g> {
        self.adam = self.adam.epsilon(epsilon);
        self
    }

    /// Lets these variables alone decay: kernels, say, and no biases.
    #[must_use]
    pub fn decayed_variables(
        mut self,
        variables: impl IntoIterator<Item = impl Into<AnyVariable<'g>>>,
    ) -> AdamWOptimizer<'g> {
        self.decayed = Some(variables.into_iter().map(Into::into).collect());
        self
    }

    fn decays(&self, variable: AnyVariable<'g>) -> bool {
        match &self.decayed {
            Some(decayed) => decayed.contains(&variable),
            None => true,
        }
    }
}

impl<'g> Optimizer<'g> for AdamWOptimizer<'g> {
    type Slots = AdamSlots<'g>;

    fn name(&self) -> &str {
        "AdamW"
    }

    fn check_settings(&self) -> Result<(), Problem> {
        self.weight_decay.check("weight_decay", Allowed::Finite)?;
        self.adam.check_settings()
    }

    #[track_caller]
    fn create_slots(&self, graph: &'g Graph, variables: &[AnyVariable<'g>]) -> AdamSlots<'g> {
        let _here = graph.here();
        self.adam.slots(graph, variables, self.name())
    }

    #[track_caller]
    fn updates(
        &self,
        graph: &'g Graph,
        slopes: &[(Slope<'g>, AnyVariable<'g>)],
        slots: &AdamSlots<'g>,
    ) -> Vec<Operation<'g>> {
        let _here = graph.here();
        let decay = self.weight_decay.checked(graph, "weight_decay");
        self.adam
            .updates_with(graph, slopes, slots, |variable, slope, distance| {
                if self.decays(variable) {
                    let decay = decay.tensor(graph, variable.dtype(), "weight_decay");
                    decayed(variable, slope, distance, decay)
                } else {
                    vec![variable.update(Update::Sub, distance).op()]
                }
            })
    }
}

/// Lets the variable decay, and then moves it.
#[track_caller]
fn decayed<'g>(
    variable: AnyVariable<'g>,
    slope: Slope<'g>,
    distance: AnyTensor<'g>,
    decay: AnyTensor<'g>,
) -> Vec<Operation<'g>> {
    match slope {
        Slope::Dense(_) => {
            let distance = variable.value().mul(decay).add(distance);
            vec![variable.update(Update::Sub, distance).op()]
        }
        Slope::Sparse(_) => {
            let mut rows = Target::new(variable, slope);
            rows.subtract(rows.value_of(variable).mul(decay));
            let mut writes = rows.into_writes();
            let _after = variable.graph().order_after(&writes);
            writes.push(variable.update(Update::Sub, distance).op());
            writes
        }
    }
}
