//! How the domain of an expression is cut into tiles, and what a tile takes from each operand.

use smallvec::SmallVec;

use super::copy::Nest;
use super::lanes::LANES;

/// A domain cut into tiles, which follow each other row by row.
///
/// A tile is some positions of one axis, the *cut* axis, with all of the axes within it. Axes
/// around it are walked one position at a time.
#[derive(Clone, Debug)]
pub(super) struct Tiling {
    around: Vec<Axis>,
    cut: Axis,
    within: Vec<Axis>,
    /// Positions of the cut axis in a tile, but for the last tile along the axis.
    steps: usize,
    tiles: usize,
}

/// An axis as all operands see it: their strides, in elements.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Axis {
    size: usize,
    strides: Vec<isize>,
}

/// How the elements of an operand that belong to a tile lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Next to each other.
    Dense,
    /// By strides: of a tile, and of the last tile along the cut axis.
    Strided(Axes, Axes),
}

type Axes = SmallVec<[(usize, isize); 3]>;

/// A row of this length is a tile of its own rather than copied together with others.
const LONG_ROW: usize = 96;

impl Tiling {
    /// For operands of these strides, with tiles of at most `longest` positions.
    pub(super) fn new(sizes: &[usize], strides: &[&[isize]], longest: usize) -> Tiling {
        let mut around = collapse(sizes, strides);
        let tiles_around = |axes: &[Axis]| -> usize { axes.iter().map(|axis| axis.size).product() };
        let mut within = Vec::new();
        let mut block = 1;
        let cut = loop {
            let Some(axis) = around.pop() else {
                // The axes within are the whole domain: one step of an axis that is not there.
                break Axis {
                    size: 1,
                    strides: vec![0; strides.len()],
                };
            };
            let whole = block * axis.size <= longest;
            let alone = within.is_empty() && axis.size >= LONG_ROW && has_gaps(&around, &axis);
            if !whole || alone || around.is_empty() {
                break axis;
            }
            block *= axis.size;
            within.insert(0, axis);
        };
        let steps = even_steps(cut.size, block, longest);
        let tiles = tiles_around(&around) * cut.size.div_ceil(steps);
        // Axes within may be empty too.
        let tiles = if block == 0 { 0 } else { tiles };
        Tiling {
            around,
            cut,
            within,
            steps,
            tiles,
        }
    }

    /// The number of tiles.
    pub(super) fn tiles(&self) -> usize {
        self.tiles
    }

    /// The positions of the longest tile.
    pub(super) fn longest(&self) -> usize {
        self.steps.min(self.cut.size) * self.block()
    }

    /// The positions of the shortest tile.
    pub(super) fn shortest(&self) -> usize {
        self.last_steps() * self.block()
    }

    /// All axes as an operand sees them: sizes, and strides in elements.
    pub(super) fn axes(&self, operand: usize) -> impl Iterator<Item = (usize, isize)> {
        let axes = self.around.iter().chain([&self.cut]).chain(&self.within);
        axes.map(move |axis| (axis.size, axis.strides[operand]))
    }

    /// All positions.
    pub(super) fn positions(&self) -> usize {
        let around: usize = self.around.iter().map(|axis| axis.size).product();
        around * self.cut.size * self.block()
    }

    /// Where a tile starts in each operand, in elements, and how many positions it has.
    pub(super) fn locate(&self, tile: usize, offsets: &mut [isize]) -> usize {
        let pieces = self.pieces();
        let (mut rest, first) = (tile / pieces, tile % pieces * self.steps);
        for (offset, stride) in offsets.iter_mut().zip(&self.cut.strides) {
            *offset = stride * first as isize;
        }
        for (depth, axis) in self.around.iter().enumerate().rev() {
            // Along the outermost axis all of the rest is left.
            let place = if depth == 0 { rest } else { rest % axis.size };
            rest = if depth == 0 { 0 } else { rest / axis.size };
            for (offset, stride) in offsets.iter_mut().zip(&axis.strides) {
                *offset += stride * place as isize;
            }
        }
        self.steps.min(self.cut.size - first) * self.block()
    }

