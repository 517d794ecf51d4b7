//! How the elements of small integer tensors are followed through ops.

use std::sync::Arc;

use super::check;
use crate::element::DType;
use crate::op::{Array, Binary, Math, Unary};
use crate::value::{Data, Value};

fn binary(op: Binary) -> Math {
    Math::Binary(op)
}

#[test]
fn constants_are_known() {
    let constant = |value| Array::Constant(Arc::new(value));
    check(constant(Value::scalar(7_i32)), "", "i32=7");
    check(constant(Value::vector(vec![-1_i64, 2])), "", "i64=[-1, 2]");
    check(constant(Value::vector(vec![0_i32; 65])), "", "i32[65]");
    check(constant(Value::vector(vec![1_u8])), "", "u8[1]");
    check(constant(Value::scalar(1.5_f32)), "", "f32[]");
    let matrix = Value::new(vec![1, 1], Data::I32(vec![1])).expect("1 element");
    check(constant(matrix), "", "i32[1, 1]");
}

#[test]
fn a_placeholder_is_unknown() {
    let placeholder = |dtype, text: &str| Array::Placeholder {
        dtype,
        shape: super::shape(text),
    };
    check(placeholder(DType::F32, "[a, 28]"), "", "f32[a, 28]");
    check(placeholder(DType::I32, "[2]"), "", "i32[2]");
}

#[test]
fn shapes_are_exact() {
    let shape = |out_type| Array::Shape { out_type };
    check(shape(DType::I32), "f32[a, 3, b]", "i32=[a, 3, b]");
    check(shape(DType::I64), "bool[]", "i64[0]");
    check(shape(DType::I64), "u8[4294967296]", "i64=[4294967296]");
    check(shape(DType::I32), "u8[4294967296]", "i32[1]");
}

#[test]
fn sizes_are_products_or_one_symbol() {
    let size = Array::Size {
        out_type: DType::I32,
    };
    for (input, output) in [
        ("f32[]", "i32=1"),
        ("f32[2, 3]", "i32=6"),
        ("f32[1, a, 1]", "i32=a"),
        ("f32[2, a]", "i32[]"),
        ("f32[a, b]", "i32[]"),
        ("f32[a, 0]", "i32=0"),
    ] {
        check(size.clone(), input, output);
    }
}

#[test]
fn elements_pass_through() {
    check(Array::Identity, "i32=[a, 2]", "i32=[a, 2]");
    check(Array::StopGradient, "i64=a", "i64=a");
    let cast = |to| Math::Cast { to };
    check(cast(DType::I64), "i32=[a, -2]", "i64=[a, -2]");
    check(cast(DType::I32), "i64=[a, 4294967296]", "i32=[a, ?]");
    check(cast(DType::F32), "i32=[a, 2]", "f32[2]");
    check(cast(DType::I32), "u8[2]", "i32[2]");
}

#[test]
fn elements_are_moved_about() {
    check(
        Array::Stack { axis: 0 },
        "i32=a; i32=3; i32[]",
        "i32=[a, 3, ?]",
    );
    check(
        Array::Stack { axis: 0 },
        "i32=[a, 3]; i32=[1, 2]",
        "i32[2, 2]",
    );
    check(
        Array::Unstack { axis: 0, count: 2 },
        "i32=[a, 3]",
        "i32=a; i32=3",
    );
    check(
        Array::Concat { axis: 0 },
        "i32=[a]; i32=[3, 4]",
        "i32=[a, 3, 4]",
    );
    check(Array::Concat { axis: 0 }, "i32=[a]; i32[b]", "i32[?]");
    let split = |count, sizes: Option<&[usize]>| Array::Split {
        axis: 0,
        count,
        sizes: sizes.map(<[usize]>::to_vec),
    };
    check(split(2, None), "i32=[1, a, 3, 4]", "i32=[1, a]; i32=[3, 4]");
    check(
        split(2, Some(&[1, 3])),
        "i32=[1, a, 3, 4]",
        "i32=[1]; i32=[a, 3, 4]",
    );
    check(Array::ExpandDims { axis: 0 }, "i32=a", "i32=[a]");
    check(Array::ExpandDims { axis: 0 }, "i32=[a]", "i32[1, 1]");
    check(Array::Squeeze { axes: vec![0] }, "i32=[a]", "i32=a");
    check(
        Array::Transpose { perm: vec![0] },
        "i32=[a, 2]",
        "i32=[a, 2]",
    );
    check(Array::Reshape, "i32=a; i32=[1]", "i32=[a]");
    check(Array::Reshape, "i32=[a]; i32[0]", "i32=a");
    check(Array::Reshape, "i32=[a, 2]; i32=[-1]", "i32=[a, 2]");
    check(Array::Fill, "i32=[3]; i64=a", "i64=[a, a, a]");
    check(Array::Fill, "i32=[b]; i64=a", "i64[b]");
}

