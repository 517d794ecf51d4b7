//! The counter of training steps.

use aqueduct_graph::{Graph, Keys, Variable};

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
    if let Some(step) = graph.variables_of(Keys::GLOBAL_STEP).first() {
        return step.typed();
    }
    let _here = graph.here();
    let _names = graph.variable_names();
    let step = graph.untrained_variable("global_step", 0_i64);
    graph.add_to_collection(Keys::GLOBAL_STEP, step);
    step
}
