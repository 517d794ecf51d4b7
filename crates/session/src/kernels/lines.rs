//! Walks along one axis of an array.

/// The lines of an array along an axis: one for each position of the other axes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lines {
    /// How many blocks of neighbouring lines there are.
    blocks: usize,
    /// The places of a line.
    length: usize,
    /// How many lines a block has; also the distance from one place of a line to the next.
    width: usize,
    reverse: bool,
}

/// What is done with lines, `W` neighbours at a time, so that the compiler can vectorise it.
pub(crate) trait Strip {
    /// Works on the lines `first`, `first + 1`, …; the places of the first of them are given, the
    /// others' are next to them.
    fn work<const W: usize>(&mut self, first: usize, places: impl Iterator<Item = usize>);
}

impl Lines {
    /// The lines along an axis, from its last place to the first if `reverse`.
    pub(crate) fn new(sizes: &[usize], axis: usize, reverse: bool) -> Lines {
        Lines {
            blocks: sizes.iter().take(axis).product(),
            length: sizes.get(axis).copied().unwrap_or(1),
            width: sizes.iter().skip(axis + 1).product(),
            reverse,
        }
    }

    /// The places of a line.
    pub(crate) fn length(self) -> usize {
        self.length
    }

    /// Works on every line that has places.
    pub(crate) fn each(self, strip: &mut impl Strip) {
        if self.length == 0 || self.width == 0 {
            // There may be any number of empty blocks.
            return;
        }
        for block in 0..self.blocks {
            let mut column = 0;
            while column < self.width {
                column += match self.width - column {
                    32.. => self.strip::<32>(block, column, strip),
                    8.. => self.strip::<8>(block, column, strip),
                    _ => self.strip::<1>(block, column, strip),
                };
            }
        }
    }

    /// Works on `W` lines of a block. Returns how many these are.
    fn strip<const W: usize>(self, block: usize, column: usize, strip: &mut impl Strip) -> usize {
        let start = block * self.length * self.width + column;
        let first = block * self.width + column;
        if self.reverse {
            let places = (0..self.length).rev();
            strip.work::<W>(first, places.map(|place| start + place * self.width));
        } else {
            let places = 0..self.length;
            strip.work::<W>(first, places.map(|place| start + place * self.width));
        }
        W
    }
}
