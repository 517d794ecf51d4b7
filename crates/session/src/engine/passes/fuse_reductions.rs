//! What is made element by element only to be reduced is reduced as it is made.
//!
//! The elements are folded in the order in which they would be read back from memory, so no bit
//! changes. It runs when all is fused: a reduction joins what element-wise operations give in the end.

use std::collections::{HashMap, HashSet};

use crate::engine::ir::{Block, Code, Node, Reduced, ValueId};

/// Fuses what can be fused, in bodies too. Gives the number of nodes that are gone.
pub(crate) fn run(block: &mut Block) -> usize {
    let mut gone = 0;
    for node in &mut block.nodes {
        if let Code::Scan(scan) = &mut node.code {
            gone += run(&mut scan.body);
        }
    }
    let mut pairs = pairs(block);
    gone += pairs.len();
    let reductions: HashSet<usize> = pairs.values().map(|(reduction, _)| *reduction).collect();
    let nodes = std::mem::take(&mut block.nodes).into_iter().enumerate();
    let rest = nodes.filter(|(index, _)| !reductions.contains(index));
    // In the place of the program, so that its operands are in use no longer than before.
    block.nodes = rest
        .map(|(index, node)| pairs.remove(&index).map_or(node, |(_, fused)| fused))
        .collect();
    gone
}

/// For element-wise nodes that are only reduced: the node that does that, and the node of the two.
fn pairs(block: &Block) -> HashMap<usize, (usize, Node)> {
    let (makers, uses) = (block.makers(), block.root_uses());
    let found = block.nodes.iter().enumerate().filter_map(|(index, node)| {
        let operand = *node.inputs.first()?;
        let maker = makers[operand.index()]?;
        let alone = uses[block.place(operand).root.index()] == 1;
        let fused = one(block, &block.nodes[maker], node, operand).filter(|_| alone)?;
        Some((maker, (index, fused)))
    });
    found.collect()
}

/// One node of two, if the second reduces all that the first gives, as it lies.
fn one(block: &Block, maker: &Node, reduction: &Node, operand: ValueId) -> Option<Node> {
    let (Code::Fused(expression), Code::Kernel(kernel)) = (&maker.code, &reduction.code) else {
        return None;
    };
    let ([root], [_]) = (&*maker.outputs, &*reduction.inputs) else {
        return None;
    };
    let reduced = Reduced {
        expression: expression.clone(),
        sizes: block.sizes(*root).to_vec(),
        kernel: kernel.clone(),
    };
    (block.covers(operand) && reduced.cut().is_some()).then(|| Node {
        code: Code::Reduced(Box::new(reduced)),
        inputs: maker.inputs.clone(),
        outputs: reduction.outputs.clone(),
        origin: reduction.origin,
    })
}
