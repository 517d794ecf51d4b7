//! The table of element-wise primitives: which function each op applies to which element types.
//!
//! What is made of the function is up to a [`Maker`]: a plain kernel over whole tensors, or a
//! piece of a fused one.

#![deny(clippy::wildcard_enum_match_arm)]

use std::ops::{BitAnd, BitOr, BitXor, Not};

use aqueduct_graph::DType;
use aqueduct_graph::ir::{Binary, Compare, Logical, Test, Unary};

use crate::kernels::Typed;
use crate::kernels::elementwise::{self, Arithmetic, Real};
use crate::kernels::rare::Rare;

/// Makes something that applies a function to each element.
pub(super) trait Maker: Sized {
    /// What is made.
    type Made: Unsupported;

    /// Of a function of one element.
    fn map<A: Typed, U: Typed>(
        self,
        f: impl Fn(A) -> U + Copy + Send + Sync + 'static,
    ) -> Self::Made;

    /// Of a function of a pair.
    fn pairs<A: Typed, U: Typed>(
        self,
        f: impl Fn(A, A) -> U + Copy + Send + Sync + 'static,
    ) -> Self::Made;

    /// Of [`elementwise::select`].
    fn select<T: Typed>(self) -> Self::Made;
}

/// What stands for a primitive of an element type that its shape rule does not let through.
pub(super) trait Unsupported {
    fn unsupported(dtype: DType) -> Self;
}

pub(super) fn unary<M: Maker>(function: Unary, dtype: DType, maker: M) -> M::Made {
    match function {
        Unary::Neg => with_number!(dtype, T => maker.map::<T, T>(Arithmetic::neg)),
        Unary::Abs => with_number!(dtype, T => maker.map::<T, T>(Arithmetic::abs)),
        Unary::Sign => with_number!(dtype, T => maker.map::<T, T>(Arithmetic::sign)),
        Unary::Square => with_number!(dtype, T => maker.map::<T, T>(Arithmetic::square)),
        Unary::Reciprocal => with_float!(dtype, T => maker.map::<T, T>(Real::reciprocal)),
        Unary::Sqrt => with_float!(dtype, T => maker.map::<T, T>(Real::sqrt)),
        Unary::Rsqrt => with_float!(dtype, T => maker.map::<T, T>(Real::rsqrt)),
        Unary::Exp => with_float!(dtype, T => maker.map::<T, T>(Real::exp)),
        Unary::Log => with_float!(dtype, T => maker.map::<T, T>(Real::log)),
        Unary::Tanh => with_float!(dtype, T => maker.map::<T, T>(Real::tanh)),
        Unary::Sigmoid => with_float!(dtype, T => maker.map::<T, T>(Real::sigmoid)),
        Unary::Expm1 => with_float!(dtype, T => maker.map::<T, T>(Real::expm1)),
        Unary::Log1p => with_float!(dtype, T => maker.map::<T, T>(Real::log1p)),
        Unary::Sin => with_float!(dtype, T => maker.map::<T, T>(Rare::sin)),
        Unary::Cos => with_float!(dtype, T => maker.map::<T, T>(Rare::cos)),
        Unary::Erf => with_float!(dtype, T => maker.map::<T, T>(Rare::erf)),
        Unary::Erfc => with_float!(dtype, T => maker.map::<T, T>(Rare::erfc)),
        Unary::Tan => with_float!(dtype, T => maker.map::<T, T>(Rare::tan)),
        Unary::Asin => with_float!(dtype, T => maker.map::<T, T>(Rare::asin)),
        Unary::Acos => with_float!(dtype, T => maker.map::<T, T>(Rare::acos)),
        Unary::Atan => with_float!(dtype, T => maker.map::<T, T>(Rare::atan)),
        Unary::Sinh => with_float!(dtype, T => maker.map::<T, T>(Rare::sinh)),
        Unary::Cosh => with_float!(dtype, T => maker.map::<T, T>(Rare::cosh)),
        Unary::Asinh => with_float!(dtype, T => maker.map::<T, T>(Rare::asinh)),
        Unary::Acosh => with_float!(dtype, T => maker.map::<T, T>(Rare::acosh)),
        Unary::Atanh => with_float!(dtype, T => maker.map::<T, T>(Rare::atanh)),
        Unary::Lgamma => with_float!(dtype, T => maker.map::<T, T>(Rare::lgamma)),
        Unary::Digamma => with_float!(dtype, T => maker.map::<T, T>(Rare::digamma)),
        Unary::Floor => with_float!(dtype, T => maker.map::<T, T>(Real::floor)),
        Unary::Ceil => with_float!(dtype, T => maker.map::<T, T>(Real::ceil)),
        Unary::Round => with_float!(dtype, T => maker.map::<T, T>(Real::round)),
    }
}

