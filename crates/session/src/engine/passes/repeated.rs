//! Work on operands that are repeated.

use crate::engine::ir::{Block, Code, Node, Type, ValueId};
use crate::engine::views::Part;
use crate::kernels::fused::Expression;

/// The result of an expression, computed once for all positions of an axis along which all operands
/// are repeated.
pub(super) fn done_once(
    block: &mut Block,
    expression: &Expression,
    node: &Node,
) -> Option<ValueId> {
    let kind = block.kind(node.outputs[0]).clone();
    let mut once = vec![true; kind.sizes.len()];
    for value in &node.inputs {
        let strides = block.repeating_strides(*value, &kind.sizes);
        for (once, stride) in once.iter_mut().zip(strides) {
            *once &= stride == 0;
        }
    }
    // A copy is there for the sake of its strides.
    if expression.steps.is_empty() {
        return None;
    }
    let mut axes = once.iter().zip(&kind.sizes);
    if kind.sizes.contains(&0) || !axes.any(|(once, size)| *once && *size > 1) {
        return None;
    }
    let mut inputs = Vec::new();
    for value in &node.inputs {
        inputs.push(first_of(block, *value, &once));
    }
    let sizes = once.iter().zip(&kind.sizes);
    let sizes: Vec<usize> = sizes
        .map(|(once, size)| if *once { 1 } else { *size })
        .collect();
    let code = Code::Fused(expression.clone());
    let small = block.push_one(
        code,
        inputs,
        Type::contiguous(kind.dtype, &sizes),
        node.origin,
    );
    Some(block.repeated(small, &kind.sizes))
}

/// The part of an operand at the first position of some axes of what it broadcasts to.
fn first_of(block: &mut Block, value: ValueId, axes: &[bool]) -> ValueId {
    let sizes = block.sizes(value);
    let own = axes.iter().skip(axes.len() - sizes.len());
    let parts = own.zip(sizes).map(|(first, size)| Part {
        start: 0,
        step: 1,
        count: if *first { 1 } else { *size },
    });
    let parts: Vec<Part> = parts.collect();
    block.sliced(value, &parts)
}