    /// The tile that a position belongs to, and the tile's first position.
    pub(super) fn tile_of(&self, position: usize) -> (usize, usize) {
        let row = (self.cut.size * self.block()).max(1);
        let longest = self.longest().max(1);
        let piece = position % row / longest;
        let tile = position / row * self.pieces() + piece;
        (tile, position / row * row + piece * longest)
    }

    /// How an operand's part of a tile lies.
    pub(super) fn access(&self, operand: usize) -> Access {
        let full = self.steps.min(self.cut.size);
        let [full, last] = [full, self.last_steps()].map(|steps| {
            let cut = (steps, self.cut.strides[operand]);
            let within = self.within.iter();
            let within = within.map(|axis| (axis.size, axis.strides[operand]));
            merged(std::iter::once(cut).chain(within))
        });
        match full.as_slice() {
            [] | [(_, 1)] => Access::Dense,
            _ => Access::Strided(full, last),
        }
    }

    /// The tiles along the cut axis.
    fn pieces(&self) -> usize {
        self.cut.size.div_ceil(self.steps)
    }

    /// Positions of the cut axis in the last tile along it.
    fn last_steps(&self) -> usize {
        self.cut.size - self.pieces().saturating_sub(1) * self.steps
    }

    /// The positions of the axes within.
    fn block(&self) -> usize {
        self.within.iter().map(|axis| axis.size).product()
    }
}

impl Access {
    /// The axes of a tile of `length` positions; `dense` is what they are if its elements are dense.
    pub(super) fn nest<'a>(&'a self, length: usize, dense: Nest<'a>) -> Nest<'a> {
        match self {
            Access::Dense => dense,
            Access::Strided(full, last) => {
                let positions: usize = full.iter().map(|(size, _)| size).product();
                if positions == length { full } else { last }
            }
        }
    }
}

/// The fewest axes that give the same walk: axes of size 1 are dropped, and neighbours that every
/// operand steps through as through one are merged.
fn collapse(sizes: &[usize], strides: &[&[isize]]) -> Vec<Axis> {
    let mut axes: Vec<Axis> = Vec::new();
    for (index, &size) in sizes.iter().enumerate().filter(|(_, size)| **size != 1) {
        let strides: Vec<isize> = strides.iter().map(|strides| strides[index]).collect();
        let axis = Axis { size, strides };
        match axes.last_mut() {
            Some(outer) if spans(outer, &axis) => {
                outer.size *= size;
                outer.strides = axis.strides;
            }
            Some(_) | None => axes.push(axis),
        }
    }
    axes
}

/// Whether a step of the outer axis goes where the inner one ends, for each operand.
fn spans(outer: &Axis, inner: &Axis) -> bool {
    let mut pairs = outer.strides.iter().zip(&inner.strides);
    pairs.all(|(outer, step)| *outer == step * inner.size as isize)
}

/// Axes of one operand, merged as far as it alone allows.
fn merged(axes: impl Iterator<Item = (usize, isize)>) -> Axes {
    let mut merged = Axes::new();
    for (size, stride) in axes.filter(|(size, _)| *size != 1) {
        match merged.last_mut() {
            Some(outer) if outer.1 == stride * size as isize => *outer = (outer.0 * size, stride),
            Some(_) | None => merged.push((size, stride)),
        }
    }
    merged
}

/// Whether some operand has dense rows that do not follow each other densely, so that tiles of
/// several rows would need a copy where tiles of one row need none.
fn has_gaps(around: &[Axis], row: &Axis) -> bool {
    let Some(rows) = around.last() else {
        return false;
    };
    let mut pairs = rows.strides.iter().zip(&row.strides);
    // A row that is repeated is copied but once.
    pairs.any(|(rows, step)| *step == 1 && *rows != 0 && *rows != row.size as isize)
}

/// How many steps of an axis, each of `block` positions, a tile has: as many as fit, but evenly.
fn even_steps(size: usize, block: usize, longest: usize) -> usize {
    let most = (longest / block.max(1)).max(1);
    let pieces = size.div_ceil(most).max(1);
    let even = size.div_ceil(pieces).max(1);
    // Groups of lanes are full if the steps are a multiple of them.
    even.next_multiple_of(LANES).min(most)
}
