//! Making, reshaping and picking apart of arrays, from building to the run.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod building;
mod forms;
mod orders;
mod placeholders;

use aqueduct::prelude::*;

/// Asserts that building with `x`, f32[?, 4], makes one mistake, on the caller's line, which says this.
#[track_caller]
fn check_refused(build: impl for<'g> FnOnce(&'g Graph, Tensor<'g, f32>), message: &str) {
    let file = std::panic::Location::caller().file();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 4]);
    build(&g, x);
    let report = g.check().unwrap_err();
    assert_eq!(report.0.len(), 1, "{report}");
    assert_eq!(report.0[0].at.at.file, file);
    assert_eq!(report.0[0].message, message);
}
