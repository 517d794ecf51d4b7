//! Parts: what is made in the memory of what it is joined into, and how long values are used.

use std::collections::{HashMap, HashSet};

use super::{Home, Part};
use crate::engine::ir::{Block, Code, Node, Type, ValueId};
use crate::engine::views::reshaped_strides;

/// Where a part is, by where its whole is.
pub(super) fn settle_part(
    block: &Block,
    value: ValueId,
    part: &Part,
    parts: &HashMap<ValueId, Part>,
    homes: &mut HashMap<ValueId, Home>,
) {
    let width = block.dtype(value).width();
    let mut offset = part.offset * width;
    let mut whole = part.whole;
    while let Some(outer) = parts.get(&whole) {
        offset += outer.offset * width;
        whole = outer.whole;
    }
    if let Some(home) = homes.get(&whole) {
        let first = home.first.plus(offset);
        let strides = part.strides.clone();
        homes.insert(value, Home { first, strides });
    }
}

/// The roots that can be made in the memory of what they are joined into.
pub(super) fn parts(block: &Block, homes: &HashMap<ValueId, Home>) -> HashMap<ValueId, Part> {
    let makers = block.makers();
    let users = block.users();
    let given = block.results.iter();
    let given: HashSet<ValueId> = given.map(|value| block.place(*value).root).collect();
    let uses = uses(block);
    let mut parts: HashMap<ValueId, Part> = HashMap::new();
    // What a whole is joined into itself comes later.
    for node in block.nodes.iter().rev() {
        let Code::Join(pieces) = &node.code else {
            continue;
        };
        let whole = node.outputs[0];
        for (value, piece) in node.inputs.iter().zip(pieces) {
            let place = block.place(*value);
            let root = place.root;
            let kind = block.kind(root);
            let covers = block.covers(*value);
            let taken =
                homes.contains_key(&root) || parts.contains_key(&root) || given.contains(&root);
            let Some(maker) = makers[root.index()].map(|index| &block.nodes[index].code) else {
                continue;
            };
            if !covers || taken || kind.elements() == 0 {
                continue;
            }
            let strides = reshaped_strides(block.sizes(*value), &piece.strides, &kind.sizes);
            let Some(strides) = strides else {
                continue;
            };
            let seen = Type {
                strides,
                ..kind.clone()
            };
            let fits = if seen.is_contiguous() {
                !matches!(maker, Code::Constant(_) | Code::Opaque(_))
            } else {
                matches!(maker, Code::Fused(_) | Code::Product)
                    && users[root.index()].iter().all(|user| {
                        takes_strides(&block.nodes[*user], &uses[&(*user, root)], whole)
                    })
            };
            if fits {
                let part = Part {
                    whole,
                    offset: piece.offset,
                    strides: seen.strides,
                };
                parts.insert(root, part);
            }
        }
    }
    parts
}

/// How a node uses a root.
struct Uses {
    /// How many of its operands are the root or views of it.
    count: usize,
    /// Whether all of them are the root itself.
    whole: bool,
}

/// How nodes use roots, by the node and the root.
fn uses(block: &Block) -> HashMap<(usize, ValueId), Uses> {
    let mut uses = HashMap::new();
    for (index, node) in block.nodes.iter().enumerate() {
        for value in &node.inputs {
            let root = block.place(*value).root;
            let of_root = uses.entry((index, root)).or_insert(Uses {
                count: 0,
                whole: true,
            });
            of_root.count += 1;
            of_root.whole &= *value == root;
        }
    }
    uses
}

/// Whether a node can use a root that does not lie row by row: it sees the root itself, and takes any
/// strides.
fn takes_strides(node: &Node, uses: &Uses, whole: ValueId) -> bool {
    match &node.code {
        Code::Fused(_) | Code::Reduced(_) | Code::Product | Code::Products | Code::Write { .. } => {
            uses.whole
        }
        // Where it is joined in place, it is not read.
        Code::Join(_) => (node.outputs[0] == whole && uses.count == 1) || uses.whole,
        Code::Constant(_) | Code::Kernel(_) | Code::Draw(..) | Code::Scan(_) | Code::Opaque(_) => {
            false
        }
    }
}

/// For each root: the last node that uses it or a view of it; the one after the last if the block
/// gives it.
pub(super) fn last_uses(block: &Block) -> Vec<usize> {
    let mut last = vec![0; block.value_count()];
    for (index, node) in block.nodes.iter().enumerate() {
        for value in &node.inputs {
            last[block.place(*value).root.index()] = index;
        }
    }
    for value in &block.results {
        last[block.place(*value).root.index()] = block.nodes.len();
    }
    last
}
