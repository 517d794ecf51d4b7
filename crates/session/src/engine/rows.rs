//! Rows: whether work treats the rows of its values independently of each other.
//!
//! A loop of which the body does can be cut into shards of rows, each of which runs all its steps on a
//! thread of its own without ever waiting for another. So can straight-line work
//! ([`split_rows`](super::passes::split_rows)). Every kernel gives a row the same bits whichever rows
//! are beside it, so the cut shows nowhere.

use std::collections::HashMap;

use crate::engine::ir::{Block, Code, Node, Piece, Scan, Source, ValueId};

/// What a value has to do with rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Share {
    /// Axis 0 are the rows, and a row depends on the same rows of the operands alone.
    Rows,
    /// The same for all rows.
    Whole,
}

/// A body whose rows are independent.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub(crate) count: usize,
    /// By value.
    shares: Vec<Share>,
}

impl Rows {
    pub(crate) fn share(&self, value: ValueId) -> Share {
        self.shares[value.index()]
    }

    /// The body for so many of the rows.
    pub(crate) fn body_of(&self, body: &Block, rows: usize) -> Block {
        let mut part = body.clone();
        for (index, share) in self.shares.iter().enumerate() {
            if *share == Share::Rows {
                part.set_rows(ValueId::from_index(index), rows);
            }
        }
        part
    }
}

/// The rows of a loop; `None` if they depend on each other, or if that cannot be told.
pub(crate) fn of_scan(scan: &Scan) -> Option<Rows> {
    let body = &scan.body;
    let count = *body.sizes(*body.results.first()?).first()?;
    let of_captures = shares_as_operands(body, count);
    let mut shares = vec![None; body.value_count()];
    for (value, source) in &body.sources {
        let Source::Parameter(index) = source else {
            return None;
        };
        let has_rows = body.sizes(*value).first() == Some(&count);
        let share = if *index < scan.states + scan.sequences {
            wanted(has_rows)
        } else {
            // What no node uses is no row of anything.
            of_captures
                .get(value)
                .copied()
                .unwrap_or(Some(Share::Whole))?
        };
        if *index < scan.states && share == Share::Whole {
            return None;
        }
        shares[value.index()] = Some(share);
    }
    for node in &body.nodes {
        let share = |_, value: ValueId| {
            let share = shares[body.place(value).root.index()]?;
            let kept = share == Share::Whole || keeps_rows(body, value, count);
            kept.then_some(share)
        };
        let share = share_of_node(body, node, count, share)?;
        for output in &node.outputs {
            shares[output.index()] = Some(share);
        }
    }
    for index in 0..body.value_count() {
        let value = ValueId::from_index(index);
        let root = body.place(value).root;
        if root != value && shares[root.index()] == Some(Share::Rows) {
            shares[index] = keeps_rows(body, value, count).then_some(Share::Rows);
        } else if root != value {
            shares[index] = shares[root.index()];
        }
    }
    // Every shard writes its rows of what the loop gives, and nothing else.
    let given = body.results.iter();
    let all_rows = given
        .clone()
        .all(|value| shares[value.index()] == Some(Share::Rows));
    all_rows.then(|| Rows {
        count,
        // A view that keeps no rows is used by nobody: its users would have been refused.
        shares: shares
            .into_iter()
            .map(|share| share.unwrap_or(Share::Whole))
            .collect(),
    })
}

/// What roots are, by what the body does with them; `None` for one that is both.
fn shares_as_operands(body: &Block, count: usize) -> HashMap<ValueId, Option<Share>> {
    let mut shares = HashMap::new();
    for node in &body.nodes {
        for (slot, operand) in node.inputs.iter().enumerate() {
            let here = share_as_operand(body, node, slot, count);
            let root = body.place(*operand).root;
            let share = shares.entry(root).or_insert(Some(here));
            *share = share.filter(|share| *share == here);
        }
    }
    shares
}

/// What a node takes an operand for that has as many elements along axis 0 as there are rows.
pub(crate) fn share_as_operand(block: &Block, node: &Node, slot: usize, count: usize) -> Share {
    let sizes = block.sizes(node.inputs[slot]);
    let has_count = sizes.first() == Some(&count);
    let rows = match &node.code {
        Code::Fused(_) => has_count && sizes.len() == block.sizes(node.outputs[0]).len(),
        Code::Product => has_count && slot.is_multiple_of(2),
        Code::Join(_) => has_count,
        Code::Constant(_)
        | Code::Products
        | Code::Kernel(_)
        | Code::Reduced(_)
        | Code::Draw(..)
        | Code::Write { .. }
        | Code::Scan(_)
        | Code::Opaque(_) => false,
    };
    wanted(rows)
}

/// What a node gives, by what it is given; `None` if its rows depend on other rows, or if that cannot
/// be told. `share` tells what an operand is, by its place and value; `None` if it is rows in disorder.
pub(crate) fn share_of_node(
    block: &Block,
    node: &Node,
    count: usize,
    share: impl Fn(usize, ValueId) -> Option<Share>,
) -> Option<Share> {
    let is = |wanted, (slot, value)| share(slot, value) == Some(wanted);
    let mut operands = node.inputs.iter().copied().enumerate();
    if operands.clone().all(|operand| is(Share::Whole, operand)) {
        let repeatable = !node.code.is_pinned() && !matches!(node.code, Code::Scan(_));
        return repeatable.then_some(Share::Whole);
    }
    let result = block.kind(*node.outputs.first()?);
    let has_all = result.sizes.first() == Some(&count);
    let fits = match &node.code {
        Code::Fused(_) => {
            let along_rows = |value| {
                let sizes = block.sizes(value);
                sizes.len() == result.sizes.len() && sizes[0] != 1
            };
            has_all && operands.all(|operand| is(wanted(along_rows(operand.1)), operand))
        }
        Code::Product => operands.all(|operand| is(wanted(operand.0.is_multiple_of(2)), operand)),
        Code::Join(pieces) => {
            let step = result.strides[0];
            let in_row = |piece: &Piece| {
                piece.strides.first() == Some(&step) && (piece.offset as isize) < step
            };
            has_all && operands.all(|operand| is(Share::Rows, operand)) && pieces.iter().all(in_row)
        }
        Code::Constant(_)
        | Code::Products
        | Code::Kernel(_)
        | Code::Reduced(_)
        | Code::Draw(..)
        | Code::Write { .. }
        | Code::Scan(_)
        | Code::Opaque(_) => false,
    };
    fits.then_some(Share::Rows)
}

fn wanted(rows: bool) -> Share {
    if rows { Share::Rows } else { Share::Whole }
}

/// Whether axis 0 of a value are the rows of its root.
pub(crate) fn keeps_rows(body: &Block, value: ValueId, count: usize) -> bool {
    let place = body.place(value);
    let (kind, root) = (body.kind(value), body.kind(place.root));
    let (Some(size), Some(stride)) = (kind.sizes.first(), kind.strides.first()) else {
        return false;
    };
    let step = root.strides.first().copied().unwrap_or(0);
    *size == count && (*stride == step || count == 1) && (place.offset as isize) < step.max(1)
}
