//! One number that says something of each element of a tensor.

use aqueduct_graph::{Float, Tensor};

/// The sum of all elements of `y`, each with a weight of its own from 0.5 to 1.5: a loss by which a
/// gradient can be checked for a result of any shape. A plain sum would not tell one element from
/// another, and is the same for every `softmax`.
///
/// ```
/// use aqueduct_graph::{Graph, shape};
/// use aqueduct_optimizer::{gradient, weighted_sum};
///
/// let g = Graph::new();
/// let x = g.placeholder::<f64>("x", shape![?, 4]);
/// let slope = gradient(weighted_sum(x.softmax()), x);
/// assert!(slope.shape().same(&x.shape()));
/// ```
#[track_caller]
pub fn weighted_sum<'g, T: Float>(y: Tensor<'g, T>) -> Tensor<'g, T> {
    let graph = y.graph();
    let _here = graph.here();
    let _scope = graph.open_name_scope("weighted_sum");
    let places = graph.range(y.size()).cast::<T>();
    let weights = places.sin() * T::from_f64(0.5) + T::from_f64(1.0);
    // Not `y` flattened: its gradient would be one of unknown size.
    (y * weights.reshape(y.shape_tensor())).reduce_sum(..)
}
