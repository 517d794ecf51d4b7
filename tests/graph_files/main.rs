//! Graph files: a graph that another program takes up where the first one left it, and files that are
//! refused.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]
#![expect(
    clippy::print_stdout,
    reason = "the process of the cases tells its figures"
)]

#[path = "../saver/allocations.rs"]
mod allocations;
mod building_on;
mod corpus;
mod damage;
mod forged;
mod forms;
mod golden;
mod mutations;
mod restructured;
#[expect(dead_code, reason = "the table of operations asks more of its rows")]
#[macro_use]
#[path = "../ops/row.rs"]
mod row;
#[path = "../ops/rows/mod.rs"]
mod rows;
mod samples;
mod seeds;

use aqueduct::prelude::*;

/// The graph after it went through a file, of which a second export is the same to the byte.
fn through_file(graph: &Graph) -> Graph {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("graph.meta");
    export_meta_graph(graph, &path).unwrap();
    let again = import_meta_graph(&path).unwrap();
    assert_eq!(again.to_text(), graph.to_text());
    let second = dir.path().join("second.meta");
    export_meta_graph(&again, &second).unwrap();
    let bytes = |path| std::fs::read(path).unwrap();
    assert!(bytes(path) == bytes(second), "the second export differs");
    again
}
