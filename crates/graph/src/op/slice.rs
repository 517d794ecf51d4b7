//! Slices: what they take of each axis, and the arithmetic of their bounds.

use std::iter;

use serde::{Deserialize, Serialize};

use crate::mistake::Problem;

/// What a slice takes of one axis, in the order of the axes; axes not named are taken whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliceSpec {
    /// One entry for an axis of the operand or of the result.
    pub bounds: Vec<Bound>,
}

/// What a slice does with one axis. Negative positions count from the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bound {
    /// Takes one position; the axis goes. Out of range is an error.
    At(i64),
    /// Takes `start..end` by `step`; `None` means from the first or to the last in the direction of
    /// the step. Out-of-range bounds are clamped as in Python. `step` is never 0.
    Range {
        /// The first position.
        start: Option<i64>,
        /// The position to stop before.
        end: Option<i64>,
        /// The distance; negative runs backwards.
        step: i64,
    },
    /// Puts a new axis of size 1 here.
    NewAxis,
    /// Takes as many whole axes as are not named otherwise. At most one.
    Ellipsis,
}

/// A slice of an operand whose sizes are known.
///
/// The element of the result that takes the `k`th position of each cut stands, row by row, where
/// the counts of the cuts say: axes that go and new axes have one position and move nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedSlice {
    /// What is taken of each axis of the operand, one entry an axis.
    pub cuts: Vec<Cut>,
    /// The sizes of the result: without the axes that go, with the new ones.
    pub sizes: Vec<usize>,
}

/// The positions taken of one axis: `start`, `start + step`, …, `count` of them, all in range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The first position; 0 if there is none.
    pub start: usize,
    /// The distance from one position to the next. Without meaning if `count` is below 2.
    pub step: isize,
    /// How many positions there are.
    pub count: usize,
}

impl Cut {
    /// The positions, in order.
    pub fn positions(self) -> impl Iterator<Item = usize> {
        iter::successors(Some(self.start), move |position| {
            position.checked_add_signed(self.step)
        })
        .take(self.count)
    }
}

impl SliceSpec {
    /// What the slice takes of an operand of these sizes.
    ///
    /// # Errors
    ///
    /// A [`Bound::At`] out of range, more bounds than axes, two ellipses, or a step of 0.
    pub fn resolve(&self, sizes: &[usize]) -> Result<ResolvedSlice, Problem> {
        let mut cuts = Vec::with_capacity(sizes.len());
        let mut result = Vec::with_capacity(sizes.len());
        for place in self.places(sizes)? {
            match place {
                Place::New => result.push(1),
                Place::At { axis, size, index } => cuts.push(cut_at(axis, size, index)?),
                Place::Span { size, span } => {
                    let cut = span.cut(size);
                    cuts.push(cut);
                    result.push(cut.count);
                }
            }
        }
        Ok(ResolvedSlice {
            cuts,
            sizes: result,
        })
    }

    /// The bounds with every axis of the operand named, in order, and its size (known or not) beside
    /// it; new axes stand where they come in the result.
    pub(crate) fn places<S: Copy>(&self, sizes: &[S]) -> Result<Vec<Place<S>>, Problem> {
        let whole = self.whole_axes(sizes.len())?;
        let mut axes = sizes.iter().copied().enumerate();
        let mut places = Vec::with_capacity(sizes.len());
        for bound in &self.bounds {
            match *bound {
                Bound::NewAxis => places.push(Place::New),
                Bound::Ellipsis => places.extend(axes.by_ref().take(whole).map(Place::whole)),
                Bound::At(index) => {
                    let at = |(axis, size)| Place::At { axis, size, index };
                    places.extend(axes.next().map(at));
                }
                Bound::Range { start, end, step } => {
                    let span = Span::new(start, end, step)?;
                    places.extend(axes.next().map(|(_, size)| Place::Span { size, span }));
                }
            }
        }
        places.extend(axes.map(Place::whole));
        Ok(places)
    }

