//! Moves of elements: every element type, sizes of 0, tiles, indices out of range.

use std::sync::Arc;

use aqueduct_graph::ir::{Array, Bound, Data, Fact, SegmentReduction, SliceSpec};
use aqueduct_graph::{DType, Value};
use ndarray::array;

use super::{check, counting, failure, numbers, run, sizes};

#[test]
fn copies_of_every_type() {
    for dtype in DType::ALL {
        let x = super::unwritten(&Fact::new(dtype, [2, 3]));
        let flat = Value::new(vec![6], x.data().clone()).unwrap();
        let tall = [Value::new(vec![2, 1, 3], x.data().clone()).unwrap()];
        let one = std::slice::from_ref(&x);
        check(Array::Identity, one, one);
        check(Array::StopGradient, one, one);
        check(Array::ExpandDims { axis: 1 }, one, &tall);
        check(Array::Squeeze { axes: vec![1] }, &tall, one);
        check(Array::Reshape, &[x.clone(), sizes(&[6])], &[flat]);
        check(Array::Constant(Arc::new(x.clone())), &[], one);
    }
}

#[test]
fn sizes_of_an_operand() {
    let x = counting(&[2, 0, 3]);
    let shape = |out_type| Array::Shape { out_type };
    let size = |out_type| Array::Size { out_type };
    let one = std::slice::from_ref(&x);
    check(shape(DType::I32), one, &[array![2, 0, 3].into()]);
    check(shape(DType::I64), one, &[array![2_i64, 0, 3].into()]);
    check(size(DType::I64), one, &[Value::scalar(0_i64)]);
    check(
        size(DType::I32),
        &[Value::scalar(1.0_f32)],
        &[Value::scalar(1)],
    );
}

#[test]
fn fill_and_broadcast() {
    let filled = array![[7_u8, 7], [7, 7]];
    check(
        Array::Fill,
        &[sizes(&[2, 2]), Value::scalar(7_u8)],
        &[filled.into()],
    );
    let column = Value::from(array![[true], [false]]);
    let repeated = array![[true, true], [false, false]];
    check(
        Array::BroadcastTo,
        &[column, sizes(&[2, 2])],
        &[repeated.into()],
    );
    let row = Value::from(array![1, 2]);
    let repeated = array![[1, 2], [1, 2], [1, 2]];
    check(
        Array::BroadcastTo,
        &[row, sizes(&[3, 2])],
        &[repeated.into()],
    );
}

#[test]
fn transposes_are_index_arithmetic() {
    // Sizes on both sides of a tile.
    for sizes in [[3, 70, 33], [40, 1, 65], [2, 0, 3]] {
        let x = counting(&sizes);
        let view = ndarray::ArrayD::from_shape_vec(sizes.to_vec(), numbers(&x)).unwrap();
        for perm in [
            [0, 1, 2],
            [0, 2, 1],
            [1, 0, 2],
            [1, 2, 0],
            [2, 0, 1],
            [2, 1, 0],
        ] {
            let permuted = view.view().permuted_axes(perm.to_vec());
            let expected = Value::from(permuted.mapv(|number| number as f32));
            let perm = perm.to_vec();
            check(
                Array::Transpose { perm },
                std::slice::from_ref(&x),
                &[expected],
            );
        }
    }
}

#[test]
fn pieces_of_size_zero() {
    let (a, b) = (array![[1], [2]], array![[3, 4], [5, 6]]);
    let nothing = Value::zeros(DType::I32, &[2, 0]).unwrap();
    let parts = [a.into(), nothing, b.into()];
    let whole = [array![[1, 3, 4], [2, 5, 6]].into()];
    check(Array::Concat { axis: 1 }, &parts, &whole);
    let split = Array::Split {
        axis: 1,
        count: 3,
        sizes: Some(vec![1, 0, 2]),
    };
    check(split, &whole, &parts);
    let empty = counting(&[0, 2]);
    check(
        Array::Stack { axis: 2 },
        &[empty.clone(), empty],
        &[counting(&[0, 2, 2])],
    );
}

#[test]
fn stack_and_unstack_scalars() {
    let (scalars, vector) = ([Value::scalar(1), Value::scalar(2)], [array![1, 2].into()]);
    check(Array::Stack { axis: 0 }, &scalars, &vector);
    check(Array::Unstack { axis: 0, count: 2 }, &vector, &scalars);
}

fn slice(bounds: Vec<Bound>) -> Array {
    Array::Slice(SliceSpec { bounds })
}

#[test]
fn slices_of_nothing_and_with_large_steps() {
    let range = |start, end, step| Bound::Range { start, end, step };
    let x = Value::from(array![[1, 2, 3], [4, 5, 6]]);
    let nothing = Value::zeros(DType::I32, &[0, 3]).unwrap();
    check(
        slice(vec![range(Some(2), None, 1)]),
        std::slice::from_ref(&x),
        &[nothing],
    );
    let first = slice(vec![
        range(None, None, i64::MAX),
        range(None, None, i64::MIN),
    ]);
    check(first, std::slice::from_ref(&x), &[array![[3]].into()]);
    let message = failure(slice(vec![Bound::At(2)]), &[x], DType::I32, &[3]);
    assert!(message.contains("out of range"), "{message}");
}

#[test]
fn the_gradient_of_a_slice_is_zero_elsewhere() {
    let every_other = SliceSpec {
        bounds: vec![Bound::Range {
            start: None,
            end: None,
            step: -2,
        }],
    };
    let inputs = [array![1, 2].into(), sizes(&[4])];
    check(
        Array::SliceGrad(every_other),
        &inputs,
        &[array![0, 2, 0, 1].into()],
    );
}

#[test]
fn gather_checks_indices() {
    let x = counting(&[3, 2]);
    let gather = |axis, indices: Value, shape: &[usize]| {
        failure(
            Array::Gather { axis },
            &[x.clone(), indices],
            DType::F32,
            shape,
        )
    };
    let message = gather(0, array![3].into(), &[1, 2]);
    assert_eq!(message, "indices[0] = 3 is not in [0, 3)");
    let message = gather(1, array![[0_i64, 1], [-1, 5]].into(), &[3, 2, 2]);
    assert_eq!(message, "indices[1, 0] = -1 is not in [0, 2)");
    let message = gather(0, Value::scalar(9), &[2]);
    assert_eq!(message, "indices = 9 is not in [0, 3)");
}

#[test]
fn gather_of_few() {
    let x = Value::from(array![[true, false], [false, true]]);
    let op = |axis| Array::Gather { axis };
    check(
        op(1),
        &[x.clone(), Value::scalar(1_i64)],
        &[array![false, true].into()],
    );
    let none = Value::zeros(DType::I32, &[0]).unwrap();
    let nothing = [Value::zeros(DType::Bool, &[0, 2]).unwrap()];
    check(op(0), &[x, none.clone()], &nothing);
    check(op(0), &[nothing[0].clone(), none], &nothing);
}

#[test]
fn an_element_type_without_arithmetic_is_a_failure() {
    let flags = Value::new(vec![1], Data::Bool(vec![true])).unwrap();
    let segments = Array::Segment {
        reduction: SegmentReduction::Sum,
        sorted: false,
    };
    let inputs = [flags, array![0].into(), Value::scalar(1)];
    let result = run(&segments.into(), &inputs, &[Fact::new(DType::Bool, [1])]);
    assert_eq!(result.unwrap_err().message, "there is no kernel for bool");
}
