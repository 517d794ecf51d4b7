//! What depends on elements of sequences alone is computed for all steps at once, before the loop.

use std::collections::{BTreeSet, HashMap, HashSet};

use aqueduct_graph::ir::Binary;

use crate::engine::ir::{Block, Code, Node, Type, ValueId};
use crate::engine::lift::Lifted;
use crate::engine::scans::{Dependence, Loop, pays_ahead};
use crate::kernels::fused::{Expression, Primitive};

/// The most bytes of all rows of one value that is computed ahead.
const MOST_BYTES: usize = 256 << 20;

/// Hoists out of loops, inner loops first; gives how many nodes were moved.
///
/// Products pay: all their rows are those of one matrix. Element-wise nodes, which cost nothing in a
/// loop that does such work anyway, only move if all that uses them does. With `sums`, terms of sums of
/// products are taken out too, which changes the order of the sum.
pub(crate) fn run(block: &mut Block, sums: bool) -> usize {
    let mut done = 0;
    let nodes = std::mem::take(&mut block.nodes);
    for mut node in nodes {
        if let Some(changed) = Loop::of(&mut node) {
            done += run(&mut changed.scan.body, sums);
            if changed.scan.steps > 1 {
                if sums {
                    let dependence = changed.scan.dependence();
                    split_sums(&mut changed.scan.body, |body, pair| {
                        is_ahead(body, &dependence, pair)
                    });
                }
                done += hoist(block, changed);
            }
        }
        block.nodes.push(node);
    }
    done
}

/// Makes products of their own of the terms that are computed elsewhere than the others.
pub(super) fn split_sums(body: &mut Block, is_apart: impl Fn(&Block, &[ValueId; 2]) -> bool) {
    let nodes = std::mem::take(&mut body.nodes);
    for mut node in nodes {
        if matches!(node.code, Code::Product) {
            let (apart, rest): (Vec<[ValueId; 2]>, Vec<[ValueId; 2]>) = node
                .inputs
                .chunks_exact(2)
                .map(|pair| [pair[0], pair[1]])
                .partition(|pair| is_apart(body, pair));
            if !apart.is_empty() && !rest.is_empty() {
                let sum = node.outputs[0];
                let kind = body.kind(sum).clone();
                let product = |body: &mut Block, terms: Vec<[ValueId; 2]>| {
                    body.push_one(Code::Product, terms.concat(), kind.clone(), node.origin)
                };
                let parts = [product(body, apart), product(body, rest)];
                let add = Primitive::Binary(Binary::Add);
                node.code = Code::Fused(Expression::of(add, &[kind.dtype; 2], kind.dtype));
                node.inputs = parts.to_vec();
            }
        }
        body.nodes.push(node);
    }
}

/// Whether a product's rows are those of elements of sequences, times what is the same in all steps,
/// and it pays to compute them ahead.
fn is_ahead(body: &Block, dependence: &[Dependence], pair: &[ValueId]) -> bool {
    let of = |value: ValueId| dependence.get(body.place(value).root.index()).copied();
    of(pair[0]) == Some(Dependence::Element)
        && of(pair[1]) == Some(Dependence::Nothing)
        && pays_ahead(body, pair[0])
}

fn hoist(around: &mut Block, mut changed: Loop<'_>) -> usize {
    let moving = moving(&changed);
    if moving.is_empty() {
        return 0;
    }
    let mut lifted = Lifted::given(changed.scan, changed.inputs);
    let mut moved: BTreeSet<ValueId> = BTreeSet::new();
    let steps = changed.scan.steps;
    let body = &changed.scan.body;
    let taken = taken_by_strides(body);
    for index in moving {
        let node = &body.nodes[index];
        let made = match &node.code {
            Code::Product => product(around, body, &mut lifted, &taken, node),
            Code::Fused(expression) => fused(around, body, &mut lifted, node, expression, steps),
            Code::Constant(_)
            | Code::Products
            | Code::Join(_)
            | Code::Kernel(_)
            | Code::Reduced(_)
            | Code::Draw(..)
            | Code::Write { .. }
            | Code::Scan(_)
            | Code::Opaque(_) => None,
        };
        for (inner, outer) in node.outputs.iter().zip(made.into_iter().flatten()) {
            lifted.insert_all(*inner, outer);
            moved.insert(*inner);
        }
    }
    let done = changed.remove_makers(&moved);
    let used = changed.scan.body.root_uses();
    let mut replacement = HashMap::new();
    for inner in moved.into_iter().filter(|inner| used[inner.index()] > 0) {
        if let Some(outer) = lifted.all(&changed.scan.body, around, inner) {
            replacement.insert(inner, changed.add_sequence(around, outer));
        }
    }
    changed.scan.body.replace(&replacement);
    done
}

