//! The files that the fuzzer has found to be worth keeping, and those that it begins with: `fuzz/corpus`.

use aqueduct_tests::hostile::{GraphFolder, corpus, exercise, graph_file, within_limits};

/// Offers all files, of which some must be graphs.
fn offer(files: impl Iterator<Item = Vec<u8>>) {
    let folder = GraphFolder::new();
    let graphs = files.filter_map(|bytes| folder.offer(&bytes).ok());
    let runs: usize = graphs.map(|graph| exercise(&graph)).sum();
    assert!(runs > 0);
}

#[test]
fn graphs() {
    within_limits("corpus::graphs", || offer(corpus("graph").into_iter()));
}

#[test]
fn mended_graphs() {
    within_limits("corpus::mended_graphs", || {
        let files = corpus("graph_mended");
        offer(files.iter().map(|record| graph_file(record)));
    });
}
