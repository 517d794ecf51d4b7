use super::{check, check_problem};
use crate::element::DType;
use crate::op::Array;

const I32: Array = Array::Range { dtype: DType::I32 };

#[test]
fn known_numbers_give_a_known_size_and_elements() {
    check(I32, "i32=0; i32=3; i32=1", "i32=[0, 1, 2]");
    check(I32, "i32=10; i32=0; i32=-3", "i32=[10, 7, 4, 1]");
    check(I32, "i32=2; i32=2; i32=-1", "i32[0]");
    check(I32, "i32=0; i32=100; i32=1", "i32[100]");
    let op = Array::Range { dtype: DType::I64 };
    let lowest = i64::MIN;
    let highest = i64::MAX;
    check(
        op,
        &format!("i64={lowest}; i64={highest}; i64={highest}"),
        "i64=[-9223372036854775808, -1, 9223372036854775806]",
    );
}

#[test]
fn a_range_up_to_a_size_has_that_size() {
    check(I32, "i32=0; i32=a; i32=1", "i32[a]");
    check(I32, "i32=1; i32=a; i32=1", "i32[?]");
    check(I32, "i32=0; i32=a; i32=2", "i32[?]");
    check(I32, "i32[]; i32[]; i32[]", "i32[?]");
    let op = Array::Range { dtype: DType::F64 };
    check(op, "f64[]; f64[]; f64[]", "f64[?]");
}

#[test]
fn a_range_leads_from_start_to_limit() {
    check_problem(
        I32,
        "i32=0; i32=a; i32=0",
        "argument: delta is 0 | give the distance of two neighbours",
    );
    check_problem(
        I32,
        "i32=3; i32=0; i32=1",
        "argument: start 3 is above limit 0 but delta 1 is positive | delta leads from start towards limit",
    );
    check_problem(
        I32,
        "i32=0; i32=3; i32=-1",
        "argument: start 0 is below limit 3 but delta -1 is negative | delta leads from start towards limit",
    );
    check_problem(
        Array::Range { dtype: DType::I64 },
        &format!("i64={}; i64={}; i64=1", i64::MIN, i64::MAX),
        "shape: a result of shape [9223372036854775807] is larger than any memory | look at the sizes \
         that this operation is given",
    );
}

#[test]
fn the_operands_are_scalars_of_one_signed_type() {
    check_problem(
        I32,
        "i32=0; i64=3; i32=1",
        "dtype: the result is i32 but limit is i64 | cast one of them: `.cast::<i32>()`",
    );
    check_problem(
        I32,
        "i32=0; i32=3; i32=[1]",
        "shape: delta has shape [1] but must be a scalar | reshape delta to rank 0",
    );
    check_problem(
        Array::Range { dtype: DType::U8 },
        "u8[]; u8[]; u8[]",
        "dtype: the result is u8 but must be f32, f64, i32 or i64",
    );
}
