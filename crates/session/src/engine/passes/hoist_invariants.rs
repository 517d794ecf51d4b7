//! What is the same in all steps is computed before the loop.

use std::collections::{BTreeSet, HashMap};

use crate::engine::ir::{Block, Code, Node, ValueId};
use crate::engine::lift::Lifted;
use crate::engine::scans::{Dependence, Loop};

/// Moves what does not depend on the step out of loops, inner loops first; gives how many nodes were
/// moved.
///
/// A node that may fail stays, and so do all if there may be no step.
pub(crate) fn run(block: &mut Block) -> usize {
    let mut done = 0;
    let nodes = std::mem::take(&mut block.nodes);
    for mut node in nodes {
        if let Some(changed) = Loop::of(&mut node) {
            done += run(&mut changed.scan.body);
            if changed.scan.steps > 0 && !changed.scan.limited {
                done += hoist(block, changed);
            }
        }
        block.nodes.push(node);
    }
    done
}

fn hoist(around: &mut Block, mut changed: Loop<'_>) -> usize {
    let dependence = changed.scan.dependence();
    let mut lifted = Lifted::given(changed.scan, changed.inputs);
    // In order, so that equal blocks become equal programs.
    let mut moved: BTreeSet<ValueId> = BTreeSet::new();
    let body = &changed.scan.body;
    for node in body.nodes.iter().filter(|node| can_move(node, &dependence)) {
        let inputs = node.inputs.iter();
        let inputs: Option<Vec<ValueId>> = inputs
            .map(|value| lifted.same(body, around, *value))
            .collect();
        let Some(inputs) = inputs else {
            continue;
        };
        let kinds = node.outputs.iter().map(|output| body.kind(*output).clone());
        let made = around.push(node.code.clone(), inputs, kinds, node.origin);
        for (inner, outer) in node.outputs.iter().zip(made) {
            lifted.insert_same(*inner, outer);
            moved.insert(*inner);
        }
    }
    let done = changed.remove_makers(&moved);
    let used = changed.scan.body.root_uses();
    let mut replacement = HashMap::new();
    for inner in moved.into_iter().filter(|inner| used[inner.index()] > 0) {
        if let Some(outer) = lifted.same(&changed.scan.body, around, inner) {
            replacement.insert(inner, changed.add_capture(around, outer));
        }
    }
    changed.scan.body.replace(&replacement);
    done
}

/// Whether a node gives the same in all steps and can run before the loop.
fn can_move(node: &Node, dependence: &[Dependence]) -> bool {
    let same = |value: &ValueId| dependence[value.index()] == Dependence::Nothing;
    let movable = match &node.code {
        // It is there for free.
        Code::Constant(_) => false,
        Code::Write { .. } | Code::Draw(..) | Code::Opaque(_) => false,
        Code::Fused(_)
        | Code::Product
        | Code::Products
        | Code::Join(_)
        | Code::Kernel(_)
        | Code::Reduced(_)
        | Code::Scan(_) => true,
    };
    movable && !node.code.may_fail() && !node.code.is_pinned() && node.outputs.iter().all(same)
}
