//! Checkpoints: what is saved is restored, what is damaged or does not fit is refused.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod allocations;
mod children;
mod contents;
mod corpus;
mod damage;
mod forged;
mod format;
mod kept;
mod killed;
mod limited;
mod mutations;
mod processes;
mod reports;
mod shared;
mod strange;
mod threads;

use aqueduct::prelude::*;

/// A session whose variables have their initial values.
fn session(graph: &Graph) -> Session {
    let sess = Session::new(graph);
    sess.run(graph.global_variables_initializer(), feed![])
        .unwrap();
    graph.check().unwrap();
    sess
}
