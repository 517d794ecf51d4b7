//! Mistakes made while building.

use std::panic::Location;

use aqueduct::Graph;

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
