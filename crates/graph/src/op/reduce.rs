//! Reductions over axes.

use serde::{Deserialize, Serialize};

/// An op of the `reduce` family.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reduce {
    /// `[x] -> y`: one function of all elements along the axes.
    Over {
        /// The function.
        reduction: Reduction,
        /// The axes, ascending, no repeats. Empty: nothing is reduced.
        axes: Vec<usize>,
        /// Keep each reduced axis with size 1.
        keep_dims: bool,
    },
    /// `[x, shape: int vector] -> y`: the sum that undoes a broadcast from `shape` to the shape of
    /// `x`. Which axes are summed is known once both shapes are.
    SumTo,
}

/// What a reduction computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reduction {
    /// The sum; 0 of nothing. Any number.
    Sum,
    /// The arithmetic mean; NaN of nothing. Integers truncate (of nothing: an error).
    Mean,
    /// The largest; of nothing, the lowest value of the type (`-inf`). NaN if any is NaN.
    Max,
    /// The smallest; of nothing, the highest value of the type (`inf`). NaN if any is NaN.
    Min,
    /// Whether all hold; true of nothing. `bool` only.
    All,
    /// Whether any holds; false of nothing. `bool` only.
    Any,
}

impl Reduction {
    /// Every reduction, in the order of declaration.
    pub const ALL: [Reduction; 6] = [
        Reduction::Sum,
        Reduction::Mean,
        Reduction::Max,
        Reduction::Min,
        Reduction::All,
        Reduction::Any,
    ];
}

impl Reduce {
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Reduce::Over { reduction, .. } => match reduction {
                Reduction::Sum => "Sum",
                Reduction::Mean => "Mean",
                Reduction::Max => "Max",
                Reduction::Min => "Min",
                Reduction::All => "All",
                Reduction::Any => "Any",
            },
            Reduce::SumTo => "SumTo",
        }
    }

    pub(super) fn size_inputs(&self) -> &'static [usize] {
        match self {
            Reduce::Over { .. } => &[],
            Reduce::SumTo => &[1],
        }
    }
}
