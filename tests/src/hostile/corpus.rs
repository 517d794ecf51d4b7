//! The files that the fuzzer has found to be worth keeping, and those that it begins with: `fuzz/corpus`.

use std::fs;
use std::path::Path;

/// The files of a target.
///
/// # Panics
/// There are none.
pub fn corpus(target: &str) -> Vec<Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let entries = fs::read_dir(corpus.join(target)).expect("the target has a corpus");
    let bytes = |path| fs::read(path).expect("a file of the corpus can be read");
    entries
        .map(|entry| bytes(entry.expect("the corpus can be listed").path()))
        .collect()
}
