//! Axes as arguments.

use std::ops::RangeFull;

use crate::graph::Graph;
use crate::handle::AnyTensor;
use crate::ids::NodeId;
use crate::mistake::Problem;
use crate::op::Op;

/// Which axes a function is of: all (`..`), one (`0`, `-1`), or several (`[0, 2]`). Negative axes
/// count from the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Axes {
    /// Every axis.
    All,
    /// These axes.
    These(Vec<i64>),
}

impl Axes {
    /// The axes of a tensor of this rank, ascending.
    pub(crate) fn resolve(&self, rank: usize) -> Result<Vec<usize>, Problem> {
        let axes = match self {
            Axes::All => return Ok((0..rank).collect()),
            Axes::These(axes) => axes,
        };
        let mut resolved = axes
            .iter()
            .map(|axis| resolve_axis(*axis, rank))
            .collect::<Result<Vec<usize>, Problem>>()?;
        resolved.sort_unstable();
        let count = resolved.len();
        resolved.dedup();
        if resolved.len() < count {
            return Err(
                Problem::argument(format!("axes {axes:?} name an axis twice"))
                    .help("name each axis once"),
            );
        }
        Ok(resolved)
    }
}

/// The place of an axis in a tensor of this rank.
pub(crate) fn resolve_axis(axis: i64, rank: usize) -> Result<usize, Problem> {
    let signed = i64::try_from(rank).unwrap_or(i64::MAX);
    let place = if axis < 0 {
        axis.saturating_add(signed)
    } else {
        axis
    };
    match usize::try_from(place) {
        Ok(place) if place < rank => Ok(place),
        _ => Err(axis_out_of_range(axis, rank)),
    }
}

impl Graph {
    /// Adds an op made of axes that were looked up, or, where they are not there, the op of none or
    /// of the first one, poisoned.
    #[track_caller]
    pub(super) fn add_of_axes<A: Default, O: Into<Op>>(
        &self,
        axes: Result<A, Problem>,
        inputs: &[AnyTensor<'_>],
        name: &str,
        op: impl Fn(A) -> O,
    ) -> NodeId {
        self.add_resolved(axes.map(&op), || op(A::default()), inputs, name)
    }

    /// Adds an op whose arguments were looked at first; where they are wrong, `stand_in` takes its
    /// place, poisoned.
    #[track_caller]
    pub(super) fn add_resolved<O: Into<Op>>(
        &self,
        op: Result<O, Problem>,
        stand_in: impl FnOnce() -> O,
        inputs: &[AnyTensor<'_>],
        name: &str,
    ) -> NodeId {
        match op {
            Ok(op) => self.add(op, inputs, name),
            // The rank of a poisoned tensor means nothing: there is no new mistake. Of no tensors the
            // shape rule has more to say.
            Err(_) if inputs.is_empty() || inputs.iter().any(|input| input.is_poisoned()) => {
                self.add(stand_in(), inputs, name)
            }
            Err(problem) => self.add_wrong(stand_in(), inputs, name, problem),
        }
    }
}

fn axis_out_of_range(axis: i64, rank: usize) -> Problem {
    let problem = Problem::argument(format!("axis {axis} is out of range for rank {rank}"));
    match rank {
        0 => problem.help("a scalar has no axes"),
        rank => problem.help(format!("axes run from -{rank} to {}", rank - 1)),
    }
}

impl From<RangeFull> for Axes {
    fn from(_: RangeFull) -> Axes {
        Axes::All
    }
}

macro_rules! from_integers {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Axes {
            fn from(axis: $integer) -> Axes {
                Axes::from([axis])
            }
        }

        impl<const N: usize> From<[$integer; N]> for Axes {
            fn from(axes: [$integer; N]) -> Axes {
                Axes::from(axes.as_slice())
            }
        }

        impl From<Vec<$integer>> for Axes {
            fn from(axes: Vec<$integer>) -> Axes {
                Axes::from(axes.as_slice())
            }
        }

        impl From<&[$integer]> for Axes {
            fn from(axes: &[$integer]) -> Axes {
                // An axis beyond `i64` is out of range of every tensor.
                Axes::These(axes.iter().map(|axis| i64::try_from(*axis).unwrap_or(i64::MAX)).collect())
            }
        }
    )*};
}
from_integers!(i32, i64, usize);
