//! Averages of variables over the steps of a training.

use std::collections::BTreeMap;

use aqueduct_graph::ir::{Binary, Problem, Update};
use aqueduct_graph::{
    AnyTensor, AnyVariable, DType, Float, Graph, Keys, MistakeKind, Operation, Shape, Variable,
};

use crate::hyper::{Allowed, Hyper, checked_count};
use crate::optimizer::untrained;
use crate::points::{Point, Points};

/// Moving averages of variables and tensors. TensorFlow's `train.ExponentialMovingAverage`.
///
/// ```text
/// average -= (average - value) * (1 - decay)
/// ```
///
/// A network often does better with the averages of its weights than with the last ones. Let
/// [`ExponentialMovingAverage::apply`] follow the training, and restore the averages into the
/// variables to evaluate it: [`ExponentialMovingAverage::variables_to_restore`].
///
/// The average of a variable `w` is a variable named `w/ExponentialMovingAverage`, which is not
/// trained and starts from the value that `w` starts from; that of a tensor starts from zero. The
/// decay is worked out in the type of the average, where TensorFlow has `f32` for all.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::{ExponentialMovingAverage, GradientDescent, Optimizer};
///
/// let g = Graph::new();
/// let w = g.variable("w", [1.0_f32, 2.0]);
/// let train = GradientDescent::new(0.1).minimize(w.square());
/// let mut averages = ExponentialMovingAverage::new(0.999);
/// let step = g.control_dependencies([train], || averages.apply(&g, w));
/// let average = averages.average(w).unwrap();
/// assert_eq!(average.name(), "w/ExponentialMovingAverage");
/// # let _ = step;
/// # assert!(g.check().is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct ExponentialMovingAverage<'g> {
    decay: Hyper<'g>,
    num_updates: Option<AnyTensor<'g>>,
    zero_debias: bool,
    name: String,
    averages: Vec<Average<'g>>,
}

#[derive(Clone, Copy, Debug)]
struct Average<'g> {
    of: Point<'g>,
    variable: AnyVariable<'g>,
    debias: Option<Debias<'g>>,
}

/// What the average of a tensor that starts from zero is corrected by.
#[derive(Clone, Copy, Debug)]
struct Debias<'g> {
    /// The average that is too near to zero.
    biased: AnyVariable<'g>,
    /// How many values it has seen.
    local_step: AnyVariable<'g>,
}

impl<'g> ExponentialMovingAverage<'g> {
    /// With this decay, from 0 to 1: a number, or a scalar tensor of floats. The nearer to 1, the
    /// slower the averages follow: 0.999 or more for weights.
    pub fn new(decay: impl Into<Hyper<'g>>) -> ExponentialMovingAverage<'g> {
        ExponentialMovingAverage {
            decay: decay.into(),
            num_updates: None,
            zero_debias: false,
            name: "ExponentialMovingAverage".to_owned(),
            averages: Vec::new(),
        }
    }

    /// The count of steps, a scalar number: averages follow faster at first, with the decay
    /// `min(decay, (1 + num_updates) / (10 + num_updates))`.
    /// A variable counts by its value at the start of the run.
    #[must_use]
    pub fn num_updates(
        mut self,
        num_updates: impl Into<AnyTensor<'g>>,
    ) -> ExponentialMovingAverage<'g> {
        self.num_updates = Some(num_updates.into());
        self
    }

