//! What is only read in slices is computed in slices.
//!
//! `split(z + bias, 4)` becomes four sums of a slice of `z` and one of `bias`, each of which fuses with
//! what is done to it: the sum of the whole takes no pass and no memory of its own.

use std::collections::{HashMap, HashSet};

use crate::engine::ir::{Block, Code, Node, Type, ValueId};
use crate::engine::views::Part;

/// Cuts the element-wise nodes of a block; gives how many were cut. Users come before what they use,
/// so that chains are cut from their ends.
pub(crate) fn run(block: &mut Block) -> usize {
    let mut done = 0;
    let mut later = Later::default();
    let results = block.results.iter();
    let given: HashSet<ValueId> = results.map(|value| block.place(*value).root).collect();
    while let Some(node) = block.nodes.pop() {
        match later.slices(block, &node, &given) {
            Some(slices) => {
                later.cut(block, &node, slices);
                done += 1;
            }
            None => later.add(block, node),
        }
    }
    later.nodes.reverse();
    block.nodes = later.nodes;
    done
}

/// An operand of a node: the node's place among those that come later, and the operand's.
type Use = (usize, usize);

/// A slice of a root: which part of each axis, and the operands that see it.
struct Slice {
    parts: Vec<Part>,
    uses: Vec<Use>,
}

/// The nodes behind the one that is looked at.
#[derive(Default)]
struct Later {
    /// From the last one to the first.
    nodes: Vec<Node>,
    /// The operands that are a root or see it.
    uses: HashMap<ValueId, Vec<Use>>,
}

impl Later {
    /// Adds the node before.
    fn add(&mut self, block: &Block, node: Node) {
        for (slot, value) in node.inputs.iter().enumerate() {
            let uses = self.uses.entry(block.place(*value).root).or_default();
            uses.push((self.nodes.len(), slot));
        }
        self.nodes.push(node);
    }

    /// The slices in which the result of an element-wise node is read, if it is read in no other way.
    fn slices(&self, block: &Block, node: &Node, given: &HashSet<ValueId>) -> Option<Vec<Slice>> {
        let (Code::Fused(_), [root]) = (&node.code, &*node.outputs) else {
            return None;
        };
        if given.contains(root) {
            return None;
        }
        let elements = block.kind(*root).elements();
        let mut slices: Vec<Slice> = Vec::new();
        let mut known: HashMap<Vec<Part>, usize> = HashMap::new();
        let mut read: usize = 0;
        for (place, slot) in self.uses.get(root)?.iter().rev() {
            let user = &self.nodes[*place];
            let value = user.inputs[*slot];
            if !matches!(user.code, Code::Fused(_)) || value == *root {
                return None;
            }
            let parts = parts(block, value, *root)?;
            if let Some(slice) = known.get(&parts) {
                slices[*slice].uses.push((*place, *slot));
                continue;
            }
            read += parts.iter().map(|part| part.count).product::<usize>();
            if read > elements {
                // Nothing is computed twice.
                return None;
            }
            known.insert(parts.clone(), slices.len());
            slices.push(Slice {
                parts,
                uses: vec![(*place, *slot)],
            });
        }
        Some(slices)
    }

    /// Adds a node for each slice in the place of a node.
    fn cut(&mut self, block: &mut Block, node: &Node, slices: Vec<Slice>) {
        for Slice { parts, uses } in slices {
            let inputs = node.inputs.iter();
            let inputs = inputs.map(|value| operand(block, *value, &parts)).collect();
            let sizes: Vec<usize> = parts.iter().map(|part| part.count).collect();
            let made = block.root(Type::contiguous(block.dtype(node.outputs[0]), &sizes));
            for (place, slot) in uses {
                self.nodes[place].inputs[slot] = made;
            }
            let part = Node {
                code: node.code.clone(),
                inputs,
                outputs: vec![made],
                origin: node.origin,
            };
            self.add(block, part);
        }
    }
}

/// Which part of each axis of a root a view sees, if it sees such parts alone.
fn parts(block: &Block, view: ValueId, root: ValueId) -> Option<Vec<Part>> {
    let (seen, whole) = (block.kind(view), block.kind(root));
    if seen.sizes.len() != whole.sizes.len() || seen.sizes.contains(&0) {
        return None;
    }
    let mut offset = block.place(view).offset;
    let mut parts = Vec::with_capacity(seen.sizes.len());
    for axis in 0..seen.sizes.len() {
        let stride = whole.strides[axis].unsigned_abs();
        let start = offset.checked_div(stride)?;
        offset -= start * stride;
        let (count, size) = (seen.sizes[axis], whole.sizes[axis]);
        let same_step = count == 1 || seen.strides[axis] == whole.strides[axis];
        if !same_step || start + count > size {
            return None;
        }
        parts.push(Part {
            start,
            step: 1,
            count,
        });
    }
    (offset == 0).then_some(parts)
}

/// What a slice of the result needs of an operand, which may be repeated along some axes.
fn operand(block: &mut Block, value: ValueId, parts: &[Part]) -> ValueId {
    let sizes = block.sizes(value).to_vec();
    let added = parts.len() - sizes.len();
    let own = sizes.iter().zip(&parts[added..]).map(|(size, part)| {
        if *size == 1 {
            Part {
                start: 0,
                step: 1,
                count: 1,
            }
        } else {
            *part
        }
    });
    let own: Vec<Part> = own.collect();
    block.sliced(value, &own)
}

#[cfg(test)]
mod tests {
    use aqueduct_graph::DType;
    use aqueduct_graph::ir::{Binary, NodeId, Unary};

    use super::*;
    use crate::engine::ir::Source;
    use crate::engine::verify::verify;
    use crate::kernels::fused::{Expression, Primitive};
    use crate::plan::Operand;

    #[test]
    fn a_sum_that_is_split_is_computed_in_its_parts() {
        let origin = NodeId::from_index(0);
        let mut block = Block::default();
        let kind = |sizes: &[usize]| Type::contiguous(DType::F32, sizes);
        let z = block.source(kind(&[3, 4]), Source::Plan(Operand::Input(0)));
        let bias = block.source(kind(&[4]), Source::Plan(Operand::Input(1)));
        let add = Primitive::Binary(Binary::Add);
        let add = Code::Fused(Expression::of(add, &[DType::F32; 2], DType::F32));
        let sum = block.push_one(add, vec![z, bias], kind(&[3, 4]), origin);
        for start in [0, 2] {
            let half = block.cut(sum, 1, start, 2);
            let tanh = Primitive::Unary(Unary::Tanh);
            let tanh = Code::Fused(Expression::of(tanh, &[DType::F32], DType::F32));
            let result = block.push_one(tanh, vec![half], kind(&[3, 2]), origin);
            block.results.push(result);
        }
        assert_eq!(run(&mut block), 1);
        verify(&block).unwrap();
        let text = block.to_string();
        assert!(
            text.contains("fused(%0[0..][3, 2] strides [4, 1], %1[0..][2])"),
            "{text}"
        );
        assert!(
            text.contains("fused(%0[2..][3, 2] strides [4, 1], %1[2..][2])"),
            "{text}"
        );
    }
}
