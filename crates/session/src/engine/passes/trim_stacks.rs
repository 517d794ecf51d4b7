//! Of a stack of which only the last row is read, only that row is kept.

use std::collections::HashMap;
use std::sync::Arc;

use aqueduct_graph::ir::{Data, NodeId};
use aqueduct_graph::{DType, Value};

use crate::engine::ir::{Block, Code, Place, Type, ValueId};
use crate::engine::scans::Loop;

/// Keeps last rows in place of stacks, in bodies too; gives how many stacks are not needed.
///
/// The last row is the last value of a state: of one whose next value it is, or of one more. In a loop
/// with a limit it is not known which row is the last.
pub(crate) fn run(block: &mut Block) -> usize {
    let reads = Reads::of(block);
    let mut last_rows = HashMap::new();
    let nodes = std::mem::take(&mut block.nodes);
    let mut done = 0;
    for mut node in nodes {
        let origin = node.origin;
        if let Some(mut changed) = Loop::of(&mut node) {
            done += run(&mut changed.scan.body);
            let rows = trim(block, &mut changed, &reads, origin);
            done += rows.len();
            last_rows.extend(rows);
        }
        block.nodes.push(node);
    }
    replace_rows(block, &last_rows);
    done
}

/// The last row of a stack: the element where it begins, and the value that has it alone.
struct LastRow {
    start: usize,
    row: ValueId,
}

fn trim(
    around: &mut Block,
    changed: &mut Loop<'_>,
    reads: &Reads,
    origin: NodeId,
) -> Vec<(ValueId, LastRow)> {
    let scan = &*changed.scan;
    if scan.limited || scan.steps == 0 {
        return Vec::new();
    }
    let last = if scan.reverse { 0 } else { scan.steps - 1 };
    let stacks = changed.outputs.iter().zip(&scan.body.results);
    let trimmed: Vec<(ValueId, ValueId, usize)> = stacks
        .skip(scan.states)
        .filter_map(|(stack, value)| {
            let elements = scan.body.kind(*value).elements();
            let start = last * elements;
            let only = reads.only_within(*stack, start, start + elements);
            (scan.steps > 1 && only).then_some((*stack, *value, start))
        })
        .collect();
    let mut rows = Vec::new();
    for (stack, value, start) in trimmed {
        let states = &changed.scan.body.results[..changed.scan.states];
        let row = match states.iter().position(|next| *next == value) {
            Some(state) => Some(changed.outputs[state]),
            None => zeros(around, changed.scan.body.kind(value), origin)
                .map(|initial| changed.add_state(around, initial, value)),
        };
        rows.extend(row.map(|row| (stack, LastRow { start, row })));
    }
    rows
}

/// What is read of each root: from which element to which.
struct Reads(HashMap<ValueId, (usize, usize)>);

impl Reads {
    fn of(block: &Block) -> Reads {
        let mut reads = HashMap::new();
        let operands = block.nodes.iter().flat_map(|node| &node.inputs);
        for value in operands.chain(&block.results) {
            let (root, first, after) = extent(block, *value);
            let read = reads.entry(root).or_insert((first, after));
            *read = (read.0.min(first), read.1.max(after));
        }
        Reads(reads)
    }

    /// Whether a root is read, and nothing of it before or after these elements.
    fn only_within(&self, root: ValueId, first: usize, after: usize) -> bool {
        let read = self.0.get(&root);
        read.is_some_and(|read| first <= read.0 && read.1 <= after)
    }
}

/// The elements of its root between which a value lies.
fn extent(block: &Block, value: ValueId) -> (ValueId, usize, usize) {
    let Place { root, offset } = block.place(value);
    let kind = block.kind(value);
    let (mut first, mut last) = (offset, offset);
    for (size, stride) in kind.sizes.iter().zip(&kind.strides) {
        let far = stride.unsigned_abs() * size.saturating_sub(1);
        if *stride < 0 {
            first = first.saturating_sub(far);
        } else {
            last += far;
        }
    }
    (root, first, last + 1)
}

/// Lets everything that reads a stack's last row read the row itself.
fn replace_rows(block: &mut Block, rows: &HashMap<ValueId, LastRow>) {
    let operands = block.nodes.iter().flat_map(|node| &node.inputs);
    let seen: Vec<ValueId> = operands.chain(&block.results).copied().collect();
    let mut replacement = HashMap::new();
    for value in seen {
        let Place { root, offset } = block.place(value);
        if let Some(LastRow { start, row }) = rows.get(&root) {
            let place = Place {
                root: *row,
                offset: offset - start,
            };
            let kind = block.kind(value).clone();
            replacement.insert(value, block.view(place, kind));
        }
    }
    block.replace(&replacement);
}

/// Zeros of this shape, that no step reads.
fn zeros(block: &mut Block, kind: &Type, origin: NodeId) -> Option<ValueId> {
    let zero = match kind.dtype {
        DType::F32 => Data::F32(vec![0.0]),
        DType::F64 => Data::F64(vec![0.0]),
        DType::I32 => Data::I32(vec![0]),
        DType::I64 => Data::I64(vec![0]),
        DType::U8 => Data::U8(vec![0]),
        DType::Bool => Data::Bool(vec![false]),
    };
    let code = Code::Constant(Arc::new(Value::new(Vec::new(), zero)?));
    let zero = block.push_one(code, Vec::new(), Type::contiguous(kind.dtype, &[]), origin);
    let zeros = block.repeated(zero, &kind.sizes);
    Some(block.whole(zeros, origin))
}
