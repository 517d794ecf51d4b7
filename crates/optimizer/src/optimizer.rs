//! What optimizers have in common: from a loss to the operation that trains.

use aqueduct_graph::ir::Problem;
use aqueduct_graph::{
    AnyTensor, AnyVariable, DType, Graph, MistakeKind, Operation, Shape, Sizes, Variable, fill,
};

use crate::gradient::{Gradient, Slope};
use crate::gradients::gradients;

/// A rule by which variables follow their gradients.
///
/// [`Optimizer::minimize`] is [`Optimizer::compute_gradients`] and [`Optimizer::apply_gradients`] in
/// one; call the two to do something with the gradients in between.
///
/// ```
/// use aqueduct_graph::{Graph, zeros};
/// use aqueduct_optimizer::{GradientDescentOptimizer, Optimizer};
///
/// let g = Graph::new();
/// let w = g.variable::<f32>("w", zeros([3]));
/// let optimizer = GradientDescentOptimizer::new(0.1);
/// let mut pairs = optimizer.compute_gradients((w - 1.0).square(), g.trainable_variables());
/// for (gradient, _) in &mut pairs {
///     if let Some(dense) = gradient.typed::<f32>() {
///         *gradient = dense.clip_by_value(-1.0, 1.0).into();
///     }
/// }
/// let train = optimizer.apply_gradients(&g, &pairs, None);
/// assert_eq!(train.name(), "GradientDescent");
/// assert!(g.check().is_ok());
/// ```
pub trait Optimizer<'g> {
    /// The name of the operation that trains: `Adam`.
    fn name(&self) -> &str;

    /// What it keeps from step to step.
    type Slots;

    /// What is wrong with its settings, if anything is: a mistake then, at the line of the call that
    /// trains.
    ///
    /// # Errors
    /// A setting cannot be what it is.
    fn check_settings(&self) -> Result<(), Problem> {
        Ok(())
    }

    /// Makes the variables in which it keeps something from step to step (see [`slot`] and
    /// [`untrained`]). Called once by each [`Optimizer::apply_gradients`].
    #[track_caller]
    fn create_slots(&self, graph: &'g Graph, variables: &[AnyVariable<'g>]) -> Self::Slots;

    /// Adds the operations that change each variable by its gradient. Called after
    /// [`Optimizer::create_slots`] with the same variables, in a name scope of its own.
    #[track_caller]
    fn updates(
        &self,
        graph: &'g Graph,
        slopes: &[(Slope<'g>, AnyVariable<'g>)],
        slots: &Self::Slots,
    ) -> Vec<Operation<'g>>;

    /// The gradients of the sum of all elements of the loss with respect to these variables.
    #[track_caller]
    fn compute_gradients(
        &self,
        loss: impl Into<AnyTensor<'g>>,
        variables: impl IntoIterator<Item = impl Into<AnyVariable<'g>>>,
    ) -> Vec<(Gradient<'g>, AnyVariable<'g>)> {
        let variables: Vec<AnyVariable<'g>> = variables.into_iter().map(Into::into).collect();
        let found = gradients(loss.into(), &variables);
        found.into_iter().zip(variables).collect()
    }

    /// The operation that changes the variables by these gradients, and then adds 1 to
    /// `global_step`. Variables without a gradient stay as they are. That none has one is a mistake, and so
    /// is a gradient that exists but cannot be derived; the operation is poisoned then.
    ///
    /// Each call makes slots of its own. To train one set of variables by several losses, add up
    /// the gradients and apply them once.
    #[track_caller]
    fn apply_gradients(
        &self,
        graph: &'g Graph,
        gradients: &[(Gradient<'g>, AnyVariable<'g>)],
        global_step: Option<Variable<'g, i64>>,
    ) -> Operation<'g> {
        let _here = graph.here();
        let problem = self.check_settings().err();
        let problem = problem.or_else(|| not_derived(gradients));
        if let Some(problem) = problem.or_else(|| not_of_floats(gradients)) {
            return graph.poisoned_operation("apply_gradients", self.name(), problem);
        }
        let slopes = slopes(gradients);
        if let Some(foreign) = foreign(graph, &slopes) {
            let stand_in = graph.own(foreign, "apply_gradients");
            return graph.group_named([stand_in.op()], self.name());
        }
        if slopes.is_empty() {
            let problem = nothing_to_apply(gradients, None);
            return graph.poisoned_operation("apply_gradients", self.name(), problem);
        }
        let variables: Vec<AnyVariable<'g>> =
            slopes.iter().map(|(_, variable)| *variable).collect();
        let slots = self.create_slots(graph, &variables);
        let scope = graph.open_name_scope(self.name());
        let mut last = self.updates(graph, &slopes, &slots);
        if let Some(step) = global_step {
            let _after = graph.order_after(&last);
            last = vec![step.assign_add(1).op()];
        }
        graph.group_scope(&scope, last)
    }

    /// The operation that changes all trainable variables so that the loss, or the sum of its
    /// elements, gets smaller.
    #[track_caller]
    fn minimize(&self, loss: impl Into<AnyTensor<'g>>) -> Operation<'g> {
        self.minimize_with(loss, Minimize::new())
    }

    /// [`Optimizer::minimize`] of some variables only, or with a count of steps.
    #[track_caller]
    fn minimize_with(
        &self,
        loss: impl Into<AnyTensor<'g>>,
        options: Minimize<'g>,
    ) -> Operation<'g> {
        let loss = loss.into();
        let graph = loss.graph();
        let _here = graph.here();
        let variables = options.variables;
        let variables = variables.unwrap_or_else(|| graph.trainable_variables());
        let gradients = self.compute_gradients(loss, variables);
        if gradients.is_empty() && loss.is_poisoned() {
            // The layers that would have made the variables may hang on the same mistake.
            return graph.group_named([loss.op()], self.name());
        }
        let problem = self.check_settings().err();
        let problem = problem.or_else(|| not_derived(&gradients)).or_else(|| {
            let none = slopes(&gradients).is_empty();
            none.then(|| nothing_to_apply(&gradients, Some(loss)))
        });
        if let Some(problem) = problem {
            return graph.poisoned_operation("minimize", self.name(), problem);
        }
        self.apply_gradients(graph, &gradients, options.global_step)
    }
}

