//! The files that the fuzzer has found to be worth keeping: `fuzz/corpus`.

use std::fs;
use std::path::Path;

use aqueduct_tests::hostile::{Mending, StateFolder, Victim, mended};

/// The files of a target.
fn files(target: &str) -> Vec<Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let entries = fs::read_dir(corpus.join(target)).unwrap();
    entries
        .map(|entry| fs::read(entry.unwrap().path()).unwrap())
        .collect()
}

/// How many of these files are whole.
fn whole(files: impl Iterator<Item = Vec<u8>>) -> usize {
    let victim = Victim::new();
    let offer = |bytes: Vec<u8>| {
        let outcome = victim.offer(&bytes);
        let table = outcome.table.filter(|_| outcome.whole)?;
        victim.rewrite(&bytes, &table);
        Some(())
    };
    files.filter_map(offer).count()
}

#[test]
fn checkpoints() {
    assert!(whole(files("checkpoint").into_iter()) > 0);
}

#[test]
fn mended_checkpoints() {
    let files = files("checkpoint_mended");
    let inputs = files.iter().filter_map(|input| input.split_first());
    assert!(whole(inputs.map(|(how, bytes)| mended(bytes, Mending::of(*how)))) > 0);
}

#[test]
fn state_files() {
    let folder = StateFolder::new();
    let files = files("state_file");
    let states = files.iter().filter_map(|bytes| folder.offer(bytes).ok());
    assert!(states.count() > 0);
}
