//! Any bytes as a graph file.

#![no_main]

use std::cell::OnceCell;

use aqueduct_fuzz::bounded;
use aqueduct_tests::hostile::{GraphFolder, exercise};
use libfuzzer_sys::fuzz_target;

thread_local! {
    static FOLDER: OnceCell<GraphFolder> = const { OnceCell::new() };
}

fuzz_target!(|bytes: &[u8]| {
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(GraphFolder::new);
        if let Ok(graph) = bounded(bytes.len(), || folder.offer(bytes)) {
            exercise(&graph);
        }
    });
});