/// Settings of [`Optimizer::minimize_with`].
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::{
///     GradientDescentOptimizer, Minimize, Optimizer, get_or_create_global_step,
/// };
///
/// let g = Graph::new();
/// let (w, frozen) = (g.variable("w", 3.0_f32), g.variable("frozen", 1.0_f32));
/// let step = get_or_create_global_step(&g);
/// let options = Minimize::new().variables([w]).global_step(step);
/// let train = GradientDescentOptimizer::new(0.1).minimize_with(w * frozen, options);
/// # let _ = train;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Minimize<'g> {
    variables: Option<Vec<AnyVariable<'g>>>,
    global_step: Option<Variable<'g, i64>>,
}

impl<'g> Minimize<'g> {
    /// All trainable variables; no count of steps.
    pub fn new() -> Minimize<'g> {
        Minimize::default()
    }

    /// Changes these variables only.
    #[must_use]
    pub fn variables(
        mut self,
        variables: impl IntoIterator<Item = impl Into<AnyVariable<'g>>>,
    ) -> Minimize<'g> {
        self.variables = Some(variables.into_iter().map(Into::into).collect());
        self
    }

    /// Adds 1 to this variable after the others have been changed.
    #[must_use]
    pub fn global_step(mut self, global_step: Variable<'g, i64>) -> Minimize<'g> {
        self.global_step = Some(global_step);
        self
    }
}

/// A variable in which an optimizer keeps something of another one from step to step: of its type
/// and shape, zeros at first, not trained. Its name is the other one's and `name`, in the variable
/// scope that is open, as in TensorFlow: `weights/w/Adam`.
#[track_caller]
pub fn slot<'g>(variable: AnyVariable<'g>, name: &str) -> AnyVariable<'g> {
    filled_slot(variable, name, 0.0)
}

/// A [`slot`] with another number everywhere at first.
#[track_caller]
pub fn filled_slot<'g>(variable: AnyVariable<'g>, name: &str, start: f64) -> AnyVariable<'g> {
    let graph = variable.graph();
    let _here = graph.here();
    let _names = graph.variable_names();
    let name = format!("{}/{name}", variable.name());
    untrained(graph, &name, variable.dtype(), &variable.shape(), start)
}

