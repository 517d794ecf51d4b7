//! Kernels of family `math`.

#![deny(clippy::wildcard_enum_match_arm)]

use aqueduct_graph::ir::{Binary, Math};

use crate::kernels::broadcast::Broadcast;
use crate::kernels::elementwise::{self, Arithmetic};
use crate::kernels::primitive::{self, Maker, Unsupported};
use crate::kernels::{Failure, Kernel, Spec, Typed, cast, infallible, matmul};

pub(super) fn kernel(op: Math, spec: &Spec<'_>) -> Kernel {
    let dtype = spec.input_dtype(0);
    let plain = Plain(spec);
    match op {
        Math::Unary(function) => primitive::unary(function, dtype, plain),
        Math::Binary(function) => binary(function, spec),
        Math::Compare(function) => primitive::compare(function, dtype, plain),
        Math::Test(property) => primitive::test(property, dtype, plain),
        Math::Logical(function) => primitive::logical(function, plain),
        Math::Not => primitive::not(plain),
        Math::Select => primitive::select(spec.input_dtype(1), plain),
        Math::AddN => with_number!(dtype, T => add_n::<T>()),
        Math::MatMul {
            transpose_a,
            transpose_b,
        } => matmul::kernel(transpose_a, transpose_b, spec),
        Math::Cast { to } => cast::make(dtype, to, plain),
    }
}

/// Makes kernels over whole tensors, whose operands broadcast to the result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain<'a>(pub(super) &'a Spec<'a>);

impl Maker for Plain<'_> {
    type Made = Kernel;

    fn map<A: Typed, U: Typed>(self, f: impl Fn(A) -> U + Copy + Send + Sync + 'static) -> Kernel {
        infallible(move |args| {
            let x = args.input::<A>(0);
            let mapped = args.output::<U>(0).iter_mut().zip(x);
            mapped.for_each(|(y, x)| *y = f(*x));
        })
    }

    fn pairs<A: Typed, U: Typed>(
        self,
        f: impl Fn(A, A) -> U + Copy + Send + Sync + 'static,
    ) -> Kernel {
        let plan = pair_plan(self.0);
        infallible(move |args| {
            let (a, b) = (args.input::<A>(0), args.input::<A>(1));
            plan.apply(a, b, args.output::<U>(0), f);
        })
    }

    fn select<T: Typed>(self) -> Kernel {
        let operands = [0, 1, 2].map(|index| self.0.input(index));
        let plan = Broadcast::new(&self.0.output(0), operands.each_ref().map(Vec::as_slice));
        infallible(move |args| {
            let (condition, a, b) = (args.input(0), args.input::<T>(1), args.input::<T>(2));
            plan.select(condition, a, b, args.output(0), elementwise::select);
        })
    }
}

/// The kernel of a binary function; both operands broadcast to the result.
pub(super) fn binary(function: Binary, spec: &Spec<'_>) -> Kernel {
    let dtype = spec.input_dtype(0);
    if !primitive::may_fail(function, dtype) {
        return primitive::binary(function, dtype, Plain(spec));
    }
    let plan = pair_plan(spec);
    match function {
        Binary::Div => with_integer!(dtype, T => divide::<T>(plan, Arithmetic::div)),
        Binary::FloorDiv => with_integer!(dtype, T => divide::<T>(plan, Arithmetic::floor_div)),
        Binary::FloorMod => with_integer!(dtype, T => divide::<T>(plan, Arithmetic::floor_mod)),
        Binary::TruncateMod => with_integer!(dtype, T => divide::<T>(plan, Arithmetic::rem)),
        Binary::Pow => with_integer!(dtype, T => power::<T>(plan)),
        Binary::Add
        | Binary::Sub
        | Binary::Mul
        | Binary::Maximum
        | Binary::Minimum
        | Binary::SquaredDifference
        | Binary::Atan2
        | Binary::Zeta => Unsupported::unsupported(dtype),
    }
}

fn pair_plan(spec: &Spec<'_>) -> Broadcast<2> {
    Broadcast::new(&spec.output(0), [&spec.input(0), &spec.input(1)])
}

/// What to do about zeros among the divisors.
pub(super) const NO_ZEROS: &str =
    "integers have no quotient by zero: keep zeros out, as with `maximum(1)`, or cast to floats";

/// A quotient of integers, or what is left of one.
fn divide<T: Arithmetic>(
    plan: Broadcast<2>,
    f: impl Fn(T, T) -> T + Send + Sync + 'static,
) -> Kernel {
    let report =
        |element| Failure::new(format!("division by zero at element {element}")).help(NO_ZEROS);
    checked_pairs(plan, |divisor: T| divisor == T::ZERO, report, f)
}

/// A power of integers.
fn power<T: Arithmetic>(plan: Broadcast<2>) -> Kernel {
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
