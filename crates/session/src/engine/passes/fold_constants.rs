//! What depends on constants alone is computed as the plan is made.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use aqueduct_graph::Value;

use super::constants::Constants;
use super::materialize;
use super::repeated::done_once;
use super::substitute::Substitution;
use crate::engine::evaluate::evaluate;
use crate::engine::ir::{Block, Code, Node, Source, Type, ValueId};

/// The largest result that is computed in advance, in bytes.
const BUDGET: usize = 1 << 16;

/// Puts constants in the place of nodes that depend on constants alone, in bodies too; gives how many
/// nodes.
///
/// A constant that is repeated stays as small as it is: what is computed of it is repeated instead.
pub(crate) fn run(block: &mut Block) -> usize {
    let foldable = foldable(block);
    let mut folded = 0;
    if !foldable.is_empty()
        && let Some(values) = values(block, &foldable)
    {
        folded += foldable.len();
        replace(block, &foldable, &values);
    }
    let mut constants = Constants::default();
    for index in 0..block.nodes.len() {
        constants.note(&block.nodes[index]);
        let mut code = std::mem::replace(&mut block.nodes[index].code, Code::Product);
        if let Code::Scan(scan) = &mut code {
            let captures = scan.captures();
            sink(
                block,
                &constants,
                &block.nodes[index].inputs,
                captures,
                &mut scan.body,
            );
            folded += run(&mut scan.body);
        }
        block.nodes[index].code = code;
    }
    folded
}

/// The nodes that depend on constants alone, by their places. What is done at repeated positions is
/// made a node of its own that does it once.
fn foldable(block: &mut Block) -> HashSet<usize> {
    let mut found = HashSet::new();
    let mut constant: HashSet<ValueId> = HashSet::new();
    let mut substitution = Substitution::default();
    for mut node in std::mem::take(&mut block.nodes) {
        substitution.redirect(block, &mut node);
        let is_known = node
            .inputs
            .iter()
            .all(|value| constant.contains(&block.place(*value).root));
        if matches!(node.code, Code::Constant(_)) {
            constant.extend(&node.outputs);
        } else if is_known && is_computed(&node) {
            if let (Code::Fused(expression), [output]) = (&node.code, &*node.outputs)
                && let Some(value) = done_once(block, expression, &node)
            {
                substitution.put(*output, value);
                // The one that `done_once` has added.
                take(block, &mut constant, &mut found);
            } else if fits(block, &node) {
                block.nodes.push(node);
                take(block, &mut constant, &mut found);
                continue;
            }
        }
        block.nodes.push(node);
    }
    substitution.redirect_results(block);
    found
}

/// Takes the last node of the block among those that are folded, if its result is small enough.
fn take(block: &Block, constant: &mut HashSet<ValueId>, found: &mut HashSet<usize>) {
    if let Some(node) = block.nodes.last()
        && fits(block, node)
    {
        constant.extend(&node.outputs);
        found.insert(block.nodes.len() - 1);
    }
}

/// Whether a node computes its results, and cannot fail.
fn is_computed(node: &Node) -> bool {
    let computes = match &node.code {
        Code::Fused(_)
        | Code::Product
        | Code::Products
        | Code::Join(_)
        | Code::Kernel(_)
        | Code::Reduced(_) => true,
        Code::Constant(_)
        | Code::Draw(..)
        | Code::Write { .. }
        | Code::Scan(_)
        | Code::Opaque(_) => false,
    };
    computes && !node.code.may_fail()
}

fn fits(block: &Block, node: &Node) -> bool {
    let mut outputs = node.outputs.iter();
    outputs.all(|output| block.kind(*output).bytes() <= BUDGET)
}

/// The results of these nodes that something else uses. `None` if they cannot be told.
fn values(block: &mut Block, foldable: &HashSet<usize>) -> Option<HashMap<ValueId, Arc<Value>>> {
    let mut used = HashSet::new();
    let others = block.nodes.iter().enumerate();
    let others = others.filter(|(index, _)| !foldable.contains(index));
    let operands = others.flat_map(|(_, node)| &node.inputs);
    for value in operands.chain(&block.results) {
        used.insert(block.place(*value).root);
    }
    let is_needed = |(index, node): &(usize, &Node)| {
        foldable.contains(index) || matches!(node.code, Code::Constant(_))
    };
    let needed = block.nodes.iter().enumerate().filter(is_needed);
    let needed: Vec<Node> = needed.map(|(_, node)| node.clone()).collect();
    let made = foldable
        .iter()
        .flat_map(|index| &block.nodes[*index].outputs);
    let mut results: Vec<ValueId> = made
        .copied()
        .filter(|output| used.contains(output))
        .collect();
    results.sort_unstable();
    let nodes = std::mem::replace(&mut block.nodes, needed);
    let mut part = block.clone();
    block.nodes = nodes;
    part.sources.clear();
    part.results = results;
    super::dead::remove(&mut part);
    materialize::run(&mut part);
    let values = evaluate(&part)?.into_iter().map(Arc::new);
    Some(part.results.iter().copied().zip(values).collect())
}

/// Puts constants in the place of nodes.
fn replace(block: &mut Block, foldable: &HashSet<usize>, values: &HashMap<ValueId, Arc<Value>>) {
    let nodes = std::mem::take(&mut block.nodes);
    for (index, node) in nodes.into_iter().enumerate() {
        if !foldable.contains(&index) {
            block.nodes.push(node);
            continue;
        }
        for output in node.outputs {
            if let Some(value) = values.get(&output) {
                block.nodes.push(Node {
                    code: Code::Constant(Arc::clone(value)),
                    inputs: Vec::new(),
                    outputs: vec![output],
                    origin: node.origin,
                });
            }
        }
    }
}

/// Gives a body constants of its own in the place of parameters that are constants.
fn sink(
    block: &Block,
    constants: &Constants,
    operands: &[ValueId],
    captures: usize,
    body: &mut Block,
) {
    let mut added = Vec::new();
    let mut replacement = HashMap::new();
    for (value, source) in body.sources.clone() {
        let Source::Parameter(index) = source else {
            continue;
        };
        if index < captures {
            continue;
        }
        let Some(constant) = constants.of(block, operands[index]) else {
            continue;
        };
        let kind = Type::contiguous(constant.dtype(), constant.shape());
        let Some(origin) = body.nodes.first().map(|node| node.origin) else {
            continue;
        };
        let root = body.root(kind);
        let mut place = block.place(operands[index]);
        place.root = root;
        replacement.insert(value, body.view(place, body.kind(value).clone()));
        added.push(Node {
            code: Code::Constant(Arc::clone(constant)),
            inputs: Vec::new(),
            outputs: vec![root],
            origin,
        });
    }
    body.replace(&replacement);
    body.nodes.splice(0..0, added);
}
