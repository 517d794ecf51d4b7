//! Products with what was joined become products with the parts.

use std::collections::{HashMap, HashSet};

use crate::engine::ir::{Block, Code, Node, Piece, Place, Type, ValueId};
use crate::engine::scans::{Dependence, pays_ahead};

/// Splits products in bodies too; gives how many terms and products were split.
///
/// - `[x, h] · K` becomes `x · K_x + h · K_h` of rows of K, on either side.
/// - `[x, h]ᵀ · z` becomes `[xᵀ · z, hᵀ · z]`, if nothing else uses what was joined.
/// - A product that is only read in parts of its columns becomes a product for each part.
///
/// An inner axis is only split if nothing else uses what was joined, or if a loop can compute the
/// product with one of the parts ahead: else one product is better than several.
pub(crate) fn run(block: &mut Block) -> usize {
    let nowhere_ahead = vec![Dependence::Step; block.value_count()];
    split(block, nowhere_ahead)
}

/// Splits the products of a block, of which it is known what its values depend on.
fn split(block: &mut Block, mut dependence: Vec<Dependence>) -> usize {
    let mut done = split_results(block);
    dependence.resize(block.value_count(), Dependence::Step);
    done += split_operands(block, &dependence);
    for node in &mut block.nodes {
        if let Code::Scan(scan) = &mut node.code {
            let dependence = scan.dependence();
            done += split(&mut scan.body, dependence);
        }
    }
    done
}

/// The least width of the parts that products are split into.
const NARROW: usize = 16;

/// A matrix that is joined of others.
#[derive(Clone, Debug)]
struct Joined {
    /// 0 if parts of the rows follow each other, 1 if parts of the columns do.
    axis: usize,
    /// The first row or column of each part, and the part.
    parts: Vec<(usize, ValueId)>,
}

/// The matrices that are joined of others, by rows or by columns.
fn joined(block: &Block) -> HashMap<ValueId, Joined> {
    let nodes = block.nodes.iter();
    nodes
        .filter_map(|node| match &node.code {
            Code::Join(pieces) => {
                let whole = node.outputs[0];
                Some((whole, as_matrix(block, whole, &node.inputs, pieces)?))
            }
            Code::Constant(_)
            | Code::Fused(_)
            | Code::Product
            | Code::Products
            | Code::Kernel(_)
            | Code::Reduced(_)
            | Code::Draw(..)
            | Code::Write { .. }
            | Code::Scan(_)
            | Code::Opaque(_) => None,
        })
        .collect()
}

fn as_matrix(
    block: &Block,
    whole: ValueId,
    inputs: &[ValueId],
    pieces: &[Piece],
) -> Option<Joined> {
    let &[rows, columns] = block.sizes(whole) else {
        return None;
    };
    let strides = &block.kind(whole).strides;
    let fits = |axis: usize, other: usize, size: usize| {
        inputs.iter().zip(pieces).all(|(input, piece)| {
            let sizes = block.sizes(*input);
            sizes.len() == 2 && sizes[other] == size && sizes[axis] > 0 && piece.strides == *strides
        })
    };
    if rows == 0 || columns == 0 || inputs.len() < 2 {
        return None;
    }
    let (axis, step) = if fits(1, 0, rows) {
        (1, 1)
    } else if fits(0, 1, columns) {
        (0, columns)
    } else {
        return None;
    };
    let parts = inputs.iter().zip(pieces);
    let mut parts: Vec<(usize, ValueId)> = parts
        .map(|(input, piece)| (piece.offset / step, *input))
        .collect();
    parts.sort_unstable();
    Some(Joined { axis, parts })
}

impl Joined {
    /// The parts as an operand of a product sees them, and along which of its axes they follow each
    /// other; `None` if the operand sees something else than the whole.
    fn seen(&self, block: &mut Block, value: ValueId) -> Option<Joined> {
        let root = block.place(value).root;
        if value == root {
            return Some(self.clone());
        }
        if !is_transposed(block, value, root) {
            return None;
        }
        let parts = self.parts.iter();
        let parts = parts.map(|(start, part)| (*start, block.transposed(*part, &[1, 0])));
        Some(Joined {
            axis: 1 - self.axis,
            parts: parts.collect(),
        })
    }
}

/// Whether a value is all of a matrix, transposed.
fn is_transposed(block: &Block, value: ValueId, root: ValueId) -> bool {
    let (kind, whole) = (block.kind(value), block.kind(root));
    let turned = |of: &[usize]| -> Vec<usize> { of.iter().rev().copied().collect() };
    let strides: Vec<isize> = whole.strides.iter().rev().copied().collect();
    block.place(value).offset == 0 && kind.sizes == turned(&whole.sizes) && kind.strides == strides
}

