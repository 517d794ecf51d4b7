//! Orders along the last axis: ties, NaN and infinities, nothing, and each way to find few of many.

use aqueduct_graph::ir::{Array, Data, Extreme};
use aqueduct_graph::{DType, Value};
use ndarray::array;

use super::check;

const NAN: f32 = f32::NAN;
const INF: f32 = f32::INFINITY;

fn top(extreme: Extreme) -> Array {
    Array::TopK { extreme }
}

/// The places of the `k` most extreme ones of a row, for each `k`.
#[track_caller]
fn check_places(row: &[f32], extreme: Extreme, order: &[usize]) {
    for k in 0..=order.len() {
        let places: Vec<i32> = order[..k].iter().map(|place| *place as i32).collect();
        let values: Vec<f32> = order[..k].iter().map(|place| row[*place]).collect();
        check(
            top(extreme),
            &[Value::vector(row.to_vec()), Value::scalar(k as i32)],
            &[Value::vector(values), Value::vector(places)],
        );
    }
}

#[test]
fn of_equal_ones_the_first_comes_first() {
    let row = [1.0, 3.0, 2.0, 3.0, 1.0, 2.0];
    check_places(&row, Extreme::Largest, &[1, 3, 2, 5, 0, 4]);
    check_places(&row, Extreme::Smallest, &[0, 4, 2, 5, 1, 3]);
    check_places(&[0.0, -0.0, 0.0], Extreme::Largest, &[0, 1, 2]);
    check_places(&[0.0, -0.0, 0.0], Extreme::Smallest, &[0, 1, 2]);
}

#[test]
fn nan_is_beyond_infinity() {
    let row = [1.0, NAN, INF, -INF, NAN, 0.0];
    check_places(&row, Extreme::Largest, &[1, 4, 2, 0, 5, 3]);
    check_places(&row, Extreme::Smallest, &[3, 5, 0, 2, 1, 4]);
    check_places(&[NAN, NAN], Extreme::Smallest, &[0, 1]);
}

#[test]
fn few_of_many() {
    // A permutation of 0..101.
    let row: Vec<f32> = (0..101).map(|number| (number * 37 % 101) as f32).collect();
    let mut order: Vec<usize> = (0..101).collect();
    order.sort_by(|a, b| row[*b].total_cmp(&row[*a]));
    check_places(&row, Extreme::Largest, &order);
    order.reverse();
    check_places(&row, Extreme::Smallest, &order);
}

#[test]
fn rows_of_every_type_of_numbers() {
    macro_rules! each {
        ($($number:ty),*) => {$(
            check(
                top(Extreme::Largest),
                &[
                    array![[1 as $number, 3 as $number, 2 as $number], [9 as $number, 7 as $number, 8 as $number]].into(),
                    Value::scalar(2_i64),
                ],
                &[
                    array![[3 as $number, 2 as $number], [9 as $number, 8 as $number]].into(),
                    array![[1, 2], [0, 2]].into(),
                ],
            );
        )*};
    }
    each!(f32, f64, i32, i64, u8);
    check(
        top(Extreme::Smallest),
        &[Value::vector(vec![i64::MAX, i64::MIN]), Value::scalar(2)],
        &[
            Value::vector(vec![i64::MIN, i64::MAX]),
            Value::vector(vec![1, 0]),
        ],
    );
}

#[test]
fn nothing_to_order() {
    for (from, k, to) in [
        ([2, 0], 0, [2, 0]),
        ([0, 3], 2, [0, 2]),
        ([2, 3], 0, [2, 0]),
    ] {
        let zeros = |dtype, sizes: &[usize]| Value::zeros(dtype, sizes).unwrap();
        check(
            top(Extreme::Largest),
            &[zeros(DType::F64, &from), Value::scalar(k)],
            &[zeros(DType::F64, &to), zeros(DType::I32, &to)],
        );
    }
    let one = Value::new(vec![1], Data::U8(vec![7])).unwrap();
    check(
        top(Extreme::Largest),
        &[one.clone(), Value::scalar(1)],
        &[one, Value::vector(vec![0])],
    );
}
