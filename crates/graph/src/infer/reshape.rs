//! The shape rule of `Reshape`.
//!
//! Sizes of the operand and of the request that are the same unknown are taken out of both sides
//! before element counts are compared, so that `[?, 28, 28]` to `[-1, 784]` keeps the batch.

use crate::fact::{Fact, Int};
use crate::infer::common::{int_vector, known_size};
use crate::infer::ints;
use crate::mistake::Problem;
use crate::shape::{Dim, Shape};

pub(super) fn reshape([x, shape]: &[Fact; 2]) -> Result<Fact, Problem> {
    let requested = int_vector("shape", shape)?;
    let entries = requested
        .iter()
        .map(|int| entry(*int, &x.shape))
        .collect::<Result<Vec<Entry>, Problem>>()?;
    let result = resolve(&x.shape, &entries)?;
    Ok(ints::rearranged(x, result))
}

/// One element of the requested shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    /// A size.
    Size(Dim),
    /// -1: what is left over.
    Rest,
    /// A number known only in a run: a size, or -1.
    Undecided,
}

fn entry(int: Int, operand: &Shape) -> Result<Entry, Problem> {
    match int {
        Int::Known(-1) => Ok(Entry::Rest),
        Int::Known(number) => known_size("shape", number).map(Entry::Size),
        Int::Unknown(symbol) => {
            let dim = Dim::Unknown(symbol);
            // A size of the operand is not -1; any other number may be.
            let size = operand.dims().iter().any(|other| other.same(dim));
            Ok(if size {
                Entry::Size(dim)
            } else {
                Entry::Undecided
            })
        }
    }
}

fn resolve(operand: &Shape, entries: &[Entry]) -> Result<Shape, Problem> {
    let rests = entries
        .iter()
        .filter(|entry| **entry == Entry::Rest)
        .count();
    if rests > 1 {
        return Err(Problem::shape(format!("shape has {rests} entries of -1"))
            .help("at most one size can be worked out"));
    }
    let decided = !entries.contains(&Entry::Undecided);
    let counts = Counts::new(operand, entries);
    let rest = match (decided, rests) {
        (false, _) => Dim::UNKNOWN,
        (true, 0) => {
            counts.check_equal(operand, entries)?;
            Dim::UNKNOWN
        }
        (true, _) => counts.rest(operand, entries)?,
    };
    let dims = entries.iter().map(|entry| match entry {
        Entry::Size(dim) => *dim,
        Entry::Rest => rest,
        Entry::Undecided => Dim::UNKNOWN,
    });
    Ok(Shape::new(dims.collect()))
}

/// The element counts of both sides: known sizes multiplied, and the unknown ones that are not on
/// both sides.
struct Counts {
    operand: usize,
    requested: usize,
    operand_unknowns: Vec<Dim>,
    requested_unknowns: Vec<Dim>,
}

impl Counts {
    fn new(operand: &Shape, entries: &[Entry]) -> Counts {
        let sizes = entries.iter().filter_map(|entry| match entry {
            Entry::Size(dim) => Some(*dim),
            Entry::Rest | Entry::Undecided => None,
        });
        let (requested, mut requested_unknowns) = count(sizes);
        let (operand, mut operand_unknowns) = count(operand.dims().iter().copied());
        operand_unknowns.retain(|dim| {
            let partner = requested_unknowns.iter().position(|other| other.same(*dim));
            partner
                .map(|at| requested_unknowns.swap_remove(at))
                .is_none()
        });
        Counts {
            operand,
            requested,
            operand_unknowns,
            requested_unknowns,
        }
    }

    /// Checks that both sides may have as many elements.
    fn check_equal(&self, operand: &Shape, entries: &[Entry]) -> Result<(), Problem> {
        if !self.requested_unknowns.is_empty() {
            return Ok(());
        }
        let possible = if self.operand_unknowns.is_empty() {
            self.operand == self.requested
        } else {
            // Some number of times the known part must give what is requested.
            self.requested == 0 || self.requested.checked_rem(self.operand) == Some(0)
        };
        if possible {
            return Ok(());
        }
        let requested = describe(entries);
        Err(if operand.is_known() {
            Problem::shape(format!(
                "shapes {operand} and {requested} have {} and {} elements",
                self.operand, self.requested
            ))
            .help(format!(
                "give sizes whose product is {}; one of them may be -1, for what is left",
                self.operand
            ))
        } else {
            Problem::shape(format!(
                "shapes {operand} and {requested} cannot have as many elements"
            ))
            .help("one size may be -1, for what is left")
        })
    }

    /// The size that -1 stands for.
    fn rest(&self, operand: &Shape, entries: &[Entry]) -> Result<Dim, Problem> {
        if self.requested == 0 {
            let requested = describe(entries);
            return Err(Problem::shape(format!(
                "the -1 in {requested} could be any size beside a size of 0"
            ))
            .help("give the size in place of -1"));
        }
        if !self.requested_unknowns.is_empty() {
            return Ok(Dim::UNKNOWN);
        }
        let divides = self.operand.is_multiple_of(self.requested);
        match self.operand_unknowns.as_slice() {
            [] if divides => Ok(Dim::Known(self.operand / self.requested)),
            [] => Err(Problem::shape(format!(
                "the elements of shape {operand} cannot be divided over {}: {} is not a multiple of {}",
                describe(entries),
                self.operand,
                self.requested
            ))
            .help(format!("give sizes whose product divides {}", self.operand))),
            [only] if self.operand == self.requested => Ok(*only),
            _ => Ok(Dim::UNKNOWN),
        }
    }
}

/// The product of the known sizes, and the unknown ones.
fn count(dims: impl Iterator<Item = Dim>) -> (usize, Vec<Dim>) {
    let mut known = 1_usize;
    let mut unknowns = Vec::new();
    for dim in dims {
        match dim {
            // A result too large for any memory is refused for every op alike.
            Dim::Known(size) => known = known.saturating_mul(size),
            Dim::Unknown(_) => unknowns.push(dim),
        }
    }
    (known, unknowns)
}

/// The requested shape as it was given: `[-1, 784]`.
fn describe(entries: &[Entry]) -> String {
    let words: Vec<String> = entries
        .iter()
        .map(|entry| match entry {
            Entry::Size(dim) => dim.to_string(),
            Entry::Rest => "-1".to_owned(),
            Entry::Undecided => "?".to_owned(),
        })
        .collect();
    format!("[{}]", words.join(", "))
}
