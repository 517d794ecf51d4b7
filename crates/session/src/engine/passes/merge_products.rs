//! Products that share an operand become one.
//!
//! - `x · A` and `x · B` become `x · [A, B]`; so do sums of products with the same left operands. The
//!   results are columns of the one product.
//! - `x[0] · K` and `x[1] · K` of slices that are rows of one matrix become `x · K`. The results are rows
//!   of the one product.
//!
//! An element of a product is the same chain of multiply-adds in either, so no bit changes.

use std::collections::{HashMap, HashSet};

use aqueduct_graph::ir::NodeId;

use super::hoist_sequences::{split_sums, taken_by_strides};
use super::merge_common::{Seen, seen};
use super::row_sums::summed_by_states;
use super::{dead, joins};
use crate::engine::ir::{Block, Code, Piece, Place, Type, ValueId};
use crate::engine::scans::{Dependence, pays_ahead};

/// Results of fewer columns are made parts of a wider one: they leave a vector of their kernel unfilled.
const NARROW: usize = 16;

/// The least rows of all products with one joined right operand for which it is made.
const LEAST_ROWS: usize = 32;

/// The most bytes of the product of all slices.
const MOST_BYTES: usize = 256 << 20;

/// Merges products, those with the same left operands in bodies too; gives how many products there are
/// less.
///
/// With `sums`, products of slices are taken out of sums too, which changes the order of the sum.
pub(crate) fn run(block: &mut Block, sums: bool) -> usize {
    let nothing_same = vec![Dependence::Step; block.value_count()];
    let mut done = merge_lefts(block, &nothing_same, &HashSet::new());
    dead::remove(block);
    done += merge_slices(block, sums);
    dead::remove(block);
    joins::flatten(block);
    done
}

/// Merges products with the same left operands, in a block of which it is known what its values depend
/// on and which of them are added to states.
fn merge_lefts(block: &mut Block, dependence: &[Dependence], summed: &HashSet<ValueId>) -> usize {
    let mut done = 0;
    for node in &mut block.nodes {
        if let Code::Scan(scan) = &mut node.code {
            let (dependence, summed) = (scan.dependence(), summed_by_states(scan));
            done += merge_lefts(&mut scan.body, &dependence, &summed);
        }
    }
    let merged = Sharing::new(block, dependence, summed).merged(block);
    done + merge(block, merged)
}

/// One product in the place of several.
struct Merged {
    /// The node before which it stands: after what it needs, before what uses it.
    at: usize,
    /// The left operand of each term, and what lies side by side in the right one.
    terms: Vec<(ValueId, Vec<ValueId>)>,
    sizes: [usize; 2],
    /// The results of the several, and where they are.
    parts: Vec<(ValueId, Window)>,
}

/// A part of a matrix: so many elements from its first one on, by so many times its rows.
struct Window {
    offset: usize,
    row_step: usize,
}

/// Adds the products, and lets their parts stand for the results of those before.
fn merge(block: &mut Block, merged: Vec<Merged>) -> usize {
    let mut done = 0;
    let mut at: HashMap<usize, Vec<Merged>> = HashMap::new();
    for product in in_order(block, merged) {
        done += product.parts.len() - 1;
        at.entry(product.at).or_default().push(product);
    }
    let mut joined = HashMap::new();
    let mut replacement = HashMap::new();
    for (index, node) in std::mem::take(&mut block.nodes).into_iter().enumerate() {
        for product in at.remove(&index).unwrap_or_default() {
            product.make(block, &mut joined, &mut replacement, node.origin);
        }
        block.nodes.push(node);
    }
    block.replace(&replacement);
    done
}

/// The products in the order of their places, without those that need a part of another one before
/// that is there.
fn in_order(block: &Block, mut merged: Vec<Merged>) -> Vec<Merged> {
    merged.sort_by_key(|product| product.at);
    let parts = merged.iter().flat_map(|product| &product.parts);
    let mut missing: HashSet<ValueId> = parts.map(|(result, _)| *result).collect();
    merged.retain(|product| {
        let terms = product.terms.iter();
        let mut operands = terms.flat_map(|(left, rights)| rights.iter().chain([left]));
        let is_ready = operands.all(|value| !missing.contains(&block.place(*value).root));
        for (result, _) in &product.parts {
            missing.remove(result);
        }
        is_ready
    });
    merged
}

