//! Any bytes as the file `checkpoint` of a folder.

#![no_main]

use std::cell::OnceCell;

use aqueduct_fuzz::bounded;
use aqueduct_tests::hostile::StateFolder;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static FOLDER: OnceCell<StateFolder> = const { OnceCell::new() };
}

fuzz_target!(|bytes: &[u8]| {
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(StateFolder::new);
        let _ = bounded(bytes.len(), || folder.offer(bytes));
    });
});