/// The nodes that are computed ahead, in order.
fn moving(changed: &Loop<'_>) -> Vec<usize> {
    let search = Moving::new(changed);
    let nodes = &search.body.nodes;
    let mut moving: Vec<bool> = nodes
        .iter()
        .map(|node| can_move(changed, &search.dependence, node))
        .collect();
    // A node stays if something stays that it needs, and an element-wise one if its user does.
    let mut waiting: Vec<usize> = (0..nodes.len()).collect();
    while let Some(index) = waiting.pop() {
        if moving[index] && !search.all_there(&moving, index) {
            moving[index] = false;
            waiting.extend(search.neighbours(index));
        }
    }
    (0..moving.len()).filter(|index| moving[*index]).collect()
}

/// What is known of a body of which nodes may be computed ahead.
struct Moving<'a> {
    body: &'a Block,
    dependence: Vec<Dependence>,
    makers: Vec<Option<usize>>,
    /// For each root: the nodes that use it or a view of it.
    users: Vec<Vec<usize>>,
    /// The roots that the body gives, or views of them.
    given: HashSet<ValueId>,
}

impl Moving<'_> {
    fn new<'a>(changed: &'a Loop<'_>) -> Moving<'a> {
        let body = &changed.scan.body;
        let given = body.results.iter();
        Moving {
            body,
            dependence: changed.scan.dependence(),
            makers: body.makers(),
            users: body.users(),
            given: given.map(|value| body.place(*value).root).collect(),
        }
    }

    /// The nodes that may have to stay if this one does.
    fn neighbours(&self, index: usize) -> impl Iterator<Item = usize> {
        let node = &self.body.nodes[index];
        let operands = node.inputs.iter();
        let makers = operands.filter_map(|value| self.makers[value.index()]);
        makers.chain(self.users(node))
    }

    fn users(&self, node: &Node) -> impl Iterator<Item = usize> {
        let outputs = node.outputs.iter();
        outputs.flat_map(|output| self.users[output.index()].iter().copied())
    }

    fn all_there(&self, moving: &[bool], index: usize) -> bool {
        let node = &self.body.nodes[index];
        let is_there = |value: &ValueId| match self.makers[value.index()] {
            None => true,
            Some(maker) => {
                let root = self.body.place(*value).root;
                let same = self.dependence[root.index()] == Dependence::Nothing;
                let is_constant = matches!(self.body.nodes[maker].code, Code::Constant(_));
                if same { is_constant } else { moving[maker] }
            }
        };
        node.inputs.iter().all(is_there)
            && (matches!(node.code, Code::Product) || self.only_moving_use(moving, node))
    }

    /// Whether all uses of a node's results are by nodes that move.
    fn only_moving_use(&self, moving: &[bool], node: &Node) -> bool {
        let given = node
            .outputs
            .iter()
            .any(|output| self.given.contains(output));
        !given && self.users(node).all(|user| moving[user])
    }
}

/// Whether the code of a node has a counterpart for all steps at once.
fn can_move(changed: &Loop<'_>, dependence: &[Dependence], node: &Node) -> bool {
    let body = &changed.scan.body;
    let known = match &node.code {
        Code::Product => node
            .inputs
            .chunks_exact(2)
            .all(|pair| is_ahead(body, dependence, pair)),
        Code::Fused(_) => true,
        Code::Constant(_)
        | Code::Products
        | Code::Join(_)
        | Code::Kernel(_)
        | Code::Reduced(_)
        | Code::Draw(..)
        | Code::Write { .. }
        | Code::Scan(_)
        | Code::Opaque(_) => false,
    };
    known
        && node.outputs.iter().all(|output| {
            dependence[output.index()] == Dependence::Element
                && body.kind(*output).elements() > 0
                && changed.scan.stacked_type(*output).bytes() <= MOST_BYTES
        })
}