impl Merged {
    fn make(
        &self,
        block: &mut Block,
        joined: &mut HashMap<Vec<ValueId>, ValueId>,
        replacement: &mut HashMap<ValueId, ValueId>,
        origin: NodeId,
    ) {
        let mut inputs = Vec::new();
        for (left, rights) in &self.terms {
            let right = match joined.get(rights) {
                Some(known) => *known,
                None => side_by_side(block, rights, origin),
            };
            joined.insert(rights.clone(), right);
            inputs.extend([*left, right]);
        }
        let kind = Type::contiguous(block.dtype(inputs[0]), &self.sizes);
        let columns = kind.strides[0];
        let root = block.push_one(Code::Product, inputs, kind, origin);
        for (result, Window { offset, row_step }) in &self.parts {
            let mut kind = block.kind(*result).clone();
            kind.strides = vec![columns * *row_step as isize, 1];
            let offset = *offset;
            replacement.insert(*result, block.view(Place { root, offset }, kind));
        }
    }
}

/// The matrices side by side: what they are slices of, or a join.
fn side_by_side(block: &mut Block, matrices: &[ValueId], origin: NodeId) -> ValueId {
    if let Some((place, kind)) = adjacent(block, matrices) {
        return block.view(place, kind);
    }
    let columns: usize = matrices.iter().map(|matrix| block.sizes(*matrix)[1]).sum();
    let kind = Type::contiguous(
        block.dtype(matrices[0]),
        &[block.sizes(matrices[0])[0], columns],
    );
    let mut offset = 0;
    let mut pieces = Vec::with_capacity(matrices.len());
    for matrix in matrices {
        pieces.push(Piece {
            offset,
            strides: kind.strides.clone(),
        });
        offset += block.sizes(*matrix)[1];
    }
    block.push_one(Code::Join(pieces), matrices.to_vec(), kind, origin)
}

/// Where the matrices begin that lie side by side in one root, and what they are together.
fn adjacent(block: &mut Block, matrices: &[ValueId]) -> Option<(Place, Type)> {
    let turned: Vec<ValueId> = matrices
        .iter()
        .map(|matrix| block.transposed(*matrix, &[1, 0]))
        .collect();
    let (place, mut kind) = block.in_a_row(&turned)?;
    kind.sizes.reverse();
    kind.strides.reverse();
    Some((place, kind))
}

/// Finds products with the same left operands.
struct Sharing<'a> {
    dependence: &'a [Dependence],
    summed: &'a HashSet<ValueId>,
    makers: Vec<Option<usize>>,
    /// For each root: the first node that uses it or a view of it.
    first_uses: Vec<usize>,
    /// Roots that have a place of their own.
    settled: HashSet<ValueId>,
    /// For each root: whether all uses take any strides.
    taken: Vec<bool>,
}

/// Products that can be one.
struct Group {
    /// From the node after which all that they need is there to the first that uses what they give.
    from: usize,
    to: usize,
    members: Vec<usize>,
}

