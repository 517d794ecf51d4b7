//! What is found out along one axis.

use super::{check, check_problem};
use crate::element::DType;
use crate::op::{Accumulation, Extreme, Reduce};

fn arg(extreme: Extreme, axis: usize, out_type: DType) -> Reduce {
    Reduce::Arg {
        extreme,
        axis,
        out_type,
    }
}

fn cumulative(accumulation: Accumulation, axis: usize) -> Reduce {
    Reduce::Cumulative {
        accumulation,
        axis,
        exclusive: false,
        reverse: true,
    }
}

fn recurrence(axis: usize) -> Reduce {
    Reduce::Recurrence {
        axis,
        reverse: false,
    }
}

#[test]
fn arg_drops_its_axis() {
    let op = |axis| arg(Extreme::Largest, axis, DType::I64);
    check(op(0), "f32[a, 3]", "i64[3]");
    check(op(1), "u8[a, 3]", "i64[a]");
    check(op(0), "f64[a]", "i64[]");
    check(arg(Extreme::Smallest, 0, DType::I32), "i64[4]", "i32[]");
    check(op(0), "f32[0, 0]", "i64[0]");
    check(op(0), "f32[0, a]", "i64[a]");
}

#[test]
fn arg_needs_an_element_for_each_result() {
    check_problem(
        arg(Extreme::Largest, 1, DType::I64),
        "f32[2, 0]",
        "shape: axis 1 of x has size 0: it has no largest element \
         | give the axis a size of 1 or more",
    );
    check_problem(
        arg(Extreme::Smallest, 0, DType::I32),
        "i32[0]",
        "shape: axis 0 of x has size 0: it has no smallest element \
         | give the axis a size of 1 or more",
    );
}

#[test]
fn arg_checks_dtypes_and_axis() {
    check_problem(
        arg(Extreme::Largest, 0, DType::I64),
        "bool[2]",
        "dtype: x is bool but must be f32, f64, i32, i64 or u8 | cast it: `.cast::<f32>()`",
    );
    check_problem(
        arg(Extreme::Largest, 0, DType::F32),
        "f32[2]",
        "dtype: the result is f32 but must be i32 or i64",
    );
    check_problem(
        arg(Extreme::Largest, 2, DType::I64),
        "f32[2, 2]",
        "argument: axis 2 does not exist: x has rank 2 | axes run from 0 to 1",
    );
    check_problem(
        arg(Extreme::Largest, 0, DType::I64),
        "f32[]",
        "argument: axis 0 does not exist: x is a scalar",
    );
}

#[test]
fn cumulative_keeps_shape_and_dtype() {
    for op in [Accumulation::Sum, Accumulation::Product] {
        check(cumulative(op, 1), "f32[a, ?]", "f32[a, ?]");
        check(cumulative(op, 0), "u8[0]", "u8[0]");
        check(cumulative(op, 0), "i32=[2, a]", "i32[2]");
        check_problem(
            cumulative(op, 0),
            "bool[2]",
            "dtype: x is bool but must be f32, f64, i32, i64 or u8 | cast it: `.cast::<f32>()`",
        );
        check_problem(
            cumulative(op, 0),
            "f32[]",
            "argument: axis 0 does not exist: x is a scalar",
        );
    }
}

#[test]
fn recurrence_takes_one_shape() {
    check(recurrence(1), "f32[a, 3]; f32[2, 3]", "f32[2, 3]");
    check_problem(
        recurrence(0),
        "f32[2]; f64[2]",
        "dtype: factors is f32 but terms is f64 | cast one of them: `.cast::<f32>()`",
    );
    check_problem(
        recurrence(0),
        "bool[2]; bool[2]",
        "dtype: factors is bool but must be f32, f64, i32, i64 or u8 | cast it: `.cast::<f32>()`",
    );
    check_problem(
        recurrence(0),
        "f32[2]; f32[3]",
        "shape: input 1 has shape [3] but the inputs before it have shape [2] \
         | all inputs must have one shape",
    );
    check_problem(
        recurrence(1),
        "f32[2]; f32[2]",
        "argument: axis 1 does not exist: factors has rank 1 | axes run from 0 to 0",
    );
}