/// The products of all steps.
fn product(
    around: &mut Block,
    body: &Block,
    lifted: &mut Lifted,
    taken: &[bool],
    node: &Node,
) -> Option<Vec<ValueId>> {
    let mut lefts = Vec::new();
    let mut rights = Vec::new();
    for pair in node.inputs.chunks_exact(2) {
        lefts.push(lifted.all(body, around, pair[0])?);
        rights.push(lifted.same(body, around, pair[1])?);
    }
    let order = if taken[node.outputs[0].index()] {
        Order::of(around, &lefts)
    } else {
        Order::Steps
    };
    let mut inputs = Vec::new();
    for (left, right) in lefts.into_iter().zip(rights) {
        let left = order.apply(around, left);
        inputs.extend([around.rows_of_all(left, node.origin), right]);
    }
    let columns = body.sizes(node.outputs[0])[1];
    let rows = around.sizes(inputs[0])[0];
    let sizes = [rows, columns];
    let kind = Type::contiguous(body.dtype(node.outputs[0]), &sizes);
    let matrix = around.push_one(Code::Product, inputs, kind, node.origin);
    let left = lifted.all(body, around, node.inputs[0])?;
    let left = order.apply(around, left);
    let sizes = [around.sizes(left)[0], around.sizes(left)[1], columns];
    let all = around.reshaped(matrix, &sizes)?;
    Some(vec![order.apply(around, all)])
}

/// For each root: whether all uses see it whole and take any strides.
pub(super) fn taken_by_strides(body: &Block) -> Vec<bool> {
    let mut taken = vec![true; body.value_count()];
    for node in &body.nodes {
        let takes = match &node.code {
            Code::Fused(_) | Code::Product | Code::Products | Code::Join(_) => true,
            Code::Constant(_)
            | Code::Kernel(_)
            | Code::Reduced(_)
            | Code::Draw(..)
            | Code::Write { .. }
            | Code::Scan(_)
            | Code::Opaque(_) => false,
        };
        for value in &node.inputs {
            let root = body.place(*value).root;
            taken[root.index()] &= takes && *value == root;
        }
    }
    for result in &body.results {
        taken[body.place(*result).root.index()] = false;
    }
    taken
}

/// In which order all rows are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// Step by step.
    Steps,
    /// All steps of the first row, then of the second, as they lie in memory.
    Rows,
}

impl Order {
    /// The order in which the rows need not be copied.
    fn of(around: &mut Block, stacks: &[ValueId]) -> Order {
        let fits = |around: &mut Block, stack: ValueId| {
            let sizes = around.sizes(stack);
            let sizes = [sizes[0] * sizes[1], sizes[2]];
            around.reshaped(stack, &sizes).is_some()
        };
        let in_rows = |around: &mut Block, stack: ValueId| {
            let turned = around.transposed(stack, &[1, 0, 2]);
            !fits(around, stack) && fits(around, turned)
        };
        if stacks.iter().all(|stack| in_rows(around, *stack)) {
            Order::Rows
        } else {
            Order::Steps
        }
    }

    /// A stack in this order, or back in the order of steps.
    fn apply(self, around: &mut Block, stack: ValueId) -> ValueId {
        match self {
            Order::Steps => stack,
            Order::Rows => around.transposed(stack, &[1, 0, 2]),
        }
    }
}

/// The results of an element-wise node in all steps.
fn fused(
    around: &mut Block,
    body: &Block,
    lifted: &mut Lifted,
    node: &Node,
    expression: &Expression,
    steps: usize,
) -> Option<Vec<ValueId>> {
    let rank = body.sizes(node.outputs[0]).len();
    let mut inputs = Vec::new();
    for value in &node.inputs {
        let input = match lifted.all(body, around, *value) {
            Some(all) => with_rank(around, all, rank + 1),
            // It is repeated for each step by broadcasting.
            None => lifted.same(body, around, *value)?,
        };
        inputs.push(input);
    }
    let kinds: Vec<Type> = node
        .outputs
        .iter()
        .map(|output| {
            let kind = body.kind(*output);
            let sizes = [&[steps], &*kind.sizes].concat();
            Type::contiguous(kind.dtype, &sizes)
        })
        .collect();
    let code = Code::Fused(expression.clone());
    Some(around.push(code, inputs, kinds, node.origin))
}

/// All rows of a value, with axes of one position between that of steps and the others, so that it
/// broadcasts as each element does.
fn with_rank(around: &mut Block, all: ValueId, rank: usize) -> ValueId {
    let kind = around.kind(all);
    let added = rank.saturating_sub(kind.sizes.len());
    let mut seen = kind.clone();
    seen.sizes.splice(1..1, std::iter::repeat_n(1, added));
    seen.strides.splice(1..1, std::iter::repeat_n(0, added));
    let place = around.place(all);
    around.view(place, seen)
}
