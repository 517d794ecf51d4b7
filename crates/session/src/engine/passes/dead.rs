//! What nobody uses is left out.

use std::collections::HashMap;

use crate::engine::ir::{Block, Scan, Source, ValueId};
use crate::engine::scans::Loop;

/// Removes the nodes of which no result is used, sources that nobody reads, and what loops are given
/// and give for nothing, in bodies too.
pub(crate) fn remove(block: &mut Block) {
    let mut used = vec![false; block.value_count()];
    for value in &block.results {
        used[block.place(*value).root.index()] = true;
    }
    let nodes = std::mem::take(&mut block.nodes);
    let mut live = Vec::with_capacity(nodes.len());
    for mut node in nodes.into_iter().rev() {
        let wanted = node.outputs.iter().any(|output| used[output.index()]);
        if !wanted && !node.code.is_pinned() {
            continue;
        }
        if let Some(mut changed) = Loop::of(&mut node) {
            trim(&mut changed, &used);
        }
        for value in &node.inputs {
            used[block.place(*value).root.index()] = true;
        }
        live.push(node);
    }
    live.reverse();
    block.nodes = live;
    block.sources.retain(|(value, _)| used[value.index()]);
}

/// Leaves out results that are not used, states that only feed themselves, and operands that no step
/// reads.
fn trim(changed: &mut Loop<'_>, used: &[bool]) {
    let scan = &mut *changed.scan;
    let states = scan.states;
    let mut wanted: Vec<bool> = changed
        .outputs
        .iter()
        .map(|output| used[output.index()])
        .collect();
    let mut read = read_operands(scan, &mut wanted, changed.inputs.len());
    if let Some(limit) = scan.limit() {
        read[limit] = true;
    }
    read[..states].copy_from_slice(&wanted[..states]);
    changed.retain(&read, &wanted);
    remove(&mut changed.scan.body);
}

/// Which operands of a loop its body reads, for the results that are wanted. A state that is read is
/// wanted of the step before.
fn read_operands(scan: &Scan, wanted: &mut [bool], operands: usize) -> Vec<bool> {
    let body = &scan.body;
    let makers = body.makers();
    let parameters = parameters(body);
    let mut read = vec![false; operands];
    let mut seen = vec![false; body.value_count()];
    let results = body.results.iter().zip(&*wanted);
    let results = results.filter_map(|(value, wanted)| wanted.then_some(*value));
    let pinned = body.nodes.iter().filter(|node| node.code.is_pinned());
    let mut ahead: Vec<ValueId> = results
        .chain(pinned.flat_map(|node| node.inputs.iter().copied()))
        .collect();
    while let Some(value) = ahead.pop() {
        let root = body.place(value).root;
        if std::mem::replace(&mut seen[root.index()], true) {
            continue;
        }
        if let Some(maker) = makers[root.index()] {
            ahead.extend(&body.nodes[maker].inputs);
        }
        if let Some(operand) = parameters.get(&root) {
            read[*operand] = true;
            if *operand < scan.states {
                wanted[*operand] = true;
                ahead.push(body.results[*operand]);
            }
        }
    }
    read
}

/// Which operand of the loop each root is that its body is given.
fn parameters(body: &Block) -> HashMap<ValueId, usize> {
    let sources = body.sources.iter();
    let parameters = sources.filter_map(|(value, source)| match source {
        Source::Parameter(operand) => Some((*value, *operand)),
        Source::Plan(_) => None,
    });
    parameters.collect()
}
