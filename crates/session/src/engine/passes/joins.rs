//! Joins of what lies side by side already.

use std::collections::HashMap;

use aqueduct_graph::DType;

use crate::engine::ir::{Block, Code, Node, Piece, Place, Type, ValueId};

/// What a join puts where: elements of a root at places of the result.
#[derive(Clone, Debug, PartialEq)]
struct Slab {
    from: Place,
    to: usize,
    /// Only those of more than one position.
    axes: Vec<Axis>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Axis {
    size: usize,
    /// The strides in the root and in the result.
    from: isize,
    to: isize,
}

/// Makes one piece of those that lie side by side in one root and in the result; gives how many pieces
/// fewer there are. Elements that are repeated lie side by side too.
pub(super) fn merge_pieces(block: &mut Block, node: &mut Node) -> usize {
    let Code::Join(pieces) = &node.code else {
        return 0;
    };
    let mut slabs: Vec<Slab> = Vec::new();
    for (value, piece) in node.inputs.iter().zip(pieces) {
        let slab = Slab::new(block, *value, piece);
        match slabs.last_mut() {
            Some(before) => match before.with(&slab) {
                Some(both) => *before = both,
                None => slabs.push(slab),
            },
            None => slabs.push(slab),
        }
    }
    let fewer = pieces.len() - slabs.len();
    if fewer > 0 {
        let dtype = block.dtype(node.outputs[0]);
        node.inputs = slabs.iter().map(|slab| slab.view(block, dtype)).collect();
        node.code = Code::Join(slabs.iter().map(Slab::piece).collect());
    }
    fewer
}

/// The value of which a join has all elements, in the result's order.
pub(super) fn whole_piece(block: &mut Block, pieces: &[Piece], node: &Node) -> Option<ValueId> {
    let ([value], [piece]) = (&*node.inputs, pieces) else {
        return None;
    };
    let kind = block.kind(node.outputs[0]).clone();
    let slab = Slab::new(block, *value, piece);
    let mut strides = Vec::with_capacity(kind.sizes.len());
    for (size, stride) in kind.sizes.iter().zip(&kind.strides) {
        strides.push(if *size == 1 {
            0
        } else {
            let mut axes = slab.axes.iter();
            axes.find(|axis| axis.to == *stride && axis.size == *size)?
                .from
        });
    }
    Some(block.view(slab.from, Type { strides, ..kind }))
}

/// Puts the pieces of a join that only another one uses into that one, at their places in it; in bodies
/// too.
pub(super) fn flatten(block: &mut Block) {
    let uses = block.root_uses();
    let mut inner: HashMap<ValueId, Node> = HashMap::new();
    for mut node in std::mem::take(&mut block.nodes) {
        match &mut node.code {
            Code::Scan(scan) => flatten(&mut scan.body),
            Code::Join(pieces) => {
                let parts = node.inputs.iter().zip(pieces.iter());
                let parts = parts.flat_map(|(value, piece)| {
                    let known = inner.get(value);
                    let own = known.and_then(|join| within(block, join, *value, piece));
                    own.unwrap_or_else(|| vec![(*value, piece.clone())])
                });
                (node.inputs, *pieces) = parts.unzip();
                if uses[node.outputs[0].index()] == 1 {
                    inner.insert(node.outputs[0], node.clone());
                }
            }
            Code::Constant(_)
            | Code::Fused(_)
            | Code::Product
            | Code::Products
            | Code::Kernel(_)
            | Code::Reduced(_)
            | Code::Draw(..)
            | Code::Write { .. }
            | Code::Opaque(_) => {}
        }
        block.nodes.push(node);
    }
    super::dead::remove(block);
}

/// The pieces of a matrix that is joined, as pieces of what it is a piece of.
fn within(
    block: &Block,
    join: &Node,
    whole: ValueId,
    piece: &Piece,
) -> Option<Vec<(ValueId, Piece)>> {
    let (Code::Join(pieces), [_, columns]) = (&join.code, block.sizes(whole)) else {
        return None;
    };
    let columns = *columns as isize;
    let [row_step, column_step] = *piece.strides else {
        return None;
    };
    // A walk along rows and columns at once, or over the end of a row, is none in the other matrix.
    let walk = |stride: isize| {
        let along_rows = stride % columns == 0;
        (along_rows || stride == 1).then_some(if along_rows {
            stride / columns * row_step
        } else {
            column_step
        })
    };
    let parts = join.inputs.iter().zip(pieces).map(|(value, inner)| {
        let strides = inner.strides.iter().map(|stride| walk(*stride));
        let offset = inner.offset as isize;
        let start = offset / columns * row_step + offset % columns * column_step;
        let part = Piece {
            offset: piece.offset.checked_add_signed(start)?,
            strides: strides.collect::<Option<Vec<isize>>>()?,
        };
        let is_matrix = matches!(block.sizes(*value), [_, width] if *width as isize <= columns);
        is_matrix.then_some((*value, part))
    });
    parts.collect()
}

impl Slab {
    fn new(block: &Block, value: ValueId, piece: &Piece) -> Slab {
        let kind = block.kind(value);
        let axes = kind.sizes.iter().zip(&kind.strides).zip(&piece.strides);
        let axes = axes.map(|((size, from), to)| Axis {
            size: *size,
            from: *from,
            to: *to,
        });
        let mut axes: Vec<Axis> = axes.filter(|axis| axis.size != 1).collect();
        axes.sort_by_key(|axis| std::cmp::Reverse(axis.to));
        Slab {
            from: block.place(value),
            to: piece.offset,
            axes,
        }
    }

    /// Both slabs as one.
    fn with(&self, next: &Slab) -> Option<Slab> {
        let empty = |slab: &Slab| slab.axes.iter().any(|axis| axis.size == 0);
        if self.from.root != next.from.root || empty(self) || empty(next) {
            return None;
        }
        let from = next.from.offset as isize - self.from.offset as isize;
        let to = next.to as isize - self.to as isize;
        // Along an axis that one of them has at least, or as two positions of a new one.
        let known = self.axes.iter().chain(&next.axes);
        let known = known.map(|axis| (axis.from, axis.to));
        known
            .chain([(from, to)])
            .find_map(|(along_from, along_to)| {
                let (own, others) = self.split_off(along_from, along_to);
                let (more, same) = next.split_off(along_from, along_to);
                let far = own as isize;
                let adjoins = from == far * along_from && to == far * along_to && along_to > 0;
                (adjoins && others == same).then(|| {
                    let mut axes = others;
                    axes.push(Axis {
                        size: own + more,
                        from: along_from,
                        to: along_to,
                    });
                    axes.sort_by_key(|axis| std::cmp::Reverse(axis.to));
                    Slab {
                        axes,
                        ..self.clone()
                    }
                })
            })
    }

    /// The size along an axis, and the other axes.
    fn split_off(&self, from: isize, to: isize) -> (usize, Vec<Axis>) {
        let is_other = |axis: &&Axis| (axis.from, axis.to) != (from, to);
        let size = self
            .axes
            .iter()
            .find(|axis| !is_other(axis))
            .map_or(1, |axis| axis.size);
        (size, self.axes.iter().filter(is_other).copied().collect())
    }

    fn view(&self, block: &mut Block, dtype: DType) -> ValueId {
        let kind = Type {
            dtype,
            sizes: self.axes.iter().map(|axis| axis.size).collect(),
            strides: self.axes.iter().map(|axis| axis.from).collect(),
        };
        block.view(self.from, kind)
    }

    fn piece(&self) -> Piece {
        Piece {
            offset: self.to,
            strides: self.axes.iter().map(|axis| axis.to).collect(),
        }
    }
}
