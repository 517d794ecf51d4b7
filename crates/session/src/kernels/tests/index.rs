//! Parts named by rows of indices, places of truth: nothing of them, all of them, indices out of range.

use aqueduct_graph::ir::{Array, Data, Fact};
use aqueduct_graph::{DType, Value};
use ndarray::{Array2, array};

use super::{check, counting, failure, sizes, unwritten};

fn no_indices(rows: usize, depth: usize) -> Value {
    Array2::<i32>::zeros((rows, depth)).into()
}

#[test]
fn gather_nd_of_every_type() {
    for dtype in DType::ALL {
        let x = unwritten(&Fact::new(dtype, [2, 3]));
        check(
            Array::GatherNd,
            &[x.clone(), array![[0], [1]].into()],
            std::slice::from_ref(&x),
        );
    }
    let x = Value::from(array![[1, 2], [3, 4]]);
    let elements = array![[[0_i64, 1], [1, 0]]].into();
    check(Array::GatherNd, &[x, elements], &[array![[2, 3]].into()]);
}

#[test]
fn rows_that_name_no_axis_name_the_whole() {
    let x = Value::from(array![1, 2]);
    let twice = [array![[1, 2], [1, 2]].into()];
    check(Array::GatherNd, &[x.clone(), no_indices(2, 0)], &twice);
    let one = Value::zeros(DType::I32, &[0]).unwrap();
    check(
        Array::GatherNd,
        &[x.clone(), one.clone()],
        std::slice::from_ref(&x),
    );
    let sums = [array![2, 4].into()];
    let [updates] = twice;
    check(
        Array::ScatterNd,
        &[no_indices(2, 0), updates, sizes(&[2])],
        &sums,
    );
    check(Array::ScatterNd, &[one, x.clone(), sizes(&[2])], &[x]);
}

#[test]
fn no_rows_and_nothing_to_index() {
    let nothing = Value::zeros(DType::F32, &[0, 2]).unwrap();
    check(
        Array::GatherNd,
        &[nothing.clone(), no_indices(0, 1)],
        std::slice::from_ref(&nothing),
    );
    let zeros = Value::zeros(DType::F32, &[3, 2]).unwrap();
    check(
        Array::ScatterNd,
        &[no_indices(0, 1), nothing.clone(), sizes(&[3, 2])],
        &[zeros],
    );
    let inputs = [nothing, no_indices(1, 1)];
    let message = failure(Array::GatherNd, &inputs, DType::F32, &[1, 2]);
    assert_eq!(message, "indices[0, 0] = 0 is not in [0, 0)");
}

#[test]
fn rows_of_indices_are_checked() {
    let x = counting(&[2, 3]);
    let inputs = [x, array![[0, 1], [1, 3]].into()];
    let message = failure(Array::GatherNd, &inputs, DType::F32, &[2]);
    assert_eq!(message, "indices[1, 1] = 3 is not in [0, 3)");
    let inputs = [array![[1_i64], [-1]].into(), counting(&[2]), sizes(&[4])];
    let message = failure(Array::ScatterNd, &inputs, DType::F32, &[4]);
    assert_eq!(message, "indices[1, 0] = -1 is not in [0, 4)");
}

#[test]
fn scattered_integers_add_up_and_wrap_around() {
    let places = array![[1], [1], [0]].into();
    let updates = array![200_u8, 100, 3].into();
    check(
        Array::ScatterNd,
        &[places, updates, sizes(&[3])],
        &[array![3_u8, 44, 0].into()],
    );
}

