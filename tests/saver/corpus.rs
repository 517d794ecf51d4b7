//! The files that the fuzzer has found to be worth keeping: `fuzz/corpus`.

use aqueduct_tests::hostile::{Mending, StateFolder, Victim, corpus, mended};

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
    assert!(whole(corpus("checkpoint").into_iter()) > 0);
}

#[test]
fn mended_checkpoints() {
    let files = corpus("checkpoint_mended");
    let inputs = files.iter().filter_map(|input| input.split_first());
    assert!(whole(inputs.map(|(how, bytes)| mended(bytes, Mending::of(*how)))) > 0);
}

#[test]
fn state_files() {
    let folder = StateFolder::new();
    let files = corpus("state_file");
    let states = files.iter().filter_map(|bytes| folder.offer(bytes).ok());
    assert!(states.count() > 0);
}
