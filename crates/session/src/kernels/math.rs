//! Kernels of family `math`.

#![deny(clippy::wildcard_enum_match_arm)]

use std::ops::{BitAnd, BitOr, BitXor, Not};

use aqueduct_graph::DType;
use aqueduct_graph::ir::{Binary, Compare, Logical, Math, Test, Unary};

use crate::kernels::broadcast::Broadcast;
use crate::kernels::elementwise::{self, Arithmetic, Real};
use crate::kernels::{Failure, Kernel, Spec, Typed, cast, infallible, matmul};

pub(super) fn kernel(op: Math, spec: &Spec<'_>) -> Kernel {
    match op {
        Math::Unary(function) => unary(function, spec.input_dtype(0)),
        Math::Binary(function) => binary(function, spec),
        Math::Compare(function) => compare(function, spec),
        Math::Test(property) => test(property, spec.input_dtype(0)),
        Math::Logical(function) => logical(function, spec),
        Math::Not => map::<bool>(Not::not),
        Math::Select => with_element!(spec.input_dtype(1), T => select::<T>(spec)),
        Math::AddN => with_number!(spec.input_dtype(0), T => add_n::<T>()),
        Math::MatMul {
            transpose_a,
            transpose_b,
        } => matmul::kernel(transpose_a, transpose_b, spec),
        Math::Cast { to } => cast::kernel(spec.input_dtype(0), to),
    }
}

fn unary(function: Unary, dtype: DType) -> Kernel {
    match function {
        Unary::Neg => with_number!(dtype, T => map::<T>(Arithmetic::neg)),
        Unary::Abs => with_number!(dtype, T => map::<T>(Arithmetic::abs)),
        Unary::Sign => with_number!(dtype, T => map::<T>(Arithmetic::sign)),
        Unary::Square => with_number!(dtype, T => map::<T>(Arithmetic::square)),
        Unary::Reciprocal => with_float!(dtype, T => map::<T>(Real::reciprocal)),
        Unary::Sqrt => with_float!(dtype, T => map::<T>(Real::sqrt)),
        Unary::Rsqrt => with_float!(dtype, T => map::<T>(Real::rsqrt)),
        Unary::Exp => with_float!(dtype, T => map::<T>(Real::exp)),
        Unary::Log => with_float!(dtype, T => map::<T>(Real::log)),
        Unary::Tanh => with_float!(dtype, T => map::<T>(Real::tanh)),
        Unary::Sigmoid => with_float!(dtype, T => map::<T>(Real::sigmoid)),
        Unary::Expm1 => with_float!(dtype, T => map::<T>(Real::expm1)),
        Unary::Log1p => with_float!(dtype, T => map::<T>(Real::log1p)),
        Unary::Sin => with_float!(dtype, T => map::<T>(Real::sin)),
        Unary::Cos => with_float!(dtype, T => map::<T>(Real::cos)),
        Unary::Erf => with_float!(dtype, T => map::<T>(Real::erf)),
        Unary::Floor => with_float!(dtype, T => map::<T>(Real::floor)),
        Unary::Ceil => with_float!(dtype, T => map::<T>(Real::ceil)),
        Unary::Round => with_float!(dtype, T => map::<T>(Real::round)),
    }
}

/// The kernel of a binary function; both operands broadcast to the result.
pub(super) fn binary(function: Binary, spec: &Spec<'_>) -> Kernel {
    let dtype = spec.input_dtype(0);
    let plan = pair_plan(spec);
    match function {
        Binary::Add => with_number!(dtype, T => pairs::<T, T>(plan, Arithmetic::add)),
        Binary::Sub => with_number!(dtype, T => pairs::<T, T>(plan, Arithmetic::sub)),
        Binary::Mul => with_number!(dtype, T => pairs::<T, T>(plan, Arithmetic::mul)),
        Binary::Div => with_number!(dtype, T => divide::<T>(plan, Arithmetic::div)),
        Binary::Maximum => with_number!(dtype, T => pairs::<T, T>(plan, Arithmetic::maximum)),
        Binary::Minimum => with_number!(dtype, T => pairs::<T, T>(plan, Arithmetic::minimum)),
        Binary::SquaredDifference => {
            with_number!(dtype, T => pairs::<T, T>(plan, Arithmetic::squared_difference))
        }
        Binary::Pow => with_number!(dtype, T => power::<T>(plan)),
        Binary::FloorDiv => with_number!(dtype, T => divide::<T>(plan, Arithmetic::floor_div)),
        Binary::FloorMod => with_number!(dtype, T => divide::<T>(plan, Arithmetic::floor_mod)),
    }
}

