//! Mistakes made while building.

use std::panic::Location;

use aqueduct::Graph;

use crate::relative;

/// The message of the one mistake that `build` makes, on a line of the caller's file.
///
/// # Panics
/// It makes none or several, or the mistake has another place.
#[track_caller]
pub fn only_mistake(build: impl FnOnce(&Graph)) -> String {
    let graph = Graph::new();
    build(&graph);
    let mistakes = graph
        .check()
        .map_or_else(|mistakes| mistakes.0, |()| Vec::new());
    let [mistake] = mistakes.as_slice() else {
        panic!("{} mistakes, not one: {mistakes:?}", mistakes.len());
    };
    let file = Location::caller().file();
    assert_eq!(mistake.at.at.file, file, "{mistake}");
    mistake.message.clone()
}

/// The reports of all mistakes of a graph, or `nothing`, with places told as [`relative`] does.
pub fn mistakes_of(graph: &Graph, file: &str, anchor: u32) -> String {
    let report = match graph.check() {
        Ok(()) => "nothing".to_owned(),
        Err(mistakes) => mistakes.to_string(),
    };
    relative(&report, file, anchor)
}