/// Splits products by what their operands are joined of.
fn split_operands(block: &mut Block, dependence: &[Dependence]) -> usize {
    let joined = joined(block);
    let vanishing = vanishing(block, &joined);
    if joined.is_empty() {
        return 0;
    }
    let mut done = 0;
    let nodes = std::mem::take(&mut block.nodes);
    for mut node in nodes {
        if matches!(node.code, Code::Product) {
            done += split_inner(block, &mut node, &joined, &vanishing, dependence);
            if let Some(join) = split_outer(block, &mut node, &joined, &vanishing) {
                done += 1;
                node = join;
            }
        }
        block.nodes.push(node);
    }
    done
}

/// Makes several terms of one whose inner axis runs through what was joined.
///
/// That pays if one of the terms can be computed ahead of a loop; or if what was joined vanishes, and
/// no part is so narrow that a pass over the result costs more than the multiplications.
fn split_inner(
    block: &mut Block,
    node: &mut Node,
    joined: &HashMap<ValueId, Joined>,
    vanishing: &[bool],
    dependence: &[Dependence],
) -> usize {
    let mut waiting: Vec<[ValueId; 2]> = node
        .inputs
        .chunks_exact(2)
        .map(|pair| [pair[0], pair[1]])
        .rev()
        .collect();
    node.inputs.clear();
    let mut done = 0;
    while let Some(pair) = waiting.pop() {
        let found = (0..2).find_map(|side| {
            let joined = joined.get(&block.place(pair[side]).root)?;
            let seen = joined.seen(block, pair[side])?;
            let narrowest = seen
                .parts
                .iter()
                .map(|(_, part)| block.sizes(*part)[1 - side])
                .min();
            let vanishes = vanishing[block.place(pair[side]).root.index()];
            let ahead = seen.parts.iter().any(|(_, part)| {
                let of_part = dependence.get(block.place(*part).root.index());
                of_part.is_some_and(|of_part| *of_part < Dependence::Step)
                    && pays_ahead(block, pair[0])
            });
            let pays = ahead || (vanishes && narrowest >= Some(NARROW));
            // The inner axis is the left operand's second, the right one's first.
            (seen.axis == 1 - side && pays).then_some((side, seen))
        });
        let Some((side, seen)) = found else {
            node.inputs.extend(pair);
            continue;
        };
        done += 1;
        for (start, part) in seen.parts.into_iter().rev() {
            let count = block.sizes(part)[1 - side];
            let other = block.cut(pair[1 - side], side, start, count);
            waiting.push(if side == 0 {
                [part, other]
            } else {
                [other, part]
            });
        }
    }
    done
}

/// Makes a product for each part of what was joined along rows or columns of the result; gives the
/// join of these.
fn split_outer(
    block: &mut Block,
    node: &mut Node,
    joined: &HashMap<ValueId, Joined>,
    vanishing: &[bool],
) -> Option<Node> {
    let [a, b] = *node.inputs else {
        return None;
    };
    let pair = [a, b];
    let (side, seen) = (0..2).find_map(|side| {
        let root = block.place(pair[side]).root;
        let joined = joined.get(&root).filter(|_| vanishing[root.index()])?;
        let seen = joined.seen(block, pair[side])?;
        // The result's rows are the left operand's, its columns the right one's.
        (seen.axis == side).then_some((side, seen))
    })?;
    let whole = block.kind(node.outputs[0]).clone();
    let mut inputs = Vec::new();
    let mut pieces = Vec::new();
    for (start, part) in seen.parts {
        let factors = if side == 0 { [part, b] } else { [a, part] };
        let sizes = [block.sizes(factors[0])[0], block.sizes(factors[1])[1]];
        let kind = Type::contiguous(whole.dtype, &sizes);
        inputs.push(block.push_one(Code::Product, factors.to_vec(), kind, node.origin));
        pieces.push(Piece {
            offset: start * whole.strides[side].unsigned_abs(),
            strides: whole.strides.clone(),
        });
    }
    Some(Node {
        code: Code::Join(pieces),
        inputs,
        outputs: node.outputs.clone(),
        origin: node.origin,
    })
}