fn compare(function: Compare, spec: &Spec<'_>) -> Kernel {
    let dtype = spec.input_dtype(0);
    let plan = pair_plan(spec);
    match function {
        Compare::Equal => with_element!(dtype, T => pairs::<T, bool>(plan, elementwise::equal)),
        Compare::NotEqual => {
            with_element!(dtype, T => pairs::<T, bool>(plan, elementwise::not_equal))
        }
        Compare::Less => with_number!(dtype, T => pairs::<T, bool>(plan, elementwise::less)),
        Compare::LessEqual => {
            with_number!(dtype, T => pairs::<T, bool>(plan, elementwise::less_equal))
        }
        Compare::Greater => with_number!(dtype, T => pairs::<T, bool>(plan, elementwise::greater)),
        Compare::GreaterEqual => {
            with_number!(dtype, T => pairs::<T, bool>(plan, elementwise::greater_equal))
        }
    }
}

fn test(property: Test, dtype: DType) -> Kernel {
    match property {
        Test::IsNan => with_float!(dtype, T => map_to::<T, bool>(T::is_nan)),
        Test::IsInf => with_float!(dtype, T => map_to::<T, bool>(T::is_infinite)),
        Test::IsFinite => with_float!(dtype, T => map_to::<T, bool>(T::is_finite)),
    }
}

fn logical(function: Logical, spec: &Spec<'_>) -> Kernel {
    let plan = pair_plan(spec);
    match function {
        Logical::And => pairs::<bool, bool>(plan, BitAnd::bitand),
        Logical::Or => pairs::<bool, bool>(plan, BitOr::bitor),
        Logical::Xor => pairs::<bool, bool>(plan, BitXor::bitxor),
    }
}

/// One function of each element.
pub(super) fn map<T: Typed>(f: impl Fn(T) -> T + Send + Sync + 'static) -> Kernel {
    map_to::<T, T>(f)
}

fn map_to<T: Typed, U: Typed>(f: impl Fn(T) -> U + Send + Sync + 'static) -> Kernel {
    infallible(move |args| {
        let x = args.input::<T>(0);
        let mapped = args.output::<U>(0).iter_mut().zip(x);
        mapped.for_each(|(y, x)| *y = f(*x));
    })
}

fn pair_plan(spec: &Spec<'_>) -> Broadcast<2> {
    Broadcast::new(&spec.output(0), [&spec.input(0), &spec.input(1)])
}

/// One function of each pair.
fn pairs<T: Typed, U: Typed>(
    plan: Broadcast<2>,
    f: impl Fn(T, T) -> U + Send + Sync + 'static,
) -> Kernel {
    infallible(move |args| plan.apply(args.input(0), args.input(1), args.output(0), &f))
}

/// A quotient, or what is left of one.
fn divide<T: Arithmetic>(
    plan: Broadcast<2>,
    f: impl Fn(T, T) -> T + Send + Sync + 'static,
) -> Kernel {
    if T::DTYPE.is_float() {
        return pairs::<T, T>(plan, f);
    }
    let report = |element| Failure::new(format!("division by zero at element {element}"));
    checked_pairs(plan, |divisor: T| divisor == T::ZERO, report, f)
}

fn power<T: Arithmetic>(plan: Broadcast<2>) -> Kernel {
    if T::DTYPE.is_float() {
        return pairs::<T, T>(plan, Arithmetic::pow);
    }
    let report = |element| {
        Failure::new(format!("negative power of an integer at element {element}"))
            .help("cast to floats, which have such powers: `.cast::<f32>()`")
    };
    checked_pairs(plan, |power: T| power < T::ZERO, report, Arithmetic::pow)
}

/// One function of each pair, which has no result for some right operands: `report` says so of an
/// element of the result.
fn checked_pairs<T: Arithmetic>(
    plan: Broadcast<2>,
    refused: impl Fn(T) -> bool + Send + Sync + 'static,
    report: impl Fn(usize) -> Failure + Send + Sync + 'static,
    f: impl Fn(T, T) -> T + Send + Sync + 'static,
) -> Kernel {
    Box::new(move |args| {
        let (a, b) = (args.input::<T>(0), args.input::<T>(1));
        if b.iter().any(|b| refused(*b)) {
            // Such an operand may still have no part in a result without elements.
            if let Some(element) = plan.position(1, b, &refused) {
                return Err(report(element));
            }
        }
        plan.apply(a, b, args.output(0), &f);
        Ok(())
    })
}

fn select<T: Typed>(spec: &Spec<'_>) -> Kernel {
    let operands = [&*spec.input(0), &spec.input(1), &spec.input(2)];
    let plan = Broadcast::new(&spec.output(0), operands);
    infallible(move |args| {
        let (condition, a, b) = (args.input(0), args.input::<T>(1), args.input::<T>(2));
        plan.select(condition, a, b, args.output(0), elementwise::select);
    })
}

fn add_n<T: Arithmetic>() -> Kernel {
    infallible(|args| {
        let sum = args.output::<T>(0);
        sum.copy_from_slice(args.input(0));
        for index in 1..args.input_count() {
            let terms = sum.iter_mut().zip(args.input::<T>(index));
            terms.for_each(|(sum, term)| *sum = sum.add(*term));
        }
    })
}
