//! Straight-line work on independent rows is set apart, so that it can be cut into shards of rows as
//! loops are.
//!
//! A layer, or a recurrence that was unrolled, treats each example of a batch like the others. Done
//! operation by operation on several threads, each has to wait for the slowest of them, and hands on
//! what has left the cache. A shard of rows does all of the work on one thread.
//!
//! A product is cut into shards of rows at a price: each reads all of the right operand. So products
//! of which that is large are left out, unless several multiply by the same, as unrolled steps do.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::merge_common::{Seen, seen};
use crate::engine::cut;
use crate::engine::ir::{Block, Code, Node, Place, Scan, Source, ValueId};
use crate::engine::rows::{self, Share};

/// The most elements of a right operand that is used once. Measured on weight gradients of MNIST nets,
/// of which the right operand has a hundred times as many.
const MOST_READ_ONCE: usize = 1 << 14;

/// Sets apart what pays on so many threads; gives the number of operations.
pub(crate) fn run(block: &mut Block, threads: usize) -> usize {
    if threads < 2 {
        return 0; // It has nobody to share with.
    }
    let counts: BTreeSet<usize> = products(block)
        .map(|node| block.sizes(node.outputs[0])[0])
        .collect();
    let mut done = 0;
    for count in counts {
        while let Some(members) = split_region(block, count, threads) {
            done += members;
        }
    }
    done
}

/// Sets apart the next region of so many rows, if there is one that pays; gives its number of
/// operations.
fn split_region(block: &mut Block, count: usize, threads: usize) -> Option<usize> {
    let region = Region::find(block, count);
    if region.members.len() < 2 {
        return None;
    }
    let apart = region.apart(block);
    let Code::Scan(scan) = &apart.code else {
        return None;
    };
    let pays = cut::rows(scan, count, threads).len() > 1;
    pays.then(|| {
        region.replace(block, apart);
        region.members.len()
    })
}

fn products(block: &Block) -> impl Iterator<Item = &Node> {
    let nodes = block.nodes.iter();
    nodes.filter(|node| matches!(node.code, Code::Product))
}

/// The right operands of a product.
fn rights(product: &Node) -> impl Iterator<Item = ValueId> {
    product.inputs.iter().skip(1).step_by(2).copied()
}

/// Nodes that treat rows independently, and that can stand together.
struct Region {
    count: usize,
    /// Ascending.
    members: Vec<usize>,
    /// The nodes that use what members make, and so come after them. Ascending.
    after: Vec<usize>,
    /// The roots that members make.
    made: HashSet<ValueId>,
    /// The right operands of products of so many rows: how many multiply by each.
    multiplied_by: HashMap<Seen, usize>,
}

impl Region {
    fn find(block: &Block, count: usize) -> Region {
        let mut region = Region {
            count,
            members: Vec::new(),
            after: Vec::new(),
            made: HashSet::new(),
            multiplied_by: HashMap::new(),
        };
        region.count_uses(block);
        let mut late: HashSet<ValueId> = HashSet::new();
        // What has effects keeps its order.
        let mut pinned_late = false;
        for (index, node) in block.nodes.iter().enumerate() {
            let roots = || node.inputs.iter().map(|value| block.place(*value).root);
            let waits =
                roots().any(|root| late.contains(&root)) || (pinned_late && node.code.is_pinned());
            if !waits && region.takes(block, node) {
                region.members.push(index);
                region.made.extend(&node.outputs);
            } else if waits || roots().any(|root| region.made.contains(&root)) {
                region.after.push(index);
                late.extend(&node.outputs);
                pinned_late |= node.code.is_pinned();
            }
        }
        region
    }

    fn count_uses(&mut self, block: &Block) {
        let alike = products(block).filter(|node| block.sizes(node.outputs[0])[0] == self.count);
        for right in alike.flat_map(rights) {
            *self.multiplied_by.entry(seen(block, right)).or_default() += 1;
        }
    }