#[test]
fn elements_are_gathered() {
    let gather = Array::Gather { axis: 0 };
    check(gather.clone(), "i32=[a, 5, 6]; i32=[2, 0]", "i32=[6, a]");
    check(gather.clone(), "i32=[a, 5, 6]; i64=1", "i32=5");
    check(
        gather.clone(),
        "i32=[a, 5, 6]; i32=[1, ?, 3]",
        "i32=[5, ?, ?]",
    );
    check(gather, "i32=[a, 5, 6]; i32=[-1]", "i32[1]");
}

#[test]
fn arithmetic_of_known_numbers() {
    for (op, output) in [
        (Binary::Add, "i32=[9, -5]"),
        (Binary::Sub, "i32=[5, -9]"),
        (Binary::Mul, "i32=[14, -14]"),
        (Binary::Div, "i32=[3, -3]"),
        (Binary::Maximum, "i32=[7, 2]"),
        (Binary::Minimum, "i32=[2, -7]"),
        (Binary::SquaredDifference, "i32=[25, 81]"),
        (Binary::Pow, "i32=[49, 49]"),
        (Binary::FloorDiv, "i32=[3, -4]"),
        (Binary::FloorMod, "i32=[1, 1]"),
    ] {
        check(binary(op), "i32=[7, -7]; i32=2", output);
        check(binary(op), "i32=[7, -7]; i32=[2, 2]", output);
    }
    check(Math::Unary(Unary::Neg), "i32=[2, a, -3]", "i32=[-2, ?, 3]");
}

#[test]
fn quotients_are_rounded_down() {
    let operands = "i64=[7, -7, 7, -7, -6]; i64=[2, 2, -2, -2, 3]";
    check(binary(Binary::FloorDiv), operands, "i64=[3, -4, -4, 3, -2]");
    check(binary(Binary::FloorMod), operands, "i64=[1, 1, -1, -1, 0]");
}

#[test]
fn arithmetic_that_cannot_be_told() {
    check(binary(Binary::Add), "i32=2147483647; i32=2", "i32[]");
    check(
        binary(Binary::Add),
        "i64=2147483647; i64=2",
        "i64=2147483649",
    );
    check(
        binary(Binary::Mul),
        "i64=9223372036854775807; i64=2",
        "i64[]",
    );
    check(binary(Binary::Div), "i32=[4, 6]; i32=[0, 2]", "i32=[?, 3]");
    check(
        binary(Binary::Div),
        "i64=-9223372036854775808; i64=-1",
        "i64[]",
    );
    check(Math::Unary(Unary::Neg), "i32=-2147483648", "i32[]");
    for op in [Binary::FloorDiv, Binary::FloorMod] {
        check(binary(op), "i64=-9223372036854775808; i64=-1", "i64[]");
    }
    check(
        binary(Binary::FloorDiv),
        "i32=[4, 6]; i32=[0, 4]",
        "i32=[?, 1]",
    );
    check(
        binary(Binary::FloorMod),
        "i32=[4, 6]; i32=[0, 4]",
        "i32=[?, 2]",
    );
    check(
        binary(Binary::Pow),
        "i32=[2, 2, 46341, 2]; i32=[30, 31, 2, -1]",
        "i32=[1073741824, ?, ?, ?]",
    );
    check(
        binary(Binary::Pow),
        "i64=[2, 2]; i64=[62, 63]",
        "i64=[4611686018427387904, ?]",
    );
    check(binary(Binary::Add), "i32=[a, b]; i32=2", "i32[2]");
    check(binary(Binary::Sub), "i32=a; i32=a", "i32[]");
    check(binary(Binary::Add), "i32[0]; i32=[4]", "i32[0]");
}

#[test]
fn neutral_elements_keep_the_symbol() {
    check(binary(Binary::Add), "i32=[a, b]; i32=0", "i32=[a, b]");
    check(binary(Binary::Add), "i32=0; i32=a", "i32=a");
    check(binary(Binary::Sub), "i32=a; i32=0", "i32=a");
    check(binary(Binary::Sub), "i32=0; i32=a", "i32[]");
    check(binary(Binary::Mul), "i32=a; i32=[1, 2]", "i32=[a, ?]");
    check(binary(Binary::Mul), "i32=1; i32=a", "i32=a");
    check(binary(Binary::Div), "i32=a; i32=1", "i32=a");
    check(binary(Binary::Div), "i32=1; i32=a", "i32[]");
    check(binary(Binary::Maximum), "i32=a; i32=0", "i32[]");
    check(binary(Binary::FloorDiv), "i32=a; i32=1", "i32=a");
    check(binary(Binary::FloorDiv), "i32=1; i32=a", "i32[]");
    check(binary(Binary::Pow), "i32=a; i32=1", "i32=a");
    check(binary(Binary::Pow), "i32=1; i32=a", "i32[]");
    check(binary(Binary::FloorMod), "i32=a; i32=1", "i32[]");
}