impl Sharing<'_> {
    fn new<'a>(
        block: &Block,
        dependence: &'a [Dependence],
        summed: &'a HashSet<ValueId>,
    ) -> Sharing<'a> {
        Sharing {
            dependence,
            summed,
            makers: block.makers(),
            first_uses: first_uses(block),
            settled: block.settled(),
            taken: taken_by_strides(block),
        }
    }

    /// The products that are worth it.
    fn merged(&self, block: &mut Block) -> Vec<Merged> {
        let groups = self.groups(block);
        let merged: Vec<Merged> = groups
            .into_iter()
            .filter(|group| group.members.len() > 1)
            .map(|group| columns(block, group))
            .collect();
        let mut rows: HashMap<Vec<ValueId>, usize> = HashMap::new();
        for product in &merged {
            for (_, rights) in &product.terms {
                *rows.entry(rights.clone()).or_default() += product.sizes[0];
            }
        }
        let pays = |product: &Merged| {
            let mut rights = product.terms.iter().map(|(_, rights)| rights);
            rights.all(|rights| rows[rights] >= LEAST_ROWS || self.costs_nothing(block, rights))
        };
        let pays: Vec<bool> = merged.iter().map(pays).collect();
        let mut pays = pays.into_iter();
        merged
            .into_iter()
            .filter(|_| pays.next() == Some(true))
            .collect()
    }

    fn groups(&self, block: &Block) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        let mut open: HashMap<Vec<Seen>, usize> = HashMap::new();
        for (index, node) in block.nodes.iter().enumerate() {
            if !matches!(node.code, Code::Product) || !self.can_be_part(block, node.outputs[0]) {
                continue;
            }
            let operands = node
                .inputs
                .iter()
                .filter_map(|value| self.makers[value.index()]);
            let own = Group {
                from: operands.max().map_or(0, |last| last + 1),
                to: self.first_uses[node.outputs[0].index()],
                members: vec![index],
            };
            let lefts = node.inputs.iter().step_by(2);
            let lefts: Vec<Seen> = lefts.map(|left| seen(block, *left)).collect();
            match open.get(&lefts).map(|group| &mut groups[*group]) {
                Some(group) if group.from.max(own.from) <= group.to.min(own.to) => {
                    group.from = group.from.max(own.from);
                    group.to = group.to.min(own.to);
                    group.members.push(index);
                }
                Some(_) | None => {
                    open.insert(lefts, groups.len());
                    groups.push(own);
                }
            }
        }
        groups
    }

    /// Whether a product may be columns of a wider one.
    fn can_be_part(&self, block: &Block, result: ValueId) -> bool {
        block.kind(result).elements() > 0
            && block.sizes(result)[1] < NARROW
            && !self.summed.contains(&result)
            // A part of one row lies row by row.
            && (block.sizes(result)[0] == 1 || self.taken[result.index()])
    }

    /// Whether matrices lie side by side, or can be made so, or are joined ahead of a loop.
    fn costs_nothing(&self, block: &mut Block, matrices: &[ValueId]) -> bool {
        let same = |value: &ValueId| {
            let of = self.dependence.get(block.place(*value).root.index());
            of == Some(&Dependence::Nothing)
        };
        matrices.iter().all(same)
            || matrices
                .iter()
                .all(|matrix| self.can_be_placed(block, *matrix))
            || adjacent(block, matrices).is_some()
    }

    fn can_be_placed(&self, block: &Block, matrix: ValueId) -> bool {
        let root = block.place(matrix).root;
        let maker = self.makers[root.index()].map(|maker| &block.nodes[maker].code);
        maker.is_some_and(|code| matches!(code, Code::Fused(_) | Code::Product | Code::Join(_)))
            && matrix == root
            && !self.settled.contains(&root)
            && self.taken[root.index()]
    }
}

/// Merges products of slices of one root with the same right operand, where it pays as it would pay ahead
/// of a loop.
fn merge_slices(block: &mut Block, sums: bool) -> usize {
    if sums {
        let pairs = products(block, |_| true);
        let merged = slices(block, pairs).into_iter();
        let apart: HashSet<[ValueId; 2]> = merged
            .flat_map(|slices| slices.members.into_iter().map(|(_, pair)| pair))
            .collect();
        split_sums(block, |_, pair| apart.contains(pair));
    }
    let pairs = products(block, |terms| terms == 1);
    let merged = slices(block, pairs);
    let merged = merged.into_iter().map(|slices| slices.merged(block));
    let merged = merged.collect();
    merge(block, merged)
}

/// A term of a product: the product's node, and the operands.
type Term = (usize, [ValueId; 2]);

/// What the terms of slices of one root have in common: the right operand, the root, and the slices' type.
type SliceKey = (Seen, ValueId, Type);

/// Products of neighbouring slices.
struct Slices {
    /// In the order of the slices.
    members: Vec<Term>,
    /// Where all slices are, and what they are together.
    whole: (Place, Type),
    /// Whether the rows of the slices take turns; else each slice follows the one before.
    interleaved: bool,
}

/// The terms of products of so many terms, each with the product's node.
fn products(block: &Block, wanted: impl Fn(usize) -> bool) -> Vec<Term> {
    let nodes = block.nodes.iter().enumerate();
    let nodes = nodes
        .filter(|(_, node)| matches!(node.code, Code::Product) && wanted(node.inputs.len() / 2));
    let terms = nodes.flat_map(|(index, node)| {
        let terms = node.inputs.chunks_exact(2);
        terms.map(move |term| (index, [term[0], term[1]]))
    });
    terms.collect()
}

/// The products of slices that are worth it.
fn slices(block: &Block, pairs: Vec<Term>) -> Vec<Slices> {
    let mut order: Vec<SliceKey> = Vec::new();
    let mut groups: HashMap<SliceKey, Vec<Term>> = HashMap::new();
    for (index, [left, right]) in pairs {
        let is_slice = !block.is_root(left) && block.kind(left).elements() > 0;
        if is_slice && pays_ahead(block, left) {
            let root = block.place(left).root;
            let key = (seen(block, right), root, block.kind(left).clone());
            let group = groups.entry(key.clone()).or_insert_with(|| {
                order.push(key);
                Vec::new()
            });
            group.push((index, [left, right]));
        }
    }
    let groups = order.iter().filter_map(|key| groups.remove(key));
    let taken = taken_by_strides(block);
    groups
        .filter_map(|group| Slices::new(block, &taken, group))
        .collect()
}

