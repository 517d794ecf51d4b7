//! Products of several matrices with one are done together, so that it is packed once for all.
//!
//! The gradients of a layer's weights are such products: of its input, of its state, and of ones (for
//! the bias), all with the gradient of what the layer makes.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::merge_common::{Seen, seen};
use crate::engine::ir::{Block, Code, Node, ValueId};

/// The most products of a group.
const MOST_PRODUCTS: usize = 4;

/// The most rows of all results of a group: with more, packing the right operand is nothing beside them.
const MOST_ROWS: usize = 512;

/// The least size of a right operand that is worth it.
const LEAST_ELEMENTS: usize = 1 << 14;

/// The least columns of a right operand that is packed.
const LEAST_COLUMNS: usize = 32;

/// Groups products of a block; gives how many there are in groups. Loops keep theirs: the right
/// operands there change with the step, or are packed once for all steps.
pub(crate) fn run(block: &mut Block) -> usize {
    let groups = find(block);
    let firsts = groups.iter();
    let mut together: HashMap<usize, Node> = firsts
        .map(|(first, members)| (*first, together(&block.nodes, members)))
        .collect();
    let others: HashSet<usize> = groups
        .values()
        .flat_map(|members| &members[1..])
        .copied()
        .collect();
    let nodes = std::mem::take(&mut block.nodes).into_iter().enumerate();
    block.nodes = nodes
        .filter(|(index, _)| !others.contains(index))
        .map(|(index, node)| together.remove(&index).unwrap_or(node))
        .collect();
    groups.values().map(Vec::len).sum()
}

/// Groups of two and more products, each by its first member.
fn find(block: &Block) -> BTreeMap<usize, Vec<usize>> {
    let makers = block.makers();
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    // The last group with each right operand.
    let mut last: HashMap<Seen, usize> = HashMap::new();
    for (index, node) in block.nodes.iter().enumerate() {
        let Some((left, right)) = member(block, node) else {
            continue;
        };
        let right = seen(block, right);
        let made = makers[block.place(left).root.index()];
        let group = last.get(&right).and_then(|first| groups.get_mut(first));
        match group {
            // Members are done where the first one is.
            Some(group) if made < Some(group[0]) && has_room(block, group, node) => {
                group.push(index);
            }
            Some(_) | None => {
                last.insert(right, index);
                groups.insert(index, vec![index]);
            }
        }
    }
    groups.retain(|_, members| members.len() > 1);
    groups
}

/// The operands of what a group may have as a member.
fn member(block: &Block, node: &Node) -> Option<(ValueId, ValueId)> {
    let (Code::Product, [left, right]) = (&node.code, node.inputs.as_slice()) else {
        return None;
    };
    let kind = block.kind(*right);
    let pays = kind.elements() >= LEAST_ELEMENTS && kind.sizes[1] >= LEAST_COLUMNS;
    (pays && block.sizes(node.outputs[0])[0] > 0).then_some((*left, *right))
}

fn has_room(block: &Block, group: &[usize], node: &Node) -> bool {
    let rows = |node: &Node| block.sizes(node.outputs[0])[0];
    let all: usize = group.iter().map(|member| rows(&block.nodes[*member])).sum();
    group.len() < MOST_PRODUCTS && all + rows(node) <= MOST_ROWS
}

/// One node for products, in the place of the first.
fn together(nodes: &[Node], members: &[usize]) -> Node {
    let first = &nodes[members[0]];
    let members = || members.iter().map(|member| &nodes[*member]);
    let lefts = members().map(|node| node.inputs[0]);
    Node {
        code: Code::Products,
        inputs: lefts.chain([first.inputs[1]]).collect(),
        outputs: members().map(|node| node.outputs[0]).collect(),
        origin: first.origin,
    }
}
