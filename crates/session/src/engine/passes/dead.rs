//! What nobody uses is left out.

use crate::engine::ir::{Block, Source, ValueId};
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
    let mut read = read_operands(&scan.body, &wanted, changed.inputs.len());
    // A state that is read is wanted of the step before.
    while let Some(state) = (0..states).find(|state| read[*state] && !wanted[*state]) {
        wanted[state] = true;
        read = read_operands(&scan.body, &wanted, changed.inputs.len());
    }
    if let Some(limit) = scan.limit() {
        read[limit] = true;
    }
    read[..states].copy_from_slice(&wanted[..states]);
    changed.retain(&read, &wanted);
    remove(&mut changed.scan.body);
}

/// Which operands of a loop its body reads, for the results that are wanted.
fn read_operands(body: &Block, wanted: &[bool], operands: usize) -> Vec<bool> {
    let mut used = vec![false; body.value_count()];
    let note = |values: &mut dyn Iterator<Item = &ValueId>, used: &mut Vec<bool>| {
        for value in values {
            used[body.place(*value).root.index()] = true;
        }
    };
    let results = body.results.iter().zip(wanted);
    let mut results = results.filter_map(|(value, wanted)| wanted.then_some(value));
    note(&mut results, &mut used);
    for node in body.nodes.iter().rev() {
        let wanted = node.outputs.iter().any(|output| used[output.index()]);
        if wanted || node.code.is_pinned() {
            note(&mut node.inputs.iter(), &mut used);
        }
    }
    let mut read = vec![false; operands];
    for (value, source) in &body.sources {
        if let Source::Parameter(index) = source
            && used[value.index()]
        {
            read[*index] = true;
        }
    }
    read
}
