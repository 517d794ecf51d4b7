//! Cut: how many shards of rows pay.

use std::ops::Range;

use crate::engine::ir::{Code, Node, Scan};

/// The fewest rows for which a thread of its own pays.
const FEWEST_ROWS: usize = 8;

/// The least work of a shard, in multiply-adds, that pays for a thread: about fifty microseconds, which
/// is some times what it costs to wake a helper.
const LEAST_WORK: usize = 2 << 20;

/// What a step of a shard should touch at the most, in bytes, to stay in a processor's own cache.
const SHARD_BYTES: usize = 1 << 20;

/// The fewest rows that a loop is cut into for the cache's sake: with fewer, products read their right
/// operand for too few rows.
const CACHED_ROWS: usize = 64;

/// The ranges of rows that a loop is cut into, all nearly as long: at least one for each thread, and so
/// many that the results of a step stay in the cache until the next one.
pub(crate) fn rows(scan: &Scan, count: usize, threads: usize) -> Vec<Range<usize>> {
    let of_threads = threads
        .min(count / FEWEST_ROWS)
        .min(work(scan) / LEAST_WORK);
    let outputs = scan.body.nodes.iter().flat_map(|node| &node.outputs);
    let bytes: usize = outputs.map(|output| scan.body.kind(*output).bytes()).sum();
    let of_cache = if scan.straight {
        1 // Its results are not all in use at one time.
    } else {
        bytes.div_ceil(SHARD_BYTES).min(count / CACHED_ROWS)
    };
    let shards = if of_cache > of_threads {
        of_cache.next_multiple_of(of_threads.max(1))
    } else {
        of_threads
    };
    let shards = shards.clamp(1, count.max(1));
    let start = |shard: usize| shard * count / shards;
    (0..shards)
        .map(|shard| start(shard)..start(shard + 1))
        .collect()
}

/// An estimate of a loop's work, in multiply-adds.
fn work(scan: &Scan) -> usize {
    let body = &scan.body;
    let of_node = |node: &Node| match &node.code {
        Code::Product => {
            let terms = node.inputs.chunks_exact(2);
            let depth: usize = terms.map(|term| body.sizes(term[0])[1]).sum();
            body.kind(node.outputs[0]).elements() * depth
        }
        // A primitive takes some multiply-adds' time, the more so as it moves its operands.
        Code::Fused(expression) => {
            8 * body.kind(node.outputs[0]).elements() * (expression.steps.len() + 1)
        }
        Code::Constant(_)
        | Code::Products
        | Code::Join(_)
        | Code::Kernel(_)
        | Code::Reduced(_)
        | Code::Draw(..)
        | Code::Write { .. }
        | Code::Scan(_)
        | Code::Opaque(_) => 0,
    };
    let step: usize = body.nodes.iter().map(of_node).sum();
    step.saturating_mul(scan.steps)
}
