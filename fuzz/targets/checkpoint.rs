//! Any bytes as a checkpoint.

#![no_main]

use std::cell::OnceCell;

use aqueduct_fuzz::bounded;
use aqueduct_tests::hostile::Victim;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static VICTIM: OnceCell<Victim> = const { OnceCell::new() };
}

fuzz_target!(|bytes: &[u8]| {
    VICTIM.with(|victim| {
        let victim = victim.get_or_init(Victim::new);
        let outcome = bounded(bytes.len(), || victim.offer(bytes));
        if let Some(table) = outcome.table.filter(|_| outcome.whole) {
            victim.rewrite(bytes, &table);
        }
    });
});
