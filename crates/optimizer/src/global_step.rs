//! The counter of training steps.

use aqueduct_graph::ir::Problem;
use aqueduct_graph::{
    AnyTensor, AnyVariable, DType, Graph, Keys, MistakeKind, Operand, Tensor, Variable,
};

/// The graph's counter of training steps, made on first use: an untrained `i64` variable named
/// `global_step`, which starts at 0. TensorFlow's `train.get_or_create_global_step`.
///
/// ```
/// use aqueduct_graph::{Graph, Keys};
/// use aqueduct_optimizer::get_or_create_global_step;
///
/// let g = Graph::new();
/// let step = get_or_create_global_step(&g);
/// assert_eq!(step.name(), "global_step");
/// assert_eq!(get_or_create_global_step(&g).any(), step.any());
/// assert_eq!(g.variables_of(Keys::GLOBAL_STEP), [step.any()]);
/// ```
#[track_caller]
pub fn get_or_create_global_step(graph: &Graph) -> Variable<'_, i64> {
    let _here = graph.here();
    get_global_step(graph).unwrap_or_else(|| make(graph))
}

/// The graph's counter of training steps, if there is one: the variable of the collection
/// [`Keys::GLOBAL_STEP`], else the one named `global_step`. TensorFlow's `train.get_global_step`.
///
/// It must be a scalar of `i64`, and the only one of the collection; else that is a mistake.
#[track_caller]
pub fn get_global_step(graph: &Graph) -> Option<Variable<'_, i64>> {
    let _here = graph.here();
    let step = find(graph)?;
    // Of another type, `typed` finds the mistake.
    if step.dtype() == DType::I64 {
        assert_global_step(step.value());
    }
    Some(step.typed())
}

/// Makes the graph's counter of training steps. That there is one already is a mistake. TensorFlow's
/// `train.create_global_step`.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::{create_global_step, get_global_step};
///
/// let g = Graph::new();
/// assert_eq!(get_global_step(&g).map(|step| step.any()), None);
/// let step = create_global_step(&g);
/// assert_eq!(get_global_step(&g).map(|step| step.any()), Some(step.any()));
/// ```
#[track_caller]
pub fn create_global_step(graph: &Graph) -> Variable<'_, i64> {
    let Some(step) = find(graph) else {
        return make(graph);
    };
    let message = format!("the graph counts its steps in `{}` already", step.name());
    let problem = Problem::new(MistakeKind::Name, message)
        .help("use `get_global_step`, or `get_or_create_global_step`");
    graph.report("create_global_step", NAME, problem);
    step.typed()
}

/// Checks that a tensor can be a counter of steps: a scalar of integers. Else that is a mistake.
/// TensorFlow's `train.assert_global_step`.
#[track_caller]
pub fn assert_global_step<'g>(step: impl Into<AnyTensor<'g>>) {
    let step = step.into();
    let (dtype, shape) = (step.dtype(), step.shape());
    if step.is_poisoned() || (dtype.is_integer() && shape.rank() == 0) {
        return;
    }
    let found = format!(
        "`{}` is {dtype}{shape}, and the global step is a scalar of integers",
        step.name()
    );
    let problem = if dtype.is_integer() {
        Problem::shape(found)
    } else {
        Problem::dtype(found)
    };
    step.graph().report("assert_global_step", NAME, problem);
}

/// Adds to the graph's counter of training steps, which is made if there is none, and gives the sum:
/// for training steps that no optimizer counts.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::increment_global_step;
///
/// let g = Graph::new();
/// let next = increment_global_step(&g, 1);
/// assert_eq!(next.op().type_name(), "AssignAdd");
/// ```
#[track_caller]
pub fn increment_global_step<'g>(graph: &'g Graph, by: impl Operand<'g, i64>) -> Tensor<'g, i64> {
    let _here = graph.here();
    get_or_create_global_step(graph).assign_add(by)
}

/// The counter's name.
const NAME: &str = "global_step";

#[track_caller]
fn make(graph: &Graph) -> Variable<'_, i64> {
    let _here = graph.here();
    let _names = graph.variable_names();
    let step = graph.untrained_variable(NAME, 0_i64);
    graph.add_to_collection(Keys::GLOBAL_STEP, step);
    step
}

/// The counter, of whatever type. That there are several is a mistake, and gives the first.
#[track_caller]
fn find(graph: &Graph) -> Option<AnyVariable<'_>> {
    let listed = graph.variables_of(Keys::GLOBAL_STEP);
    if listed.len() > 1 {
        let names: Vec<String> = listed
            .iter()
            .map(|step| format!("`{}`", step.name()))
            .collect();
        let message = format!("several variables count the steps: {}", names.join(", "));
        let problem = Problem::new(MistakeKind::Name, message);
        graph.report("get_global_step", NAME, problem);
    }
    listed.first().copied().or_else(|| {
        let mut variables = graph.global_variables().into_iter();
        variables.find(|variable| variable.name() == NAME)
    })
}
