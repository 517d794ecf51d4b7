//! Any bytes as a checkpoint of which something was made good: the first byte says what. Without that
//! hardly one file would get past its checksum.

#![no_main]

use std::cell::OnceCell;

use aqueduct_fuzz::bounded;
use aqueduct_tests::hostile::{Mending, Victim, mended};
use libfuzzer_sys::fuzz_target;

thread_local! {
    static VICTIM: OnceCell<Victim> = const { OnceCell::new() };
}

fuzz_target!(|input: &[u8]| {
    let Some((how, bytes)) = input.split_first() else {
        return;
    };
    let bytes = mended(bytes, Mending::of(*how));
    VICTIM.with(|victim| {
        let victim = victim.get_or_init(Victim::new);
        let outcome = bounded(bytes.len(), || victim.offer(&bytes));
        if let Some(table) = outcome.table.filter(|_| outcome.whole) {
            victim.rewrite(&bytes, &table);
        }
    });
});