    /// How many axes of an operand of this rank no bound names.
    fn whole_axes(&self, rank: usize) -> Result<usize, Problem> {
        let mut named = 0;
        let mut ellipses = 0;
        for bound in &self.bounds {
            match bound {
                Bound::At(_) | Bound::Range { .. } => named += 1,
                Bound::Ellipsis => ellipses += 1,
                Bound::NewAxis => {}
            }
        }
        if ellipses > 1 {
            return Err(Problem::argument(format!(
                "the slice has {ellipses} ellipses but may have 1"
            )));
        }
        rank.checked_sub(named).ok_or_else(|| {
            Problem::shape(format!(
                "the slice names {named} axes but x has rank {rank}"
            ))
            .help("name at most one bound an axis")
        })
    }
}

/// One axis of the operand or of the result, as [`SliceSpec::places`] lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place<S> {
    /// A new axis of size 1.
    New,
    /// An axis that goes: one position of it is taken.
    At { axis: usize, size: S, index: i64 },
    /// An axis that stays, maybe with fewer positions.
    Span { size: S, span: Span },
}

impl<S> Place<S> {
    fn whole((_, size): (usize, S)) -> Place<S> {
        let span = Span::WHOLE;
        Place::Span { size, span }
    }
}

/// The bounds of a [`Bound::Range`], with a step other than 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    start: Option<i64>,
    end: Option<i64>,
    step: i64,
}

impl Span {
    const WHOLE: Span = Span {
        start: None,
        end: None,
        step: 1,
    };

    fn new(start: Option<i64>, end: Option<i64>, step: i64) -> Result<Span, Problem> {
        if step == 0 {
            return Err(Problem::argument("the step of the slice is 0")
                .help("give a positive step, or a negative one to run backwards"));
        }
        Ok(Span { start, end, step })
    }

    /// Whether every position is taken, in whichever direction and whatever the size.
    pub(crate) fn takes_all(self) -> bool {
        match self.step {
            1 => matches!(self.start, None | Some(0)) && self.end.is_none(),
            -1 => matches!(self.start, None | Some(-1)) && self.end.is_none(),
            _ => false,
        }
    }

    /// The positions taken of an axis of this size.
    pub(crate) fn cut(self, size: usize) -> Cut {
        let size = to_i64(size);
        // Where a bound may stand. Backwards, the end may stand before the first position.
        let (lowest, highest) = if self.step > 0 {
            (0, size)
        } else {
            (-1, size - 1)
        };
        let clamp = |bound: i64| from_front(bound, size).clamp(lowest, highest);
        let (first, last) = if self.step > 0 {
            (lowest, highest)
        } else {
            (highest, lowest)
        };
        let start = self.start.map_or(first, clamp);
        let end = self.end.map_or(last, clamp);
        let distance = if self.step > 0 {
            end - start
        } else {
            start - end
        };
        let count = count_steps(distance, self.step.unsigned_abs());
        Cut {
            start: if count == 0 { 0 } else { to_usize(start) },
            // A step that does not fit leaves an axis after its first position.
            step: isize::try_from(self.step).unwrap_or(1),
            count,
        }
    }
}

/// The single position that an index takes of an axis of this size.
pub(crate) fn cut_at(axis: usize, size: usize, index: i64) -> Result<Cut, Problem> {
    let position = from_front(index, to_i64(size));
    match usize::try_from(position) {
        Ok(start) if start < size => Ok(Cut {
            start,
            step: 1,
            count: 1,
        }),
        _ => {
            let problem = Problem::shape(format!(
                "index {index} is out of range for axis {axis} of size {size}"
            ));
            Err(match size {
                0 => problem.help("take a range, which may be empty, or feed at least one"),
                size => problem.help(format!("axis {axis} takes -{size} to {}", size - 1)),
            })
        }
    }
}

/// A position that may count from the end, counted from the front.
fn from_front(position: i64, size: i64) -> i64 {
    if position < 0 {
        position + size
    } else {
        position
    }
}

/// How many positions a walk of this distance visits, its start included and its end not.
fn count_steps(distance: i64, step: u64) -> usize {
    match u64::try_from(distance) {
        Ok(distance) => usize::try_from(distance.div_ceil(step)).unwrap_or(usize::MAX),
        Err(_) => 0,
    }
}

// No array has more than `i64::MAX` elements, so neither conversion ever saturates.
fn to_i64(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn to_usize(position: i64) -> usize {
    usize::try_from(position).unwrap_or(0)
}
