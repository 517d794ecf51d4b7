//! Reductions over axes.

use serde::{Deserialize, Serialize};

use crate::element::DType;

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
    /// `[x] -> int`: the place of an extreme element along an axis, which goes. The first of equal
    /// ones. NaN is passed over; where nothing else is found, or nothing but the infinity that every
    /// number is beyond, the place is 0. An axis without elements is an error if there are results.
    Arg {
        /// Which extreme.
        extreme: Extreme,
        /// The axis.
        axis: usize,
        /// `I32` or `I64`.
        out_type: DType,
    },
    /// `[x] -> y`: at each place along an axis, what all places up to it make together. Shape and
    /// dtype are kept.
    Cumulative {
        /// How they are put together.
        accumulation: Accumulation,
        /// The axis.
        axis: usize,
        /// Leave the place itself out.
        exclusive: bool,
        /// From the last place to the first.
        reverse: bool,
    },
    /// `[factors, terms] -> y`: at the first place along an axis 0, at each further one
    /// `terms + factors * y` of the place before. Both of one shape and dtype, which are kept. What
    /// gradients of cumulative products are made of: it needs no division, so zeros do no harm.
    Recurrence {
        /// The axis.
        axis: usize,
        /// From the last place to the first.
        reverse: bool,
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
    /// The product; 1 of nothing. Any number.
    Prod,
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
    pub const ALL: [Reduction; 7] = [
        Reduction::Sum,
        Reduction::Prod,
        Reduction::Mean,
        Reduction::Max,
        Reduction::Min,
        Reduction::All,
        Reduction::Any,
    ];
}

/// Which element of an axis is sought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Extreme {
    Largest,
    Smallest,
}

/// How elements along an axis are put together one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Accumulation {
    Sum,
    Product,
}

impl Reduce {
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Reduce::Over { reduction, .. } => match reduction {
                Reduction::Sum => "Sum",
                Reduction::Prod => "Prod",
                Reduction::Mean => "Mean",
                Reduction::Max => "Max",
                Reduction::Min => "Min",
                Reduction::All => "All",
                Reduction::Any => "Any",
            },
            Reduce::Arg { extreme, .. } => match extreme {
                Extreme::Largest => "ArgMax",
                Extreme::Smallest => "ArgMin",
            },
            Reduce::Cumulative { accumulation, .. } => match accumulation {
                Accumulation::Sum => "Cumsum",
                Accumulation::Product => "Cumprod",
            },
            Reduce::Recurrence { .. } => "LinearRecurrence",
            Reduce::SumTo => "SumTo",
        }
    }

    pub(super) fn size_inputs(&self) -> &'static [usize] {
        match self {
            Reduce::Over { .. }
            | Reduce::Arg { .. }
            | Reduce::Cumulative { .. }
            | Reduce::Recurrence { .. } => &[],
            Reduce::SumTo => &[1],
        }
    }
}
