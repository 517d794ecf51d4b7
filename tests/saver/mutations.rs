//! Random damage by the thousand: whatever is done to a file, it is refused with nothing changed, or it
//! is a good file.

use aqueduct::Philox;
use aqueduct::rand::RngExt as _;
use aqueduct_tests::hostile::{
    CheckpointFile, FileTensor, Mending, StateFolder, Victim, mended, mutated, mutations,
};

use crate::allocations::largest_request;

/// A file of all element types, with shapes and names that are out of the way.
fn odd_file() -> Vec<u8> {
    CheckpointFile {
        tensors: vec![
            FileTensor::new("", 1, &[], &[1, 2, 3, 4]),
            FileTensor::new("\0\u{1b}[2J\n", 2, &[0, 1 << 40], &[]),
            FileTensor::new("a/..", 3, &[1, 1, 1, 1], &[5, 6, 7, 8]),
            FileTensor::new("e\u{301}", 4, &[3], &[0, 1, 255]),
            FileTensor::new("n", 9, &[2, 1], &[9; 16]),
            FileTensor::new("w", 1, &[3], &[7; 12]),
            FileTensor::new("\u{e9}", 10, &[2, 2], &[0, 1, 1, 0]),
        ],
        streams: vec![("a".into(), [1, 2, 3]), ("b/c".into(), [u64::MAX; 3])],
    }
    .bytes()
}

/// The long form: `AQUEDUCT_MUTATIONS=1000000 cargo test --release -p aqueduct-tests --test saver mutations`.
#[test]
fn files_that_are_changed_at_random() {
    let victim = Victim::new();
    let files = [victim.good().to_vec(), odd_file()];
    let mut rng = Philox::new(7, 0);
    let (mut restored, mut whole, mut rewritten) = (0, 0, 0);
    for case in 0..mutations(4000) {
        let which = rng.random_range(0..2);
        let bytes = mutated(&files[which], &files[1 - which], &mut rng);
        let mending = Mending::ALL[rng.random_range(0..Mending::ALL.len())];
        let bytes = mended(&bytes, mending);
        let (outcome, largest) = largest_request(|| victim.offer(&bytes));
        let most = (2 << 20) + 16 * bytes.len();
        assert!(
            largest < most,
            "case {case}: {largest} bytes were asked for"
        );
        restored += u64::from(outcome.restored);
        whole += u64::from(outcome.whole);
        if let Some(table) = outcome.table.filter(|_| outcome.whole) {
            rewritten += u64::from(victim.rewrite(&bytes, &table));
        }
    }
    eprintln!("{whole} were whole, {restored} of them restored, {rewritten} written again");
    assert!(restored > 0 && whole > restored && rewritten > 0);
}

#[test]
fn state_files_that_are_changed_at_random() {
    let folder = StateFolder::new();
    let files = [
        &b"model_checkpoint_path: \"m-2\"\nall_model_checkpoint_paths: \"m-1\"\n\
           all_model_checkpoint_paths: \"m-2\"\n"[..],
        b"model_checkpoint_path : '\\303\\244\\x2f\\\\\\'\\n\\0' , last_preserved_timestamp:-1e+3;# no\n\
          all_model_checkpoint_paths:\"../a\"\nall_model_checkpoint_timestamps: 1.5",
    ];
    let mut rng = Philox::new(7, 1);
    let mut accepted = 0;
    for _ in 0..mutations(4000) {
        let which = rng.random_range(0..2);
        let bytes = mutated(files[which], files[1 - which], &mut rng);
        accepted += u64::from(folder.offer(&bytes).is_ok());
    }
    eprintln!("{accepted} were accepted");
    assert!(accepted > 0);
}