/// For each value: whether it is a join of which all uses can be split, so that it is not needed any
/// more.
fn vanishing(block: &mut Block, joined: &HashMap<ValueId, Joined>) -> Vec<bool> {
    let mut uses = block.root_uses();
    let products: Vec<Vec<ValueId>> = block
        .nodes
        .iter()
        .filter(|node| matches!(node.code, Code::Product))
        .map(|node| node.inputs.clone())
        .collect();
    for inputs in products {
        for (place, value) in inputs.iter().enumerate() {
            let root = block.place(*value).root;
            let seen = joined
                .get(&root)
                .and_then(|joined| joined.seen(block, *value));
            // A sum of products is only split along the inner axis.
            if seen.is_some_and(|seen| inputs.len() == 2 || seen.axis == 1 - place % 2) {
                uses[root.index()] -= 1;
            }
        }
    }
    let mut vanishing: Vec<bool> = uses.iter().map(|uses| *uses == 0).collect();
    vanishing.resize(block.value_count(), false);
    vanishing
}

/// Makes a product for each part of the columns that is read, if nothing else is.
fn split_results(block: &mut Block) -> usize {
    let parts = column_parts(block);
    if parts.is_empty() {
        return 0;
    }
    let mut replacement = HashMap::new();
    let mut done = 0;
    let nodes = std::mem::take(&mut block.nodes);
    for node in nodes {
        let Some(parts) = node.outputs.first().and_then(|output| parts.get(output)) else {
            block.nodes.push(node);
            continue;
        };
        done += 1;
        for part in parts {
            let mut inputs = node.inputs.clone();
            for pair in inputs.chunks_exact_mut(2) {
                pair[1] = block.cut(pair[1], 1, part.start, part.count);
            }
            let rows = block.sizes(node.outputs[0])[0];
            let kind = Type::contiguous(block.dtype(node.outputs[0]), &[rows, part.count]);
            let product = block.push_one(Code::Product, inputs, kind, node.origin);
            replacement.extend(part.values.iter().map(|value| (*value, product)));
        }
    }
    block.replace(&replacement);
    done + drop_copies(block, &replacement)
}

/// Some columns of a product, and the values that are views of them.
#[derive(Debug)]
struct Columns {
    start: usize,
    count: usize,
    values: Vec<ValueId>,
}

/// For products of which all uses read parts of the columns that do not overlap: these parts.
fn column_parts(block: &Block) -> HashMap<ValueId, Vec<Columns>> {
    let mut parts: HashMap<ValueId, Vec<Columns>> = HashMap::new();
    for node in &block.nodes {
        if matches!(node.code, Code::Product) {
            parts.insert(node.outputs[0], Vec::new());
        }
    }
    let mut places: HashMap<(ValueId, usize, usize), usize> = HashMap::new();
    let mut note = |value: ValueId, takes_any_strides: bool| {
        let Place { root, offset } = block.place(value);
        let Some(found) = parts.get_mut(&root) else {
            return;
        };
        let (kind, whole) = (block.kind(value), block.kind(root));
        let is_part = takes_any_strides
            && kind.sizes.len() == 2
            && kind.sizes[0] == whole.sizes[0]
            && kind.sizes[1] < whole.sizes[1]
            && kind.strides == whole.strides
            && offset + kind.sizes[1] <= whole.sizes[1];
        if !is_part {
            parts.remove(&root);
            return;
        }
        let count = kind.sizes[1];
        match places.get(&(root, offset, count)) {
            Some(place) => found[*place].values.push(value),
            None => {
                places.insert((root, offset, count), found.len());
                found.push(Columns {
                    start: offset,
                    count,
                    values: vec![value],
                });
            }
        }
    };
    for node in &block.nodes {
        // A loop is made for the strides of its operands.
        let takes = !matches!(node.code, Code::Scan(_));
        node.inputs.iter().for_each(|value| note(*value, takes));
    }
    block.results.iter().for_each(|value| note(*value, false));
    parts.retain(|_, parts| {
        parts.sort_by_key(|part| part.start);
        let apart = |pair: &[Columns]| pair[0].start + pair[0].count <= pair[1].start;
        !parts.is_empty() && parts.windows(2).all(apart)
    });
    parts
}

/// Leaves out copies of products that were made because a part of the columns did not lie row by row.
fn drop_copies(block: &mut Block, replaced: &HashMap<ValueId, ValueId>) -> usize {
    let products: HashSet<ValueId> = replaced.values().copied().collect();
    let mut copies = HashMap::new();
    for node in &block.nodes {
        if let (Code::Fused(expression), [value]) = (&node.code, &*node.inputs)
            && expression.steps.is_empty()
            && products.contains(value)
            && block.sizes(*value) == block.sizes(node.outputs[0])
        {
            copies.insert(node.outputs[0], *value);
        }
    }
    block.replace(&copies);
    copies.len()
}
