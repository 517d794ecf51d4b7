use std::sync::Arc;

use super::{check, check_problem};
use crate::op::{Array, PadMode};
use crate::value::Value;

fn constant() -> PadMode {
    PadMode::Constant(Arc::new(Value::scalar(0.0_f32)))
}

fn pad(mode: PadMode) -> Array {
    Array::Pad { mode }
}

fn pad_grad(mode: PadMode) -> Array {
    Array::PadGrad { mode }
}

#[test]
fn tile() {
    check(Array::Tile, "f32[a, 3]; i32=[1, 4]", "f32[a, 12]");
    check(Array::Tile, "f32[a, 3]; i64=[2, b]", "f32[?, ?]");
    check(Array::Tile, "f32[1, a]; i32=[b, 0]", "f32[b, 0]");
    check(Array::Tile, "bool[]; i32[0]", "bool[]");
    check(Array::Tile, "i32=[a, 2]; i32=[2]", "i32=[a, 2, a, 2]");
    check(Array::Tile, "i32[0]; i32=[2]", "i32[0]");
    check_problem(
        Array::Tile,
        "f32[a, 3]; i32=[2]",
        "shape: multiples has 1 element but x has rank 2 | give one number for each axis of x",
    );
    check_problem(
        Array::Tile,
        "f32[3]; i32=[-1]",
        "shape: multiples gives the negative size -1 | a size is 0 or more",
    );
    check_problem(
        Array::Tile,
        "f32[3]; i64=[9223372036854775807]",
        "shape: axis 0 of the result is larger than any memory | look at the numbers \
         that this operation is given",
    );
}

#[test]
fn pad_adds_to_each_axis_and_its_gradient_takes_away() {
    for mode in [constant(), PadMode::Reflect, PadMode::Symmetric] {
        let (pad, grad) = (pad(mode.clone()), pad_grad(mode));
        check(pad.clone(), "f32[a, 3]; i32=[0, 0, 1, 2]", "f32[a, 6]");
        check(grad.clone(), "f32[a, 6]; i32=[0, 0, 1, 2]", "f32[a, 3]");
        check(pad.clone(), "f32[a, 3]; i32=[0, 1, 0, b]", "f32[?, ?]");
        check(grad.clone(), "f32[a, 6]; i32=[1, 0, 0, b]", "f32[?, ?]");
        check(pad.clone(), "f32[0]; i64=[0, 0]", "f32[0]");
        check(pad, "f32[]; i32[0]", "f32[]");
        check_problem(
            grad,
            "f32[3]; i32=[2, 2]",
            "shape: axis 0 of size 3 has no room for paddings of 2 and 2",
        );
    }
}

#[test]
fn paddings_are_two_numbers_for_each_axis() {
    check_problem(
        pad(constant()),
        "f32[2, 3]; i32=[1, 1, 1]",
        "shape: paddings has 3 elements but x has rank 2 | give two numbers for each axis: how many go before it and after it",
    );
    check_problem(
        pad(constant()),
        "f32[2]; i32=[1, -1]",
        "shape: paddings gives the negative size -1 | a size is 0 or more",
    );
    check_problem(
        pad(constant()),
        "i32[2]; i32=[1, 1]",
        "dtype: x is i32 but the value is f32 | cast one of them: `.cast::<f32>()`",
    );
    check_problem(
        pad(constant()),
        "f32[2]; i64=[9223372036854775807, 9223372036854775807]",
        "shape: axis 0 of the result is larger than any memory | look at the numbers \
         that this operation is given",
    );
}

#[test]
fn there_must_be_enough_to_mirror() {
    check(pad(PadMode::Reflect), "f32[3]; i32=[2, 2]", "f32[7]");
    check(pad(PadMode::Symmetric), "f32[3]; i32=[3, 3]", "f32[9]");
    check_problem(
        pad(PadMode::Reflect),
        "f32[3]; i32=[0, 3]",
        "shape: axis 0 of size 3 cannot be padded by 3 | reflect repeats all but the edge: pad by less than the size",
    );
    check_problem(
        pad(PadMode::Symmetric),
        "f32[3]; i32=[4, a]",
        "shape: axis 0 of size 3 cannot be padded by 4 | symmetric repeats the axis: pad by at most its size",
    );
    check_problem(
        pad_grad(PadMode::Reflect),
        "f32[5]; i32=[3, 0]",
        "shape: axis 0 of size 2 cannot be padded by 3 | reflect repeats all but the edge: pad by less than the size",
    );
    check_problem(
        pad_grad(PadMode::Symmetric),
        "bool[5]; i32=[1, 0]",
        "dtype: dy is bool but must be f32, f64, i32, i64 or u8 | cast it: `.cast::<f32>()`",
    );
}
