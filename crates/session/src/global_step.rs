//! How many steps a training has made.

use aqueduct_graph::{Index, Variable};

use crate::error::Result;
use crate::feed::Feeds;
use crate::session::{Session, TensorExt};

/// The number in the counter of training steps of a session. TensorFlow's `train.global_step`.
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_session::{Session, feed, global_step};
///
/// let g = Graph::new();
/// let step = g.untrained_variable("global_step", 0_i64);
/// let count = step.assign_add(1);
/// let sess = Session::new(&g);
/// sess.run(g.global_variables_initializer(), feed![])?;
/// sess.run(count, feed![])?;
/// assert_eq!(global_step(&sess, step)?, 1);
/// # Ok::<(), aqueduct_session::Error>(())
/// ```
///
/// # Errors
/// The variable has no value, is of another graph, or is no scalar.
pub fn global_step<T: Index + Into<i64>>(session: &Session, step: Variable<'_, T>) -> Result<i64> {
    let count = session.run(step.value().scalar(), Feeds::new())?;
    Ok(count.into())
}
