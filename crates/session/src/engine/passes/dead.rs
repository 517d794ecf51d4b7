//! Nodes that nobody uses are left out.

use crate::engine::ir::{Block, Code};

/// Removes the nodes of which no result is used, and sources that nobody reads, in bodies too.
pub(crate) fn remove(block: &mut Block) {
    for node in &mut block.nodes {
        if let Code::Scan(scan) = &mut node.code {
            remove(&mut scan.body);
        }
    }
    let mut used = vec![false; block.value_count()];
    for value in &block.results {
        used[block.place(*value).root.index()] = true;
    }
    let mut live = vec![false; block.nodes.len()];
    for (index, node) in block.nodes.iter().enumerate().rev() {
        let wanted = node.outputs.iter().any(|output| used[output.index()]);
        if wanted || node.code.is_pinned() {
            live[index] = true;
            for value in &node.inputs {
                used[block.place(*value).root.index()] = true;
            }
        }
    }
    let mut live = live.into_iter();
    block.nodes.retain(|_| live.next().unwrap_or(true));
    block.sources.retain(|(value, _)| used[value.index()]);
}
