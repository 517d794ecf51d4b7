//! Passes: functions that make a block better.
//!
//! Each takes a block and says what it did; none does its work by halves, so that the block is well
//! formed between any two ([`verify`](super::verify)).

mod dead;
mod fuse;
mod materialize;

use crate::engine::ir::Block;
use crate::options::{Pass, SessionOptions};

/// Runs the passes that are switched on; gives what each did.
pub(crate) fn run(block: &mut Block, options: SessionOptions) -> Vec<(&'static str, String)> {
    let mut report = Vec::new();
    for pass in Pass::ALL.iter().filter(|pass| options.runs(**pass)) {
        let done = match pass {
            Pass::FoldConstants
            | Pass::MergeCommon
            | Pass::SimplifyAlgebra
            | Pass::SplitProducts
            | Pass::HoistInvariants
            | Pass::HoistSequences
            | Pass::SinkSums
            | Pass::TrimStacks
            | Pass::MergeProducts
            | Pass::SumProducts => 0,
            Pass::FuseElementwise => fuse::run(block),
            // Done when memory is given.
            Pass::JoinInPlace | Pass::ShareMemory | Pass::SplitRows => 0,
        };
        if done > 0 {
            report.push((pass.name(), format!("{done}")));
            dead::remove(block);
        }
    }
    dead::remove(block);
    materialize::run(block);
    report
}