    /// Whether a node gives rows, each of the same rows of its operands, at a fair price.
    fn takes(&self, block: &Block, node: &Node) -> bool {
        let is_cheap = |right: ValueId| {
            let uses = self.multiplied_by.get(&seen(block, right));
            block.kind(right).elements() <= MOST_READ_ONCE || uses.is_some_and(|uses| *uses > 1)
        };
        if matches!(node.code, Code::Product) && !rights(node).all(is_cheap) {
            return false;
        }
        let share = |slot, value| self.share(block, node, slot, value);
        rows::share_of_node(block, node, self.count, share) == Some(Share::Rows)
    }

    fn share(&self, block: &Block, node: &Node, slot: usize, value: ValueId) -> Option<Share> {
        if self.made.contains(&block.place(value).root) {
            let kept = rows::keeps_rows(block, value, self.count);
            return kept.then_some(Share::Rows);
        }
        let kind = block.kind(value);
        let forwards = kind.strides.iter().all(|stride| *stride >= 0);
        // A loop's body cannot be given what is walked backwards.
        forwards.then(|| rows::share_as_operand(block, node, slot, self.count))
    }

    /// One node that does the work of the members, and gives what others use of it.
    fn apart(&self, block: &Block) -> Node {
        let mut body = Body::default();
        for index in &self.members {
            let node = &block.nodes[*index];
            let operand = |(slot, value): (usize, &ValueId)| {
                let share = self.share(block, node, slot, *value);
                body.value(block, *value, share)
            };
            let inputs = node.inputs.iter().enumerate().map(operand).collect();
            let kinds = node
                .outputs
                .iter()
                .map(|output| block.kind(*output).clone());
            let outputs = body
                .block
                .push(node.code.clone(), inputs, kinds, node.origin);
            body.made.extend(node.outputs.iter().copied().zip(outputs));
        }
        let outputs = self.used_by_others(block);
        body.block.results = outputs.iter().map(|output| body.made[output]).collect();
        let last = self.members.last().map_or(0, |last| *last);
        let scan = Scan {
            body: body.block,
            steps: 1,
            reverse: false,
            states: 0,
            sequences: 0,
            limited: false,
            straight: true,
            operands: Vec::new(),
        };
        Node {
            code: Code::Scan(Box::new(scan)),
            inputs: body.captures,
            outputs,
            origin: block.nodes[last].origin,
        }
    }

    fn used_by_others(&self, block: &Block) -> Vec<ValueId> {
        let others = self
            .after
            .iter()
            .flat_map(|index| &block.nodes[*index].inputs);
        let used = others.chain(&block.results);
        let roots = used.map(|value| block.place(*value).root);
        let made: BTreeSet<ValueId> = roots.filter(|root| self.made.contains(root)).collect();
        made.into_iter().collect()
    }

    /// Puts one node in the place of the members: behind all that does not use what they make.
    fn replace(&self, block: &mut Block, apart: Node) {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for (index, node) in std::mem::take(&mut block.nodes).into_iter().enumerate() {
            if self.after.binary_search(&index).is_ok() {
                after.push(node);
            } else if self.members.binary_search(&index).is_err() {
                before.push(node);
            }
        }
        block.nodes = before;
        block.nodes.push(apart);
        block.nodes.append(&mut after);
    }
}

/// The body of what is set apart.
#[derive(Default)]
struct Body {
    block: Block,
    /// The body's roots by those of the block around.
    made: HashMap<ValueId, ValueId>,
    /// The values of the block around that the body is given.
    captures: Vec<ValueId>,
    /// Its parameters for them. What is rows to one operation and whole to another is given twice.
    parameters: HashMap<(Seen, Option<Share>), ValueId>,
}

impl Body {
    /// The body's value for one of the block around.
    fn value(&mut self, around: &Block, value: ValueId, share: Option<Share>) -> ValueId {
        let (place, kind) = (around.place(value), around.kind(value).clone());
        if let Some(made) = self.made.get(&place.root) {
            let place = Place {
                root: *made,
                ..place
            };
            return self.block.view(place, kind);
        }
        let (block, captures) = (&mut self.block, &mut self.captures);
        let known = self.parameters.entry((seen(around, value), share));
        let parameter = known.or_insert_with(|| {
            captures.push(value);
            block.source(kind, Source::Parameter(captures.len() - 1))
        });
        *parameter
    }
}
