//! What plain kernels read lies row by row.

use std::collections::HashMap;

use crate::engine::ir::{Block, Code, Node, Type, ValueId};
use crate::kernels::fused::Expression;

/// Puts copies before the nodes that take no strides, of those operands that do not lie row by row,
/// in bodies too.
pub(crate) fn run(block: &mut Block) {
    let nodes = std::mem::take(&mut block.nodes);
    // A root that lies row by row can be read by all that come after.
    let mut copies: HashMap<ValueId, ValueId> = HashMap::new();
    for mut node in nodes {
        if let Code::Scan(scan) = &mut node.code {
            run(&mut scan.body);
        }
        for operand in strict_operands(&node) {
            let value = node.inputs[operand];
            if block.kind(value).is_contiguous() {
                continue;
            }
            let copy = *copies.entry(value).or_insert_with(|| {
                let kind = Type::contiguous(block.dtype(value), block.sizes(value));
                let code = Code::Fused(Expression::copy(kind.dtype));
                block.push_one(code, vec![value], kind, node.origin)
            });
            node.inputs[operand] = copy;
        }
        block.nodes.push(node);
    }
}

/// The operands of a node that must lie row by row.
fn strict_operands(node: &Node) -> Vec<usize> {
    match &node.code {
        Code::Kernel(_) | Code::Draw(..) | Code::Opaque(_) => (0..node.inputs.len()).collect(),
        Code::Scan(scan) => {
            let states = 0..scan.states;
            states.chain(scan.limit()).collect()
        }
        Code::Constant(_)
        | Code::Fused(_)
        | Code::Product
        | Code::Products
        | Code::Reduced(_)
        | Code::Join(_)
        | Code::Write { .. } => Vec::new(),
    }
}