    /// Divides the averages of tensors by `1 - decay ^ t` after `t` values, which corrects for
    /// their start at zero. It takes two variables more for each, `biased` and `local_step`.
    #[must_use]
    pub fn zero_debias(mut self) -> ExponentialMovingAverage<'g> {
        self.zero_debias = true;
        self
    }

    /// What the names of the averages end with, and the operation of an update is called.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> ExponentialMovingAverage<'g> {
        self.name = name.into();
        self
    }

    /// The operation that lets the averages of these variables and tensors follow their values. What
    /// has no average gets one.
    ///
    /// Of a variable it takes the value after the writes that the call is ordered after: build it
    /// under [`Graph::control_dependencies`] of the training step, to average what the step has
    /// made. Variables that get their first average join the collection
    /// [`Keys::MOVING_AVERAGE_VARIABLES`].
    ///
    /// What is not of floats, a tensor whose shape is not known, a decay outside of 0 to 1, and a count
    /// that is not one number are mistakes.
    #[track_caller]
    pub fn apply(&mut self, graph: &'g Graph, of: impl Points<'g>) -> Operation<'g> {
        let _here = graph.here();
        let points = of.into_points();
        let wrong_decay = self.decay.check("decay", Allowed::UpToOne).err();
        let problem = wrong_decay.or_else(|| {
            let mut points = points.iter();
            points.find_map(|point| misfit(graph, *point))
        });
        if let Some(problem) = problem {
            return graph.poisoned_operation("apply", &self.name, problem);
        }
        let averages: Vec<Average<'g>> = points
            .into_iter()
            .map(|point| self.average_or_new(graph, point))
            .collect();
        let scope = graph.open_name_scope(&self.name);
        let decay = self.decay.checked(graph, "decay");
        let count = self
            .num_updates
            .map(|count| checked_count(count, "num_updates"));
        let mut decays = BTreeMap::new();
        let mut updates = Vec::with_capacity(averages.len());
        for average in averages {
            let dtype = average.variable.dtype();
            let decay = *decays
                .entry(dtype)
                .or_insert_with(|| decay_now(graph, dtype, decay, count));
            updates.push(average.update(decay).op());
        }
        graph.group_scope(&scope, updates)
    }

    /// The variable that holds the average of a variable or tensor, if there is one.
    pub fn average(&self, of: impl Into<Point<'g>>) -> Option<AnyVariable<'g>> {
        let of = of.into();
        let mut averages = self.averages.iter();
        let found = averages.find(|average| average.of == of)?;
        Some(found.variable)
    }

    /// The name of the average of a variable or tensor: that which it has, or that which it would
    /// have if it were made outside of all variable scopes. So a graph that only evaluates finds
    /// the averages that another one has saved.
    pub fn average_name(&self, of: impl Into<Point<'g>>) -> String {
        let of = of.into();
        match self.average(of) {
            Some(average) => average.name(),
            None => format!("{}/{}", name_of(of), self.name),
        }
    }

    /// All variables of the graph with the names to restore them by: those that have an average by
    /// its name, the others by their own. Averaged are the trainable variables, and those of the
    /// collection [`Keys::MOVING_AVERAGE_VARIABLES`].
    ///
    /// A saver of this list (`Saver::named`) puts the averages of a checkpoint into the variables.
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    /// use aqueduct_optimizer::ExponentialMovingAverage;
    ///
    /// let g = Graph::new();
    /// let w = g.variable("w", 1.0_f32);
    /// let step = g.untrained_variable("step", 0_i64);
    /// let averages = ExponentialMovingAverage::new(0.99);
    /// let list = averages.variables_to_restore(&g);
    /// assert_eq!(list[0], ("w/ExponentialMovingAverage".to_owned(), w.any()));
    /// assert_eq!(list[1], ("step".to_owned(), step.any()));
    /// ```
    pub fn variables_to_restore(&self, graph: &'g Graph) -> Vec<(String, AnyVariable<'g>)> {
        let mut averaged = graph.trainable_variables();
        for variable in graph.variables_of(Keys::MOVING_AVERAGE_VARIABLES) {
            if !averaged.contains(&variable) {
                averaged.push(variable);
            }
        }
        let named = averaged.iter();
        let mut list: Vec<(String, AnyVariable<'g>)> = named
            .map(|variable| (self.average_name(*variable), *variable))
            .collect();
        let taken: BTreeMap<String, AnyVariable<'g>> = list.iter().cloned().collect();
        let others = graph.global_variables().into_iter();
        list.extend(
            others
                .filter(|variable| !averaged.contains(variable))
                .map(|variable| (variable.name(), variable))
                .filter(|(name, _)| !taken.contains_key(name)),
        );
        list
    }

    #[track_caller]
    fn average_or_new(&mut self, graph: &'g Graph, of: Point<'g>) -> Average<'g> {
        let known = self.averages.iter().find(|average| average.of == of);
        if let Some(average) = known {
            return *average;
        }
        let _root = graph.at_root();
        let _names = graph.variable_names();
        let name = format!("{}/{}", name_of(of), self.name);
        let average = match of {
            Point::Variable(variable) => {
                graph.add_to_collection(Keys::MOVING_AVERAGE_VARIABLES, variable);
                Average {
                    of,
                    variable: shadow(graph, variable, &name),
                    debias: None,
                }
            }
            Point::Tensor(tensor) => {
                let zeros =
                    |name: &str, shape: &Shape| untrained(graph, name, tensor.dtype(), shape, 0.0);
                let variable = zeros(&name, &tensor.shape());
                let debias = self.zero_debias.then(|| Debias {
                    biased: zeros(&format!("{name}/biased"), &tensor.shape()),
                    local_step: zeros(&format!("{name}/local_step"), &Shape::scalar()),
                });
                Average {
                    of,
                    variable,
                    debias,
                }
            }
        };
        self.averages.push(average);
        average
    }
}

