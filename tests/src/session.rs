//! Sessions ready for use.

use aqueduct::prelude::*;

/// A session of a graph whose variables have their initial values.
///
/// # Panics
/// An initializer fails.
#[track_caller]
pub fn initialized(graph: &Graph) -> Session {
    let sess = Session::new(graph);
    sess.run(graph.global_variables_initializer(), feed![])
        .expect("the variables have initial values");
    sess
}