impl Slices {
    fn new(block: &Block, taken: &[bool], mut group: Vec<Term>) -> Option<Slices> {
        let offset = |left: ValueId| block.place(left).offset;
        group.sort_by_key(|(_, [left, _])| offset(*left));
        let [(_, [first, right]), (_, [second, _]), ..] = *group else {
            return None;
        };
        let count = group.len();
        let step = offset(second) - offset(first);
        let steps = group
            .windows(2)
            .map(|pair| offset(pair[1].1[0]) - offset(pair[0].1[0]));
        let (place, kind) = (block.place(first), block.kind(first));
        let rows = kind.sizes[0];
        let row_step = if rows == 1 {
            step as isize
        } else {
            kind.strides[0]
        };
        let follows = step as isize == rows as isize * row_step;
        let interleaved = !follows && row_step == (count * step) as isize;
        let regular = step > 0 && steps.into_iter().all(|other| other == step);
        let whole = Type {
            dtype: kind.dtype,
            sizes: vec![rows * count, kind.sizes[1]],
            strides: vec![
                if interleaved { step as isize } else { row_step },
                kind.strides[1],
            ],
        };
        let columns = block.sizes(right)[1];
        let bytes = rows * count * columns * kind.dtype.width();
        let fits = regular && (follows || interleaved) && bytes <= MOST_BYTES;
        let results_fit = !interleaved
            || group.iter().all(|(index, _)| {
                let node = &block.nodes[*index];
                // A term that is taken out of a sum is only used by an addition.
                node.inputs.len() > 2 || taken[node.outputs[0].index()]
            });
        (fits && results_fit).then_some(Slices {
            members: group,
            whole: (place, whole),
            interleaved,
        })
    }

    /// The product of which the members' results are rows.
    fn merged(self, block: &mut Block) -> Merged {
        let (place, kind) = self.whole;
        let right = self.members[0].1[1];
        let (count, columns) = (self.members.len(), block.sizes(right)[1]);
        let rows = kind.sizes[0] / count;
        let members = self.members.iter().enumerate();
        let parts = members.map(|(number, (index, _))| {
            let result = block.nodes[*index].outputs[0];
            let window = if self.interleaved {
                Window {
                    offset: number * columns,
                    row_step: count,
                }
            } else {
                Window {
                    offset: number * rows * columns,
                    row_step: 1,
                }
            };
            (result, window)
        });
        let parts = parts.collect();
        let first = self.members.iter().map(|(index, _)| *index).min();
        Merged {
            at: first.unwrap_or(0),
            sizes: [kind.sizes[0], columns],
            terms: vec![(block.view(place, kind), vec![right])],
            parts,
        }
    }
}

/// The product of which the members' results are columns.
fn columns(block: &Block, group: Group) -> Merged {
    let mut members = group.members.clone();
    let rights = |member: &usize| -> Vec<ValueId> {
        let inputs = &block.nodes[*member].inputs;
        inputs.iter().skip(1).step_by(2).copied().collect()
    };
    // In one order, so that the same operands are joined once.
    members.sort_by_key(|member| {
        let places = rights(member).into_iter().map(|right| block.place(right));
        places
            .map(|place| (place.root, place.offset))
            .collect::<Vec<_>>()
    });
    let first = &block.nodes[members[0]];
    let lefts = first.inputs.iter().step_by(2).enumerate();
    let terms = lefts.map(|(term, left)| {
        let rights = members.iter().map(|member| rights(member)[term]);
        (*left, rights.collect())
    });
    let mut columns = 0;
    let mut parts = Vec::new();
    for member in &members {
        let result = block.nodes[*member].outputs[0];
        let offset = columns;
        parts.push((
            result,
            Window {
                offset,
                row_step: 1,
            },
        ));
        columns += block.sizes(result)[1];
    }
    Merged {
        at: group.from.max(group.members[0]),
        terms: terms.collect(),
        sizes: [block.sizes(first.outputs[0])[0], columns],
        parts,
    }
}

/// For each root: the first node that uses it or a view of it.
fn first_uses(block: &Block) -> Vec<usize> {
    let mut first = vec![usize::MAX; block.value_count()];
    for (index, node) in block.nodes.iter().enumerate() {
        for value in &node.inputs {
            let root = block.place(*value).root;
            first[root.index()] = first[root.index()].min(index);
        }
    }
    first
}
