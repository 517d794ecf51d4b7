//! The places of equal elements: of every type, of what equals nothing, of nothing.

use aqueduct_graph::ir::Array;
use aqueduct_graph::{DType, Value};
use ndarray::array;

use super::check;

#[track_caller]
fn places(x: impl Into<Value>, expected: Vec<i32>) {
    check(
        Array::FirstOccurrence,
        &[x.into()],
        &[Value::vector(expected)],
    );
}

#[test]
fn integers_of_every_width() {
    places(array![7_u8, 255, 7, 0, 255], vec![0, 1, 0, 3, 1]);
    places(array![-1_i32, i32::MIN, -1, i32::MAX], vec![0, 1, 0, 3]);
    places(
        array![i64::MIN, -1, u32::MAX.into(), -1, i64::MIN],
        vec![0, 1, 2, 1, 0],
    );
}

#[test]
fn floats_that_are_like_no_other() {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    places(
        array![nan, 0.0, inf, -0.0, nan, -inf, inf],
        vec![0, 1, 2, 1, 4, 5, 2],
    );
    places(array![-0.0_f64, 1e-320, 0.0, 1e-320], vec![0, 1, 0, 1]);
}

#[test]
fn one_element_and_none() {
    places(array![5], vec![0]);
    for dtype in [DType::F32, DType::F64, DType::I32, DType::I64, DType::U8] {
        places(Value::zeros(dtype, &[0]).unwrap(), vec![]);
        places(Value::zeros(dtype, &[3]).unwrap(), vec![0; 3]);
    }
}
