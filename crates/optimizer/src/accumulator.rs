//! Gradients of several batches, applied as those of one.

use aqueduct_graph::ir::{PartUpdate, Update};
use aqueduct_graph::{AnyTensor, AnyVariable, Graph, Operation, Variable};

use crate::gradient::{Gradient, Slope};
use crate::optimizer::{Optimizer, slot};

/// Adds up gradients over several runs, to apply them as one: for batches that do not fit into
/// memory at once.
///
/// The sum of the gradients of each variable is kept in a variable of its shape, named
/// `<w>/GradientSum`, and their count in `gradient_count`, so checkpoints keep them too. A sparse
/// gradient is added to the rows that it names; what is applied is dense, so an optimizer which
/// leaves alone the rows that a sparse gradient does not name treats all of them.
///
/// What is applied is the mean of the gradients added, unless [`GradientAccumulator::sum`] says
/// otherwise. To apply where nothing was added is an error of the run, which changes nothing.
///
/// ```
/// use aqueduct_graph::{Graph, shape, zeros};
/// use aqueduct_optimizer::{Adam, GradientAccumulator, Optimizer};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f32>("x", shape![?, 3]);
/// let w = g.variable::<f32>("w", zeros([3, 1]));
/// let loss = (x.matmul(w) - 1.0).square().reduce_mean(..);
///
/// let adam = Adam::new(0.01);
/// let pairs = adam.compute_gradients(loss, [w]);
/// let gathered = GradientAccumulator::new(&g, &pairs);
/// let add = gathered.add(); // Run this with each part of a batch,
/// let train = gathered.apply(&adam, None); // and then this.
/// # let _ = (add, train);
/// # assert!(g.check().is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct GradientAccumulator<'g> {
    graph: &'g Graph,
    gradients: Vec<(Gradient<'g>, AnyVariable<'g>)>,
    /// Of each gradient that there is.
    sums: Vec<Option<AnyVariable<'g>>>,
    count: Variable<'g, i64>,
    total: bool,
}

impl<'g> GradientAccumulator<'g> {
    /// Makes the variables that keep the sums of these gradients, as
    /// [`Optimizer::compute_gradients`] gives them.
    #[track_caller]
    pub fn new(
        graph: &'g Graph,
        gradients: &[(Gradient<'g>, AnyVariable<'g>)],
    ) -> GradientAccumulator<'g> {
        let _here = graph.here();
        let sum_of = |(gradient, variable): &(Gradient<'g>, AnyVariable<'g>)| {
            let slope = gradient.slope();
            slope.map(|_| slot(*variable, "GradientSum"))
        };
        GradientAccumulator {
            graph,
            gradients: gradients.to_vec(),
            sums: gradients.iter().map(sum_of).collect(),
            count: {
                let _names = graph.variable_names();
                graph.untrained_variable("gradient_count", 0_i64)
            },
            total: false,
        }
    }

    /// Applies the sum of the gradients rather than their mean: for losses that are sums over
    /// examples.
    #[must_use]
    pub fn sum(mut self) -> GradientAccumulator<'g> {
        self.total = true;
        self
    }

    /// The operation that adds the gradients of this run.
    #[track_caller]
    pub fn add(&self) -> Operation<'g> {
        let _here = self.graph.here();
        let scope = self.graph.open_name_scope("accumulate_gradients");
        let mut added = vec![self.count.assign_add(1).op()];
        for ((gradient, _), sum) in self.gradients.iter().zip(&self.sums) {
            let (Some(slope), Some(sum)) = (gradient.slope(), sum) else {
                continue;
            };
            let written = match slope {
                Slope::Dense(gradient) => sum.update(Update::Add, gradient),
                Slope::Sparse(slices) => {
                    sum.scatter(PartUpdate::Add, slices.indices, slices.values)
                }
            };
            added.push(written.op());
        }
        self.graph.group_scope(&scope, added)
    }

    /// How many gradients have been added since the last were applied.
    pub fn count(&self) -> Variable<'g, i64> {
        self.count
    }

    /// What the runs have added: the mean of each gradient, or their sum. To change it before it is
    /// applied: clip it, say, and call [`Optimizer::apply_gradients`] and
    /// [`GradientAccumulator::clear_after`].
    ///
    /// Variables without a gradient have none here either, for the same reason.
    #[track_caller]
    pub fn gradients(&self) -> Vec<(Gradient<'g>, AnyVariable<'g>)> {
        let graph = self.graph;
        let _here = graph.here();
        let _scope = graph.open_name_scope("accumulated_gradients");
        let count = self.count.read_value();
        let message = "no gradients were added since the last were applied";
        let _any = graph.order_after([graph.assert(count.greater(0), &[], message)]);
        let read = |sum: AnyVariable<'g>| -> AnyTensor<'g> {
            let sum = sum.read_value();
            if self.total {
                sum
            } else {
                sum.div(count.any().cast(sum.dtype()))
            }
        };
        let pairs = self.gradients.iter().zip(&self.sums);
        pairs
            .map(|((gradient, variable), sum)| {
                let gathered = sum.map(|sum| Gradient::Dense(read(sum)));
                (gathered.unwrap_or_else(|| gradient.clone()), *variable)
            })
            .collect()
    }

    /// The operation that changes the variables by what the runs have added, adds 1 to
    /// `global_step`, and begins again with nothing added.
    ///
    /// It takes what was added by the runs before, and by what it is ordered after: built under
    /// [`Graph::control_dependencies`] of [`GradientAccumulator::add`], it adds the gradients of its
    /// own run too. Without such an order the two must not be in one run.
    #[track_caller]
    pub fn apply(
        &self,
        optimizer: &impl Optimizer<'g>,
        global_step: Option<Variable<'g, i64>>,
    ) -> Operation<'g> {
        let _here = self.graph.here();
        let train = optimizer.apply_gradients(self.graph, &self.gradients(), global_step);
        self.clear_after(train)
    }

    /// The operation that begins again with nothing added, after this one.
    #[track_caller]
    pub fn clear_after(&self, train: Operation<'g>) -> Operation<'g> {
        let graph = self.graph;
        let _here = graph.here();
        let scope = graph.open_name_scope("clear_gradients");
        let _after = graph.order_after([train]);
        let mut cleared = vec![self.count.assign(0).op()];
        for sum in self.sums.iter().flatten() {
            let zeros = sum.value().zeros_like();
            cleared.push(sum.update(Update::Set, zeros).op());
        }
        graph.group_scope(&scope, cleared)
    }
}