#[test]
fn sequences_are_reversed_along_either_axis() {
    let op = |seq_axis, batch_axis| Array::ReverseSequence {
        seq_axis,
        batch_axis,
    };
    let x = Value::from(array![[1, 2, 3], [4, 5, 6]]);
    check(
        op(1, 0),
        &[x.clone(), array![3, 2].into()],
        &[array![[3, 2, 1], [5, 4, 6]].into()],
    );
    check(
        op(0, 1),
        &[x.clone(), array![0_i64, 1, 2].into()],
        &[array![[1, 2, 6], [4, 5, 3]].into()],
    );
    let deep = Value::from(array![[[[1], [2]], [[3], [4]]], [[[5], [6]], [[7], [8]]]]);
    let reversed = array![[[[5], [2]], [[7], [4]]], [[[1], [6]], [[3], [8]]]];
    check(op(0, 2), &[deep, array![2, 1].into()], &[reversed.into()]);
    let none = Value::zeros(DType::F32, &[0, 3]).unwrap();
    let no_lengths = Value::zeros(DType::I32, &[0]).unwrap();
    check(op(1, 0), &[none.clone(), no_lengths], &[none]);
    for (lengths, message) in [
        (array![3, 4], "lengths[1] = 4 is not in [0, 3]"),
        (array![-1, 4], "lengths[0] = -1 is not in [0, 3]"),
    ] {
        let inputs = [x.clone(), lengths.into()];
        assert_eq!(failure(op(1, 0), &inputs, DType::I32, &[2, 3]), message);
    }
}

#[test]
fn one_hot_marks_what_is_in_range() {
    let op = |axis| Array::OneHot { axis };
    let indices = Value::from(array![0_i64, -1, 2, 3]);
    let depth = Value::scalar(3);
    let (on, off) = (Value::scalar(5), Value::scalar(-1));
    let inputs = [indices, depth, on, off];
    let rows = array![[5, -1, -1], [-1, -1, -1], [-1, -1, 5], [-1, -1, -1]];
    check(op(0), &inputs, &[rows.t().into()]);
    check(op(1), &inputs, &[rows.into()]);
    let [_, _, on, off] = inputs;
    let table = Value::from(array![[1], [0]]);
    check(
        op(1),
        &[table, Value::scalar(2), on.clone(), off.clone()],
        &[array![[[-1], [5]], [[5], [-1]]].into()],
    );
    let (yes, no) = (Value::scalar(true), Value::scalar(false));
    check(
        op(0),
        &[Value::scalar(1), Value::scalar(2), yes, no],
        &[array![false, true].into()],
    );
    let nothing = Value::zeros(DType::I32, &[2, 0]).unwrap();
    check(
        op(1),
        &[array![0, 1].into(), Value::scalar(0), on, off],
        &[nothing],
    );
}

#[test]
fn the_places_where_a_condition_holds() {
    let condition = Value::from(array![[true, false, true], [false, false, true]]);
    check(
        Array::Where,
        &[condition],
        &[array![[0_i64, 0], [0, 2], [1, 2]].into()],
    );
    for (holds, count) in [(true, 1), (false, 0)] {
        let rows = Value::new(vec![count, 0], Data::I64(Vec::new())).unwrap();
        check(Array::Where, &[Value::scalar(holds)], &[rows]);
    }
    let nothing = Value::zeros(DType::Bool, &[3, 0]).unwrap();
    check(
        Array::Where,
        &[nothing],
        &[Value::zeros(DType::I64, &[0, 2]).unwrap()],
    );
}

#[test]
fn of_several_updates_of_a_part_the_last_stays() {
    let x = counting(&[3, 2]);
    let rows = array![[2], [0], [2]].into();
    let updates = array![[7.0_f32, 8.0], [5.0, 6.0], [f32::NAN, 9.0]].into();
    let written = array![[5.0_f32, 6.0], [2.0, 3.0], [f32::NAN, 9.0]].into();
    check(Array::TensorScatterUpdate, &[x, rows, updates], &[written]);
    for dtype in DType::ALL {
        let old = Value::zeros(dtype, &[2, 3]).unwrap();
        let new = unwritten(&Fact::new(dtype, [2, 3]));
        let rows = array![[0_i64], [1]].into();
        check(
            Array::TensorScatterUpdate,
            &[old.clone(), rows, new.clone()],
            &[new],
        );
        let none = [
            old.clone(),
            no_indices(0, 1),
            Value::zeros(dtype, &[0, 3]).unwrap(),
        ];
        check(Array::TensorScatterUpdate, &none, &[old]);
    }
}

#[test]
fn updates_of_parts_that_are_not_there() {
    let inputs = [counting(&[4]), array![[1_i64], [4]].into(), counting(&[2])];
    let message = failure(Array::TensorScatterUpdate, &inputs, DType::F32, &[4]);
    assert_eq!(message, "indices[1, 0] = 4 is not in [0, 4)");
}
