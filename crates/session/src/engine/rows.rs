//! Rows: whether a loop's body treats the rows of its states independently of each other.
//!
//! Such a loop can be cut into shards of rows, each of which runs all its steps on a thread of its own
//! without ever waiting for another. Every kernel gives a row the same bits whichever rows are beside
//! it, so the cut shows nowhere.

use crate::engine::ir::{Block, Code, Node, Scan, Source, ValueId};

/// What a value of a body has to do with rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    let state = *body.results[..scan.states].first()?;
    let count = *body.sizes(state).first()?;
    let mut shares = vec![None; body.value_count()];
    for (value, source) in &body.sources {
        let Source::Parameter(index) = source else {
            return None;
        };
        let has_rows = body.sizes(*value).first() == Some(&count);
        let share = if *index < scan.states + scan.sequences {
            if has_rows { Share::Rows } else { Share::Whole }
        } else {
            share_of_capture(body, *value, count)?
        };
        if *index < scan.states && share == Share::Whole {
            return None;
        }
        shares[value.index()] = Some(share);
    }
    for node in &body.nodes {
        let share = share_of_node(body, node, count, &shares)?;
        for output in &node.outputs {
            shares[output.index()] = Some(share);
        }
    }
    for index in 0..body.value_count() {
        let value = ValueId::from_index(index);
        let root = body.place(value).root;
        if root != value && shares[root.index()] == Some(Share::Rows) {
            shares[index] = if keeps_rows(body, value, count) {
                Some(Share::Rows)
            } else {
                None
            };
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

/// What a captured tensor is, by what the body does with it; `None` if it is both.
fn share_of_capture(body: &Block, value: ValueId, count: usize) -> Option<Share> {
    let mut share = None;
    for node in &body.nodes {
        for (slot, operand) in node.inputs.iter().enumerate() {
            if body.place(*operand).root != value {
                continue;
            }
            let rows = match &node.code {
                Code::Fused(_) => {
                    let domain = body.sizes(node.outputs[0]);
                    let sizes = body.sizes(*operand);
                    sizes.len() == domain.len() && sizes.first() == Some(&count)
                }
                Code::Product => slot % 2 == 0 && body.sizes(*operand).first() == Some(&count),
                Code::Join(_) => body.sizes(*operand).first() == Some(&count),
                Code::Constant(_)
                | Code::Kernel(_)
                | Code::Draw(..)
                | Code::Write { .. }
                | Code::Scan(_)
                | Code::Opaque(_) => false,
            };
            let here = if rows { Share::Rows } else { Share::Whole };
            if *share.get_or_insert(here) != here {
                return None;
            }
        }
    }
    Some(share.unwrap_or(Share::Whole))
}

fn share_of_node(
    body: &Block,
    node: &Node,
    count: usize,
    shares: &[Option<Share>],
) -> Option<Share> {
    let share = |value: ValueId| shares[body.place(value).root.index()];
    let any_rows = node
        .inputs
        .iter()
        .any(|value| share(*value) == Some(Share::Rows));
    if !any_rows {
        let repeatable = !node.code.is_pinned() && !matches!(node.code, Code::Scan(_));
        return repeatable.then_some(Share::Whole);
    }
    let has_rows =
        |value: ValueId| share(value) == Some(Share::Rows) && keeps_rows(body, value, count);
    let fits = match &node.code {
        Code::Fused(_) => {
            let domain = body.sizes(node.outputs[0]);
            domain.first() == Some(&count)
                && node.inputs.iter().all(|value| {
                    let sizes = body.sizes(*value);
                    let along_rows = sizes.len() == domain.len() && sizes[0] != 1;
                    if along_rows {
                        has_rows(*value)
                    } else {
                        share(*value) == Some(Share::Whole)
                    }
                })
        }
        Code::Product => node
            .inputs
            .chunks_exact(2)
            .all(|term| has_rows(term[0]) && share(term[1]) == Some(Share::Whole)),
        Code::Join(pieces) => {
            let step = body.kind(node.outputs[0]).strides[0];
            body.sizes(node.outputs[0]).first() == Some(&count)
                && node.inputs.iter().zip(pieces).all(|(value, piece)| {
                    has_rows(*value)
                        && piece.strides.first() == Some(&step)
                        && (piece.offset as isize) < step
                })
        }
        Code::Constant(_)
        | Code::Kernel(_)
        | Code::Draw(..)
        | Code::Write { .. }
        | Code::Scan(_)
        | Code::Opaque(_) => false,
    };
    fits.then_some(Share::Rows)
}

/// Whether axis 0 of a value are the rows of its root.
fn keeps_rows(body: &Block, value: ValueId, count: usize) -> bool {
    let place = body.place(value);
    let (kind, root) = (body.kind(value), body.kind(place.root));
    let (Some(size), Some(stride)) = (kind.sizes.first(), kind.strides.first()) else {
        return false;
    };
    let step = root.strides.first().copied().unwrap_or(0);
    *size == count && (*stride == step || count == 1) && (place.offset as isize) < step.max(1)
}
