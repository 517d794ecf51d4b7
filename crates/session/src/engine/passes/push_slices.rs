//! What is only read in slices is computed in slices.
//!
//! `split(z + bias, 4)` becomes four sums of a slice of `z` and one of `bias`, each of which fuses with
//! what is done to it: the sum of the whole takes no pass and no memory of its own.

use std::collections::HashMap;

use crate::engine::ir::{Block, Code, Type, ValueId};
use crate::engine::views::Part;

/// Cuts the element-wise nodes of a block; gives how many were cut. Users come before what they use,
/// so that chains are cut from their ends.
pub(crate) fn run(block: &mut Block) -> usize {
    let mut done = 0;
    let mut index = block.nodes.len();
    while index > 0 {
        index -= 1;
        if let Some(slices) = slices(block, index) {
            cut(block, index, slices);
            done += 1;
        }
    }
    done
}

/// A slice of a root: which part of each axis, and the values that see it.
struct Slice {
    parts: Vec<Part>,
    values: Vec<ValueId>,
}

/// The slices in which the result of an element-wise node is read, if it is read in no other way.
fn slices(block: &Block, index: usize) -> Option<Vec<Slice>> {
    let node = &block.nodes[index];
    let (Code::Fused(_), [root]) = (&node.code, &*node.outputs) else {
        return None;
    };
    let mut slices: Vec<Slice> = Vec::new();
    for user in &block.nodes[index + 1..] {
        for value in &user.inputs {
            if block.place(*value).root != *root {
                continue;
            }
            if !matches!(user.code, Code::Fused(_)) || value == root {
                return None;
            }
            let parts = parts(block, *value, *root)?;
            match slices.iter_mut().find(|slice| slice.parts == parts) {
                Some(slice) => slice.values.push(*value),
                None => slices.push(Slice {
                    parts,
                    values: vec![*value],
                }),
            }
        }
    }
    let is_given = block
        .results
        .iter()
        .any(|value| block.place(*value).root == *root);
    let elements = |slice: &Slice| slice.parts.iter().map(|part| part.count).product::<usize>();
    let read: usize = slices.iter().map(elements).sum();
    // Nothing is computed twice.
    let pays = !slices.is_empty() && !is_given && read <= block.kind(*root).elements();
    pays.then_some(slices)
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

/// Puts a node for each slice in the place of a node.
fn cut(block: &mut Block, index: usize, slices: Vec<Slice>) {
    let later = block.nodes.split_off(index + 1);
    let Some(node) = block.nodes.pop() else {
        return;
    };
    let mut replacement = HashMap::new();
    for slice in slices {
        let inputs = node
            .inputs
            .iter()
            .map(|value| operand(block, *value, &slice.parts));
        let inputs = inputs.collect();
        let sizes: Vec<usize> = slice.parts.iter().map(|part| part.count).collect();
        let kind = Type::contiguous(block.dtype(node.outputs[0]), &sizes);
        let made = block.push_one(node.code.clone(), inputs, kind, node.origin);
        replacement.extend(slice.values.into_iter().map(|value| (value, made)));
    }
    block.nodes.extend(later);
    block.replace(&replacement);
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
