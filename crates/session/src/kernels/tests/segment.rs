//! Reductions of segments: of every type, of nothing, of NaN and infinities, of ids that are wrong.

use aqueduct_graph::ir::{Array, SegmentReduction};
use aqueduct_graph::{DType, Value};
use ndarray::array;

use super::{check, failure};

const INF: f32 = f32::INFINITY;
const NAN: f32 = f32::NAN;

fn segment(reduction: SegmentReduction, sorted: bool) -> Array {
    Array::Segment { reduction, sorted }
}

/// Of ids in any order, and of the same ids sorted.
#[track_caller]
fn reduced(
    reduction: SegmentReduction,
    [x, ids]: [Value; 2],
    count: i32,
    unsorted: impl Into<Value>,
    sorted: impl Into<Value>,
) {
    let inputs = [x, ids, Value::scalar(count)];
    check(segment(reduction, false), &inputs, &[unsorted.into()]);
    check(segment(reduction, true), &inputs, &[sorted.into()]);
}

#[test]
fn a_segment_of_nothing() {
    let inputs = || [array![5.0_f32, 7.0].into(), array![1, 1].into()];
    let (low, high) = (f32::MIN, f32::MAX);
    let both = |reduction, sum: f32, nothing: f32, sorted: f32| {
        reduced(
            reduction,
            inputs(),
            3,
            array![nothing, sum, nothing],
            array![sorted, sum, sorted],
        );
    };
    both(SegmentReduction::Sum, 12.0, 0.0, 0.0);
    both(SegmentReduction::Prod, 35.0, 1.0, 1.0);
    both(SegmentReduction::Max, 7.0, low, 0.0);
    both(SegmentReduction::Min, 5.0, high, 0.0);
}

#[test]
fn integers_of_every_width() {
    let max = SegmentReduction::Max;
    let ids = || Value::from(array![0_i64, 0, 2]);
    reduced(
        max,
        [array![3_u8, 9, 4].into(), ids()],
        3,
        array![9_u8, 0, 4],
        array![9_u8, 0, 4],
    );
    let x = array![-3_i32, -9, -4];
    let least = array![-3, i32::MIN, -4];
    reduced(max, [x.into(), ids()], 3, least, array![-3, 0, -4]);
    let min = SegmentReduction::Min;
    let x = array![-3_i64, -9, -4];
    let most = array![-9, i64::MAX, -4];
    reduced(min, [x.into(), ids()], 3, most, array![-9_i64, 0, -4]);
    let products = array![i32::MAX.wrapping_mul(2), 1, 4];
    let x = array![i32::MAX, 2, 4];
    reduced(
        SegmentReduction::Prod,
        [x.into(), ids()],
        3,
        products.clone(),
        products,
    );
}

#[test]
fn infinities_and_nan_stay_in_their_segment() {
    let inputs = || {
        let x = array![NAN, 1.0, 2.0, NAN, -INF, INF, 3.0];
        [x.into(), array![0, 0, 1, 1, 2, 3, 4].into()]
    };
    let max = array![NAN, NAN, -INF, INF, 3.0];
    reduced(SegmentReduction::Max, inputs(), 5, max.clone(), max.clone());
    reduced(SegmentReduction::Min, inputs(), 5, max.clone(), max.clone());
    reduced(SegmentReduction::Sum, inputs(), 5, max.clone(), max.clone());
    reduced(SegmentReduction::Prod, inputs(), 5, max.clone(), max);
}

#[test]
fn slices_with_negative_ids_are_dropped() {
    let x = Value::from(array![[1, 2], [3, 4], [5, 6]]);
    let inputs = [x.clone(), array![2_i64, -1, 2].into(), Value::scalar(3)];
    let sum = segment(SegmentReduction::Sum, false);
    check(
        sum.clone(),
        &inputs,
        &[array![[0, 0], [0, 0], [6, 8]].into()],
    );
    let all = array![-1, i32::MIN, -7];
    let inputs = [x.clone(), all.clone().into(), Value::scalar(1)];
    check(sum.clone(), &inputs, &[array![[0, 0]].into()]);
    let inputs = [x, all.into(), Value::scalar(0)];
    check(sum, &inputs, &[Value::zeros(DType::I32, &[0, 2]).unwrap()]);
}

#[test]
fn ids_of_several_axes_and_of_none() {
    let max = segment(SegmentReduction::Max, false);
    let x = Value::from(array![[[1, 2], [3, 4]], [[5, 6], [7, 8]]]);
    let ids = Value::from(array![[1, 0], [1, -1]]);
    let inputs = [x.clone(), ids, Value::scalar(2)];
    check(max.clone(), &inputs, &[array![[3, 4], [5, 6]].into()]);
    let inputs = [array![4, 5].into(), Value::scalar(1_i64), Value::scalar(2)];
    check(max, &inputs, &[array![[i32::MIN, i32::MIN], [4, 5]].into()]);
}

#[test]
fn nothing_at_all() {
    let none = Value::zeros(DType::I32, &[0]).unwrap();
    let max = SegmentReduction::Max;
    let x = || Value::zeros(DType::F32, &[0, 2]).unwrap();
    reduced(max, [x(), none.clone()], 0, x(), x());
    let unused = array![[f32::MIN, f32::MIN]];
    reduced(max, [x(), none], 1, unused, array![[0.0_f32, 0.0]]);
    // Slices without elements: however many segments there are, they take no memory.
    let x = Value::zeros(DType::F32, &[2, 0]).unwrap();
    let result = || Value::zeros(DType::F32, &[i32::MAX as usize, 0]).unwrap();
    let ids = Value::from(array![1, i32::MAX - 1]);
    reduced(max, [x, ids], i32::MAX, result(), result());
}

#[test]
fn ids_that_name_no_segment() {
    let refused = |sorted, ids: Value| {
        let inputs = [array![1, 2, 3].into(), ids, Value::scalar(3)];
        failure(
            segment(SegmentReduction::Sum, sorted),
            &inputs,
            DType::I32,
            &[3],
        )
    };
    assert_eq!(
        refused(false, array![0, 1, 3].into()),
        "ids[2] = 3 is not in [0, 3)"
    );
    assert_eq!(
        refused(true, array![0, 1, 3].into()),
        "ids[2] = 3 is not in [0, 3)"
    );
    assert_eq!(
        refused(true, array![-1_i64, 1, 2].into()),
        "ids[0] = -1 is negative"
    );
    assert_eq!(
        refused(true, array![0, 2, 1].into()),
        "ids[2] = 1 comes after 2, but the ids must not fall"
    );
    let inputs = [
        array![[1, 2]].into(),
        array![[0, 9]].into(),
        Value::scalar(3),
    ];
    let message = failure(
        segment(SegmentReduction::Min, false),
        &inputs,
        DType::I32,
        &[3],
    );
    assert_eq!(message, "ids[0, 1] = 9 is not in [0, 3)");
}