/// A variable that is not trained, with one number everywhere at first, named in the scope that is
/// open. `dtype` is `F32` or `F64`.
#[track_caller]
pub fn untrained<'g>(
    graph: &'g Graph,
    name: &str,
    dtype: DType,
    shape: &Shape,
    start: f64,
) -> AnyVariable<'g> {
    let _here = graph.here();
    let _root = graph.at_root();
    let initial = fill(Sizes::from(shape), start);
    let in_scope = || graph.open_name_scope(&format!("{name}/Initializer"));
    if dtype == DType::F64 {
        let initial = {
            let _scope = in_scope();
            initial.tensor::<f64>(graph)
        };
        return graph.untrained_variable(name, initial).any();
    }
    let initial = {
        let _scope = in_scope();
        initial.tensor::<f32>(graph)
    };
    graph.untrained_variable(name, initial).any()
}

/// The variables that have a gradient, with it.
fn slopes<'g>(gradients: &[(Gradient<'g>, AnyVariable<'g>)]) -> Vec<(Slope<'g>, AnyVariable<'g>)> {
    gradients
        .iter()
        .filter_map(|(gradient, variable)| Some((gradient.slope()?, *variable)))
        .collect()
}

/// What belongs to another graph.
fn foreign<'g>(graph: &Graph, slopes: &[(Slope<'g>, AnyVariable<'g>)]) -> Option<AnyTensor<'g>> {
    let mut tensors = slopes.iter().flat_map(|(slope, variable)| {
        let of_slope = match slope {
            Slope::Dense(tensor) => [*tensor; 3],
            Slope::Sparse(slices) => [slices.values, slices.indices, slices.rows],
        };
        of_slope.into_iter().chain([variable.value()])
    });
    tensors.find(|tensor| !tensor.graph().is_same(graph))
}

/// Which variables have a gradient that cannot be derived: to leave them as they are would train
/// another model than the one that was built.
fn not_derived(gradients: &[(Gradient<'_>, AnyVariable<'_>)]) -> Option<Problem> {
    let reasons: Vec<String> = gradients
        .iter()
        .filter_map(|(gradient, variable)| match gradient {
            Gradient::NotDerived { reason } => Some(format!("`{}`: {reason}", variable.name())),
            Gradient::Dense(_)
            | Gradient::Sparse(_)
            | Gradient::NotConnected
            | Gradient::NotDifferentiable { .. } => None,
        })
        .collect();
    (!reasons.is_empty()).then(|| {
        Problem::new(MistakeKind::Gradient, reasons.join("; ")).help(
            "state what is missing, train the other variables only, or put `stop_gradient` before \
             that operation",
        )
    })
}

/// Which variables with a gradient are not of floats: a step, a part of 1, would be rounded to nothing.
fn not_of_floats(gradients: &[(Gradient<'_>, AnyVariable<'_>)]) -> Option<Problem> {
    let moved = gradients
        .iter()
        .filter(|(gradient, _)| gradient.slope().is_some());
    let (_, variable) = moved
        .into_iter()
        .find(|(_, variable)| !variable.dtype().is_float())?;
    let message = format!(
        "`{}` is {} but must be of floats",
        variable.name(),
        variable.dtype()
    );
    Some(Problem::dtype(message).help("whole numbers cannot be trained: leave the variable out"))
}

/// Why no variable can be changed.
fn nothing_to_apply(
    gradients: &[(Gradient<'_>, AnyVariable<'_>)],
    loss: Option<AnyTensor<'_>>,
) -> Problem {
    if gradients.is_empty() {
        return Problem::new(MistakeKind::Gradient, "there are no variables to train")
            .help("make one with `variable` or `get_variable`, or name those to train");
    }
    let of_loss = loss.map_or(String::new(), |loss| {
        format!(" by the loss `{}`", loss.name())
    });
    let reasons: Vec<String> = gradients
        .iter()
        .filter_map(|(gradient, variable)| {
            let why = gradient.why_not()?;
            Some(format!("`{}`: {why}", variable.name()))
        })
        .collect();
    let message = format!(
        "no gradients provided for any variable{of_loss}: {}",
        reasons.join("; ")
    );
    Problem::new(MistakeKind::Gradient, message)
        .help("the loss must depend on a variable through operations that have gradients")
}
