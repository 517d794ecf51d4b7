//! A rate that changes at given steps.

use aqueduct_graph::ir::Problem;
use aqueduct_graph::{Float, Number, Tensor};

use crate::hyper::checked_count;

/// `values[0]` while `x <= boundaries[0]`, `values[i]` while `boundaries[i - 1] < x <=
/// boundaries[i]`, and the last value from then on: a scalar of the values' type. TensorFlow's
/// `train.piecewise_constant`.
///
/// `x` is a scalar, the count of steps as a rule, and the boundaries are of its type; the value of
/// a NaN is `values[0]`. There is one value more than there are boundaries, and the boundaries
/// ascend; that they do not is a mistake.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_optimizer::{get_or_create_global_step, piecewise_constant};
///
/// let g = Graph::new();
/// let step = get_or_create_global_step(&g);
/// let rate = piecewise_constant(step, [10_000, 20_000], [0.1_f32, 0.05, 0.01]);
/// assert_eq!(rate.shape().rank(), 0);
/// # assert!(g.check().is_ok());
/// ```
#[track_caller]
pub fn piecewise_constant<'g, N: Number, T: Float>(
    x: impl Into<Tensor<'g, N>>,
    boundaries: impl AsRef<[N]>,
    values: impl AsRef<[T]>,
) -> Tensor<'g, T> {
    let x: Tensor<'g, N> = x.into();
    let graph = x.graph();
    let _here = graph.here();
    let (boundaries, values) = (boundaries.as_ref(), values.as_ref());
    let name = "PiecewiseConstant";
    if let Some(problem) = misfit(boundaries, values) {
        let like = graph.number(T::DTYPE, 1.0, name);
        let wrong = graph.poisoned_like(like, "piecewise_constant", name, problem);
        return wrong.typed();
    }
    let _scope = graph.open_name_scope(name);
    let x: Tensor<'g, N> = checked_count(x.any(), "x").typed();
    let boundaries = graph.constant(boundaries.to_vec());
    let values = graph.constant(values.to_vec());
    let passed = x.greater(boundaries).cast::<i32>().reduce_sum(..);
    values.gather(passed)
}

/// Why these cannot be boundaries and values.
fn misfit<N: Number, T: Float>(boundaries: &[N], values: &[T]) -> Option<Problem> {
    let ascend = boundaries.is_sorted_by(|one, next| one < next);
    // One NaN by itself is in order.
    let ordered = boundaries.iter().all(|one| one.partial_cmp(one).is_some());
    if !ascend || !ordered {
        let message = format!("the boundaries {boundaries:?} do not ascend");
        return Some(Problem::argument(message).help("give each boundary once, the least first"));
    }
    (values.len() != boundaries.len() + 1).then(|| {
        let message = format!(
            "there are {} values for {} boundaries",
            values.len(),
            boundaries.len()
        );
        Problem::argument(message).help(
            "give a value for each boundary, which holds up to it, and one for after the last",
        )
    })
}
