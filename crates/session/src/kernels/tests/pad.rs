//! Paddings, tiles and ranges: every element type, nothing, limits.

use std::sync::Arc;

use aqueduct_graph::ir::{Array, Fact, PadMode};
use aqueduct_graph::{DType, Value};
use ndarray::array;

use super::{check, counting, run, sizes, unwritten};

fn pad(mode: PadMode) -> Array {
    Array::Pad { mode }
}

fn pad_grad(mode: PadMode) -> Array {
    Array::PadGrad { mode }
}

#[test]
fn tiles_and_paddings_of_every_type() {
    for dtype in DType::ALL {
        let x = unwritten(&Fact::new(dtype, [2, 3]));
        let same = std::slice::from_ref(&x);
        check(Array::Tile, &[x.clone(), sizes(&[1, 1])], same);
        let modes = [PadMode::zeros(dtype), PadMode::Reflect, PadMode::Symmetric];
        for mode in modes {
            let inputs = [x.clone(), sizes(&[0, 0, 0, 0])];
            check(pad(mode), &inputs, same);
        }
    }
}

#[test]
fn tiles() {
    let x = Value::from(array![[1, 2]]);
    let tiled = array![[1, 2, 1, 2], [1, 2, 1, 2], [1, 2, 1, 2]];
    check(Array::Tile, &[x.clone(), sizes(&[3, 2])], &[tiled.into()]);
    let nothing = [Value::zeros(DType::I32, &[2, 0]).unwrap()];
    check(Array::Tile, &[x, sizes(&[2, 0])], &nothing);
    let [nothing] = nothing;
    let more = Value::zeros(DType::I32, &[6, 0]).unwrap();
    check(Array::Tile, &[nothing, sizes(&[3, 5])], &[more]);
    let scalar = Value::scalar(true);
    check(Array::Tile, &[scalar.clone(), sizes(&[])], &[scalar]);
}

#[test]
fn a_constant_goes_around() {
    let value = |value: i32| PadMode::Constant(Arc::new(Value::scalar(value)));
    let inputs = [array![[1, 2]].into(), sizes(&[1, 0, 2, 1])];
    let padded = [array![[7, 7, 7, 7, 7], [7, 7, 1, 2, 7]].into()];
    check(pad(value(7)), &inputs, &padded);
    let [x, paddings] = inputs;
    let [padded] = padded;
    check(pad_grad(value(7)), &[padded, paddings], &[x]);
    let nothing = Value::zeros(DType::I32, &[0]).unwrap();
    check(
        pad(value(7)),
        &[nothing, sizes(&[1, 2])],
        &[array![7, 7, 7].into()],
    );
    let scalar = Value::scalar(3);
    check(pad(value(7)), &[scalar.clone(), sizes(&[])], &[scalar]);
}

#[test]
fn mirrors_up_to_their_limits() {
    let x = Value::from(array![1.0_f32, 2.0, 3.0]);
    check(
        pad(PadMode::Reflect),
        &[x.clone(), sizes(&[2, 2])],
        &[array![3.0_f32, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0].into()],
    );
    check(
        pad(PadMode::Symmetric),
        &[x, sizes(&[3, 3])],
        &[array![3.0_f32, 2.0, 1.0, 1.0, 2.0, 3.0, 3.0, 2.0, 1.0].into()],
    );
    // One element can be mirrored with itself; the other axis is moved in blocks.
    let row = Value::from(array![[true, false]]);
    let rows = array![[true, false], [true, false], [true, false]];
    check(
        pad(PadMode::Symmetric),
        &[row, sizes(&[1, 1, 0, 0])],
        &[rows.into()],
    );
    let nothing = Value::zeros(DType::F32, &[2, 0]).unwrap();
    let more = Value::zeros(DType::F32, &[4, 0]).unwrap();
    check(
        pad(PadMode::Reflect),
        &[nothing, sizes(&[1, 1, 0, 0])],
        &[more],
    );
}

#[test]
fn what_was_mirrored_is_summed() {
    let dy = counting(&[7]);
    check(
        pad_grad(PadMode::Reflect),
        &[dy, sizes(&[2, 2])],
        &[array![8.0_f32, 9.0, 4.0].into()],
    );
    let dy = Value::from(array![[1_u8, 2], [3, 4], [5, 6]]);
    check(
        pad_grad(PadMode::Symmetric),
        &[dy, sizes(&[1, 0, 0, 0])],
        &[array![[4_u8, 6], [5, 6]].into()],
    );
}

fn range(dtype: DType) -> Array {
    Array::Range { dtype }
}

fn scalars<T: aqueduct_graph::Element>(numbers: [T; 3]) -> [Value; 3] {
    numbers.map(Value::scalar)
}

#[test]
fn ranges_of_integers() {
    let whole = range(DType::I32);
    check(
        whole.clone(),
        &scalars([5, 0, -2]),
        &[array![5, 3, 1].into()],
    );
    check(
        whole,
        &scalars([i32::MIN, i32::MAX, i32::MAX]),
        &[array![i32::MIN, -1, i32::MAX - 1].into()],
    );
    let wide = range(DType::I64);
    check(
        wide,
        &scalars([-1_i64 << 40, 1, 1 << 39]),
        &[array![-1_i64 << 40, -1 << 39, 0].into()],
    );
}

/// TensorFlow's numbers: not added up.
#[test]
fn ranges_of_floats() {
    let tenths = [
        0.0_f32,
        0.1,
        0.2,
        0.3,
        0.4,
        0.5,
        0.6,
        0.7,
        0.8,
        0.900_000_04,
    ];
    let found = late(range(DType::F32), &scalars([0.0_f32, 1.0, 0.1])).unwrap();
    assert_eq!(found, Value::vector(tenths.to_vec()));
    let found = late(range(DType::F64), &scalars([1.0_f64, 0.0, -0.4])).unwrap();
    assert_eq!(
        found,
        Value::vector(vec![1.0, 0.6, 0.199_999_999_999_999_96])
    );
    let found = late(range(DType::F64), &scalars([2.0_f64, 2.0, 1.0])).unwrap();
    assert_eq!(found, Value::vector(Vec::<f64>::new()));
}

#[test]
fn ranges_of_floats_that_lead_nowhere() {
    let message = |numbers: [f64; 3]| late(range(DType::F64), &scalars(numbers)).unwrap_err();
    assert_eq!(message([0.0, 1.0, 0.0]), "delta is 0");
    for wrong in [
        [1.0, 0.0, 0.5],
        [0.0, 1.0, -0.5],
        [f64::NAN, 1.0, 0.5],
        [0.0, 1.0, f64::NAN],
    ] {
        let found = message(wrong);
        assert!(found.starts_with("no range leads from"), "{found}");
    }
    for large in [[0.0, f64::INFINITY, 1.0], [0.0, 1e300, 1e-3]] {
        let found = message(large);
        assert!(found.ends_with("than any memory holds"), "{found}");
    }
    let found = message([0.0, 1e18, 1.0]);
    assert!(found.ends_with("elements do not fit in memory"), "{found}");
}

/// What a kernel gives whose result has a late shape, or its failure.
fn late(op: Array, inputs: &[Value]) -> Result<Value, String> {
    let output = Fact::new(inputs[0].dtype(), aqueduct_graph::shape![?]);
    let results = run(&op.into(), inputs, &[output]);
    results
        .map(|mut results| results.remove(0))
        .map_err(|failure| failure.message)
}
