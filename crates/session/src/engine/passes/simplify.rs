//! What changes nothing is left out.
//!
//! - Element-wise identities ([`algebra`](super::algebra)).
//! - Element-wise work along an axis along which all operands are repeated is done once, and repeated.
//! - A copy of what lies row by row.
//! - Pieces of a join that lie side by side in one value are one piece; a join of one piece is that
//!   piece.
//! - A `tile` by ones and a `pad` by nothing.

use std::collections::HashMap;

use aqueduct_graph::ir::{Array, Op, Unary};

use super::algebra;
use super::constants::Constants;
use super::joins::{merge_pieces, whole_piece};
use super::repeated::done_once;
use super::substitute::Substitution;
use crate::engine::ir::{Block, Code, Kernel, Node, ValueId};
use crate::kernels::fused::{Expression, Primitive};

/// Simplifies nodes, in bodies too; gives how many.
pub(crate) fn run(block: &mut Block) -> usize {
    let mut pass = Simplification::default();
    for mut node in std::mem::take(&mut block.nodes) {
        pass.substitution.redirect(block, &mut node);
        if let Code::Scan(scan) = &mut node.code {
            pass.done += run(&mut scan.body);
        }
        pass.simplify(block, &mut node);
        pass.constants.note(&node);
        for output in &node.outputs {
            pass.makers.insert(*output, block.nodes.len());
        }
        block.nodes.push(node);
    }
    pass.substitution.redirect_results(block);
    pass.done
}

#[derive(Default)]
struct Simplification {
    substitution: Substitution,
    constants: Constants,
    /// The node that makes each root.
    makers: HashMap<ValueId, usize>,
    done: usize,
}

impl Simplification {
    /// Changes a node, or finds what stands for its result.
    fn simplify(&mut self, block: &mut Block, node: &mut Node) {
        // It is there for the sake of its strides.
        let is_copy = matches!(&node.code, Code::Fused(expression) if expression.steps.is_empty());
        if let Code::Fused(expression) = &node.code {
            let known: Vec<_> = node
                .inputs
                .iter()
                .map(|value| self.constants.uniform(block, *value))
                .collect();
            if let Some(simpler) = algebra::simplify(expression, &known) {
                self.done += simpler.count;
                node.inputs = simpler
                    .inputs
                    .iter()
                    .map(|input| node.inputs[*input])
                    .collect();
                node.code = Code::Fused(simpler.expression);
            }
        }
        self.done += merge_pieces(block, node);
        let &[output] = &*node.outputs else {
            return;
        };
        let found = match &node.code {
            Code::Fused(_) if is_copy => operand_copied(block, node),
            Code::Fused(expression) => operand_given(block, expression, node)
                .or_else(|| self.undone(block, expression, node))
                .or_else(|| done_once(block, expression, node)),
            Code::Join(pieces) => whole_piece(block, pieces, node),
            Code::Kernel(kernel) => operand_moved(block, kernel, node),
            Code::Constant(_)
            | Code::Reduced(_)
            | Code::Product
            | Code::Products
            | Code::Draw(..)
            | Code::Write { .. }
            | Code::Scan(_)
            | Code::Opaque(_) => None,
        };
        if let Some(value) = found {
            self.substitution.put(output, value);
            self.done += 1;
        }
    }

    /// Of what is undone: the operand of the node before.
    fn undone(&self, block: &Block, expression: &Expression, node: &Node) -> Option<ValueId> {
        let function = involution(expression)?;
        let before = &block.nodes[*self.makers.get(node.inputs.first()?)?];
        let Code::Fused(other) = &before.code else {
            return None;
        };
        let operand = *before.inputs.first()?;
        let undone =
            involution(other)? == function && block.sizes(operand) == block.sizes(node.outputs[0]);
        undone.then_some(operand)
    }
}

/// The function of an expression that is its own inverse.
fn involution(expression: &Expression) -> Option<Primitive> {
    let ([step], [1]) = (&*expression.steps, &*expression.outputs) else {
        return None;
    };
    let is_inverse = matches!(
        step.primitive,
        Primitive::Unary(Unary::Neg) | Primitive::Not
    );
    is_inverse.then_some(step.primitive)
}

/// The operand of a copy that lies where the copy does: row by row.
fn operand_copied(block: &Block, node: &Node) -> Option<ValueId> {
    let operand = *node.inputs.first()?;
    let same = block.sizes(operand) == block.sizes(node.outputs[0]);
    (same && block.kind(operand).is_contiguous()).then_some(operand)
}

/// The operand that an expression gives without doing anything.
fn operand_given(block: &mut Block, expression: &Expression, node: &Node) -> Option<ValueId> {
    let operand = *node.inputs.get(*expression.outputs.first()?)?;
    let sizes = block.sizes(node.outputs[0]).to_vec();
    if !expression.steps.is_empty() {
        return None;
    }
    if block.sizes(operand) == sizes {
        return Some(operand);
    }
    Some(block.repeated(operand, &sizes))
}

/// The operand of a kernel that moves nothing.
fn operand_moved(block: &Block, kernel: &Kernel, node: &Node) -> Option<ValueId> {
    let moves = matches!(kernel.op, Op::Array(Array::Tile | Array::Pad { .. }));
    let operand = *node.inputs.get((*kernel.slots.first()?)?)?;
    let same = block.sizes(operand) == block.sizes(node.outputs[0]);
    (moves && same).then_some(operand)
}