/// Functions that integers may fail at ([`may_fail`]) are total here, as [`Arithmetic`] has them.
pub(super) fn binary<M: Maker>(function: Binary, dtype: DType, maker: M) -> M::Made {
    match function {
        Binary::Add => with_number!(dtype, T => maker.pairs::<T, T>(Arithmetic::add)),
        Binary::Sub => with_number!(dtype, T => maker.pairs::<T, T>(Arithmetic::sub)),
        Binary::Mul => with_number!(dtype, T => maker.pairs::<T, T>(Arithmetic::mul)),
        Binary::Div => with_number!(dtype, T => maker.pairs::<T, T>(Arithmetic::div)),
        Binary::Maximum => with_number!(dtype, T => maker.pairs::<T, T>(Arithmetic::maximum)),
        Binary::Minimum => with_number!(dtype, T => maker.pairs::<T, T>(Arithmetic::minimum)),
        Binary::SquaredDifference => {
            with_number!(dtype, T => maker.pairs::<T, T>(Arithmetic::squared_difference))
        }
        Binary::Pow => with_number!(dtype, T => maker.pairs::<T, T>(Arithmetic::pow)),
        Binary::FloorDiv => with_number!(dtype, T => maker.pairs::<T, T>(Arithmetic::floor_div)),
        Binary::FloorMod => with_number!(dtype, T => maker.pairs::<T, T>(Arithmetic::floor_mod)),
        Binary::TruncateMod => with_number!(dtype, T => maker.pairs::<T, T>(Arithmetic::rem)),
        Binary::Atan2 => with_float!(dtype, T => maker.pairs::<T, T>(Rare::atan2)),
        Binary::Zeta => with_float!(dtype, T => maker.pairs::<T, T>(Rare::zeta)),
    }
}

/// Whether some elements of this type have no result.
pub(super) fn may_fail(function: Binary, dtype: DType) -> bool {
    match function {
        Binary::Div | Binary::Pow | Binary::FloorDiv | Binary::FloorMod | Binary::TruncateMod => {
            !dtype.is_float()
        }
        Binary::Add
        | Binary::Sub
        | Binary::Mul
        | Binary::Maximum
        | Binary::Minimum
        | Binary::SquaredDifference
        | Binary::Atan2
        | Binary::Zeta => false,
    }
}

pub(super) fn compare<M: Maker>(function: Compare, dtype: DType, maker: M) -> M::Made {
    match function {
        Compare::Equal => with_element!(dtype, T => maker.pairs::<T, bool>(elementwise::equal)),
        Compare::NotEqual => {
            with_element!(dtype, T => maker.pairs::<T, bool>(elementwise::not_equal))
        }
        Compare::Less => with_number!(dtype, T => maker.pairs::<T, bool>(elementwise::less)),
        Compare::LessEqual => {
            with_number!(dtype, T => maker.pairs::<T, bool>(elementwise::less_equal))
        }
        Compare::Greater => with_number!(dtype, T => maker.pairs::<T, bool>(elementwise::greater)),
        Compare::GreaterEqual => {
            with_number!(dtype, T => maker.pairs::<T, bool>(elementwise::greater_equal))
        }
    }
}

pub(super) fn test<M: Maker>(property: Test, dtype: DType, maker: M) -> M::Made {
    match property {
        Test::IsNan => with_float!(dtype, T => maker.map::<T, bool>(T::is_nan)),
        Test::IsInf => with_float!(dtype, T => maker.map::<T, bool>(T::is_infinite)),
        Test::IsFinite => with_float!(dtype, T => maker.map::<T, bool>(T::is_finite)),
    }
}

pub(super) fn logical<M: Maker>(function: Logical, maker: M) -> M::Made {
    match function {
        Logical::And => maker.pairs::<bool, bool>(BitAnd::bitand),
        Logical::Or => maker.pairs::<bool, bool>(BitOr::bitor),
        Logical::Xor => maker.pairs::<bool, bool>(BitXor::bitxor),
    }
}

pub(super) fn not<M: Maker>(maker: M) -> M::Made {
    maker.map::<bool, bool>(Not::not)
}

pub(super) fn select<M: Maker>(dtype: DType, maker: M) -> M::Made {
    with_element!(dtype, T => maker.select::<T>())
}