impl<'g> Average<'g> {
    /// The average of one value more.
    #[track_caller]
    fn update(self, decay: AnyTensor<'g>) -> AnyTensor<'g> {
        let value = match self.of {
            Point::Variable(variable) => variable.read_value(),
            Point::Tensor(tensor) => tensor,
        };
        let Some(Debias { biased, local_step }) = self.debias else {
            return self.variable.assign_moving_average(value, decay);
        };
        let graph = value.graph();
        let one = graph.number(self.variable.dtype(), 1.0, "one");
        let sum = biased.assign_moving_average(value, decay);
        let count = local_step.update(Update::Add, one);
        let factor = one.sub(decay.binary(Binary::Pow, count, "Pow"));
        self.variable.update(Update::Set, sum.div(factor))
    }
}

/// The decay at this step.
#[track_caller]
fn decay_now<'g>(
    graph: &'g Graph,
    dtype: DType,
    decay: Hyper<'g>,
    count: Option<AnyTensor<'g>>,
) -> AnyTensor<'g> {
    let decay = decay.tensor(graph, dtype, "decay");
    let Some(count) = count else {
        return decay;
    };
    let count = count.cast(dtype);
    let more = |number: f64| graph.number(dtype, number, "Const").add(count);
    let faster = more(1.0).div(more(10.0));
    decay.binary(Binary::Minimum, faster, "Minimum")
}

/// The name that the average's begins with: of a tensor that of its operation.
fn name_of(point: Point<'_>) -> String {
    match point {
        Point::Variable(variable) => variable.name(),
        Point::Tensor(tensor) => tensor.op().name(),
    }
}

/// Why there can be no average of this.
fn misfit<'g>(graph: &'g Graph, point: Point<'g>) -> Option<Problem> {
    let tensor = point.tensor();
    let found = format!("`{}`", point.name());
    if !tensor.graph().is_same(graph) {
        let message = format!("{found} belongs to another graph");
        return Some(Problem::new(MistakeKind::Foreign, message));
    }
    let (dtype, shape) = (tensor.dtype(), tensor.shape());
    if tensor.is_poisoned() {
        return None;
    }
    if !dtype.is_float() {
        let problem = Problem::dtype(format!("{found} is {dtype}, and averages are of floats"));
        return Some(problem.help("cast it to f32 first"));
    }
    shape.sizes().is_none().then(|| {
        Problem::shape(format!("{found} has the unknown shape {shape}"))
            .help("an average is a variable, which keeps one shape: average a reduction of it")
    })
}

/// A variable that starts from what this one starts from.
#[track_caller]
fn shadow<'g>(graph: &'g Graph, variable: AnyVariable<'g>, name: &str) -> AnyVariable<'g> {
    fn of<'g, T: Float>(
        graph: &'g Graph,
        variable: Variable<'g, T>,
        name: &str,
    ) -> AnyVariable<'g> {
        let initial = {
            let _scope = graph.open_name_scope(&format!("{name}/Initializer"));
            variable.initialized_value()
        };
        graph.untrained_variable(name, initial).any()
    }
    match variable.dtype() {
        DType::F64 => of::<f64>(graph, variable.typed(), name),
        DType::F32 | DType::I32 | DType::I64 | DType::U8 | DType::Bool => {
            of::<f32>(graph, variable.typed(), name)
        }
    }
}
