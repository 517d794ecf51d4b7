//! What is computed twice is computed once.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::discriminant;

use aqueduct_graph::Value;
use aqueduct_graph::ir::Data;

use super::substitute::Substitution;
use crate::engine::ir::{Block, Code, Node, Place, Source, ValueId};

/// Lets the first of several nodes that do the same stand for the others; gives how many others there
/// were. In bodies, too, an operand that a loop is given twice is one.
pub(crate) fn run(block: &mut Block) -> usize {
    let mut merged = 0;
    let mut substitution = Substitution::default();
    let mut by_hash: HashMap<u64, Vec<usize>> = HashMap::new();
    for mut node in std::mem::take(&mut block.nodes) {
        substitution.redirect(block, &mut node);
        if let Code::Scan(scan) = &mut node.code {
            let captures = scan.captures();
            merge_parameters(block, &node.inputs, captures, &mut scan.body);
            merged += run(&mut scan.body);
        }
        if let Some(hash) = hash(block, &node) {
            let candidates = by_hash.entry(hash).or_default();
            let same = candidates
                .iter()
                .find(|index| is_same(block, &block.nodes[**index], &node));
            if let Some(same) = same {
                for (output, other) in node.outputs.iter().zip(&block.nodes[*same].outputs) {
                    substitution.put(*output, *other);
                }
                merged += 1;
            } else {
                candidates.push(block.nodes.len());
            }
        }
        block.nodes.push(node);
    }
    substitution.redirect_results(block);
    merged
}

/// Lets the first of several parameters that are given the same stand for the others.
fn merge_parameters(block: &Block, operands: &[ValueId], captures: usize, body: &mut Block) {
    let mut first_of: HashMap<Seen, ValueId> = HashMap::new();
    let mut others = HashMap::new();
    for (value, source) in &body.sources {
        if let Source::Parameter(index) = source
            && *index >= captures
        {
            let first = *first_of
                .entry(seen(block, operands[*index]))
                .or_insert(*value);
            if first != *value {
                others.insert(*value, first);
            }
        }
    }
    body.replace(&others);
}

/// An operand by its elements: where they are, whatever value sees them.
pub(super) type Seen = (Place, Vec<usize>, Vec<isize>);

pub(super) fn seen(block: &Block, value: ValueId) -> Seen {
    let kind = block.kind(value);
    let strides = kind.strides.iter().zip(&kind.sizes);
    // The stride of one position is never walked.
    let strides = strides.map(|(stride, size)| if *size > 1 { *stride } else { 0 });
    (block.place(value), kind.sizes.clone(), strides.collect())
}

/// Equal for nodes that do the same; `None` for a node that is not merged.
fn hash(block: &Block, node: &Node) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    discriminant(&node.code).hash(&mut hasher);
    match &node.code {
        Code::Constant(value) => {
            value.shape().hash(&mut hasher);
            bits(value.data())
                .take(16)
                .for_each(|bits| bits.hash(&mut hasher));
        }
        Code::Fused(expression) => {
            for step in &expression.steps {
                discriminant(&step.primitive).hash(&mut hasher);
                step.operands.hash(&mut hasher);
            }
        }
        Code::Kernel(kernel) => discriminant(&kernel.op).hash(&mut hasher),
        Code::Product | Code::Products | Code::Join(_) => {}
        // Made when all that is the same is merged.
        Code::Reduced(_) => return None,
        Code::Draw(..) | Code::Write { .. } | Code::Scan(_) | Code::Opaque(_) => return None,
    }
    for value in &node.inputs {
        seen(block, *value).hash(&mut hasher);
    }
    Some(hasher.finish())
}

/// Whether two nodes give the same, bit by bit.
fn is_same(block: &Block, a: &Node, b: &Node) -> bool {
    let code = match (&a.code, &b.code) {
        (Code::Constant(a), Code::Constant(b)) => same_bits(a, b),
        (Code::Fused(a), Code::Fused(b)) => a == b && format!("{a:?}") == format!("{b:?}"),
        // 0.0 is -0.0, but is not written like it.
        (Code::Kernel(a), Code::Kernel(b)) => a == b && format!("{a:?}") == format!("{b:?}"),
        (Code::Product, Code::Product) | (Code::Products, Code::Products) => true,
        (Code::Join(a), Code::Join(b)) => a == b,
        _ => false,
    };
    let operands = |node: &Node| -> Vec<Seen> {
        let inputs = node.inputs.iter();
        inputs.map(|value| seen(block, *value)).collect()
    };
    let results = |node: &Node| -> Vec<_> {
        let outputs = node.outputs.iter();
        outputs.map(|value| block.kind(*value).clone()).collect()
    };
    code && results(a) == results(b) && operands(a) == operands(b)
}

fn same_bits(a: &Value, b: &Value) -> bool {
    a.dtype() == b.dtype() && a.shape() == b.shape() && bits(a.data()).eq(bits(b.data()))
}

/// The elements as numbers that are equal if all bits are.
fn bits(data: &Data) -> Box<dyn Iterator<Item = u64> + '_> {
    match data {
        Data::F32(elements) => {
            Box::new(elements.iter().map(|element| u64::from(element.to_bits())))
        }
        Data::F64(elements) => Box::new(elements.iter().map(|element| element.to_bits())),
        Data::I32(elements) => Box::new(
            elements
                .iter()
                .map(|element| u64::from(element.cast_unsigned())),
        ),
        Data::I64(elements) => Box::new(elements.iter().map(|element| element.cast_unsigned())),
        Data::U8(elements) => Box::new(elements.iter().map(|element| u64::from(*element))),
        Data::Bool(elements) => Box::new(elements.iter().map(|element| u64::from(*element))),
    }
}
