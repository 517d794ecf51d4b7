//! Passes: functions that make a block better.
//!
//! Each takes a block and says what it did; none does its work by halves, so that the block is well
//! formed between any two ([`verify`](super::verify)).

mod algebra;
mod constants;
mod dead;
mod fold_constants;
mod fuse;
mod fuse_reductions;
mod group_products;
mod hoist_invariants;
mod hoist_sequences;
mod joins;
#[cfg(test)]
mod loop_tests;
mod materialize;
mod merge_common;
mod merge_products;
mod push_slices;
mod repeated;
mod row_sums;
mod simplify;
mod sink_sums;
mod split_products;
mod split_rows;
mod substitute;
mod sum_products;
#[cfg(test)]
mod tests;
mod trim_stacks;

use crate::engine::ir::Block;
use crate::engine::verify::verify;
use crate::error::{Error, Result};
use crate::options::{Pass, SessionOptions};

/// Runs the passes that are switched on; gives what each did.
///
/// # Errors
/// Only in debug builds: a pass, or the import, has left the block in disorder.
pub(crate) fn run(
    block: &mut Block,
    options: SessionOptions,
) -> Result<Vec<(&'static str, String)>> {
    checked(block, "import")?;
    let mut report = Vec::new();
    for pass in Pass::ALL.iter().filter(|pass| options.runs(**pass)) {
        let done = match pass {
            Pass::FoldConstants => fold_constants::run(block),
            Pass::MergeCommon => merge_common::run(block),
            Pass::SimplifyAlgebra => simplify::run(block),
            Pass::SplitProducts => split_products::run(block),
            Pass::SumProducts => sum_products::run(block),
            Pass::MergeProducts => {
                // To take a term out of a sum is to split it.
                merge_products::run(block, options.runs(Pass::SplitProducts))
            }
            Pass::HoistInvariants => hoist_invariants::run(block),
            Pass::HoistSequences => {
                // To take a term out of a sum is to split it.
                hoist_sequences::run(block, options.runs(Pass::SplitProducts))
            }
            Pass::SinkSums => sink_sums::run(block),
            Pass::TrimStacks => trim_stacks::run(block),
            Pass::FuseElementwise => fuse::run(block),
            Pass::FuseReductions => fuse_reductions::run(block),
            // Done when memory is given.
            Pass::JoinInPlace | Pass::ShareMemory => 0,
            Pass::SplitRows => split_rows::run(block, options.thread_count()),
            Pass::GroupProducts => group_products::run(block),
        };
        if done > 0 {
            // What is cut is told when memory is given.
            if *pass != Pass::SplitRows {
                report.push((pass.name(), format!("{done}")));
            }
            dead::remove(block);
            checked(block, pass.name())?;
        }
    }
    dead::remove(block);
    materialize::run(block);
    checked(block, "materialize")?;
    Ok(report)
}

/// Looks at what a pass has left, in debug builds.
fn checked(block: &Block, pass: &str) -> Result<()> {
    if cfg!(debug_assertions) {
        verify(block).map_err(|problem| Error::internal(format!("after `{pass}`: {problem}")))?;
    }
    Ok(())
}
