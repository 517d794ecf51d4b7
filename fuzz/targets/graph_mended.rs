//! Any bytes as the record of a graph, in a file whose beginning fits it. Without that hardly one file
//! would get past its checksum.

#![no_main]

use std::cell::OnceCell;

use aqueduct_fuzz::bounded;
use aqueduct_tests::hostile::{GraphFolder, exercise, graph_file};
use libfuzzer_sys::fuzz_target;

thread_local! {
    static FOLDER: OnceCell<GraphFolder> = const { OnceCell::new() };
}

fuzz_target!(|record: &[u8]| {
    let bytes = graph_file(record);
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(GraphFolder::new);
        if let Ok(graph) = bounded(bytes.len(), || folder.offer(&bytes)) {
            exercise(&graph);
        }
    });
});
