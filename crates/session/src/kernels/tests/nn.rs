//! Activations, softmax and cross entropies at their edges, where TensorFlow's reference files do not
//! reach. The numbers are TensorFlow's.

use std::f32::consts::LN_2;

use aqueduct_graph::ir::{Activation, Nn};
use aqueduct_graph::{DType, Value};
use ndarray::{Array1, Array2, arr2, array};

use super::{check, failure, run};

const NAN: f32 = f32::NAN;
const INF: f32 = f32::INFINITY;

/// The activation of some numbers, in both types of floats.
#[track_caller]
fn activation<const N: usize>(op: Activation, x: [f32; N], y: [f32; N]) {
    let op = Nn::Activation(op);
    check(
        op,
        &[Value::vector(x.to_vec())],
        &[Value::vector(y.to_vec())],
    );
    let wide = |values: [f32; N]| Value::vector(values.map(f64::from).to_vec());
    check(op, &[wide(x)], &[wide(y)]);
}

#[test]
fn activations_at_their_ends_and_kinks() {
    let x = [
        -INF, -100.0, -1.0, -0.0, 0.0, 1.0, 6.0, 6.5, 100.0, INF, NAN,
    ];
    activation(
        Activation::Relu6,
        x,
        [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 6.0, 6.0, 6.0, 6.0, NAN],
    );
    activation(
        Activation::LeakyRelu { alpha: 0.2 },
        x,
        [-INF, -20.0, -0.2, 0.0, 0.0, 1.0, 6.0, 6.5, 100.0, INF, NAN],
    );
    activation(
        Activation::LeakyRelu { alpha: 0.0 },
        x,
        [NAN, 0.0, 0.0, 0.0, 0.0, 1.0, 6.0, 6.5, 100.0, INF, NAN],
    );
    activation(
        Activation::Elu,
        x,
        [
            -1.0,
            -1.0,
            -0.632_120_55,
            0.0,
            0.0,
            1.0,
            6.0,
            6.5,
            100.0,
            INF,
            NAN,
        ],
    );
    activation(
        Activation::Selu,
        [-INF, -100.0, -0.0, 0.0, 6.0, 100.0, INF, NAN],
        [
            -1.758_099_3,
            -1.758_099_3,
            0.0,
            0.0,
            6.304_206,
            105.070_1,
            INF,
            NAN,
        ],
    );
    activation(
        Activation::Softplus,
        [-INF, -100.0, -0.0, 0.0, 6.0, 100.0, INF, NAN],
        [0.0, 0.0, LN_2, LN_2, 6.002_475_7, 100.0, INF, NAN],
    );
    activation(
        Activation::Softsign,
        [-INF, -100.0, -0.0, 0.0, 6.0, INF, NAN],
        [NAN, -0.990_099, 0.0, 0.0, 0.857_142_9, NAN, NAN],
    );
}

/// How far a function of `f32` is from the exact one, in units in the last place, at most.
fn worst(op: Activation, exact: fn(f64) -> f64, from: f32, to: f32) -> f64 {
    let x = Array1::linspace(from, to, 20_000);
    let inputs = [Value::from(x.clone())];
    let y = run(
        &Nn::Activation(op).into(),
        &inputs,
        &[super::fact(&inputs[0])],
    );
    let y = y.unwrap().remove(0);
    let pairs = x.iter().zip(y.as_slice::<f32>().unwrap());
    let errors = pairs.map(|(x, y)| {
        let exact = exact(f64::from(*x));
        let unit = exact.abs().max(f64::from(f32::MIN_POSITIVE)) * f64::from(f32::EPSILON);
        (f64::from(*y) - exact).abs() / unit
    });
    errors.fold(0.0, f64::max)
}

#[test]
fn activations_of_f32_are_accurate() {
    let elu = |x: f64| x.exp_m1();
    let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    for (op, exact, from, to) in [
        (Activation::Elu, elu as fn(f64) -> f64, -20.0, -1e-3),
        (Activation::Elu, elu, -1e-3, -1e-9),
        (Activation::Softplus, softplus, -80.0, 1.0),
        (Activation::Softplus, softplus, 1.0, 100.0),
    ] {
        let worst = worst(op, exact, from, to);
        assert!(
            worst < 4.0,
            "{op:?} is off by {worst} units in {from}..{to}"
        );
    }
}

#[test]
fn softmax_does_not_overflow() {
    let (third, none) = (1.0_f32 / 3.0, 0.0);
    check(
        Nn::Softmax,
        &[array![
            [1e30_f32, 1e30, 1e30],
            [-1e30, -1e30, -1e30],
            [0.0, -1e30, -INF]
        ]
        .into()],
        &[array![
            [third, third, third],
            [third, third, third],
            [1.0, none, none]
        ]
        .into()],
    );
    check(
        Nn::LogSoftmax,
        &[array![[1e30_f64, 0.0], [-1e300, -1e300]].into()],
        &[array![
            [0.0, -1e30],
            [-std::f64::consts::LN_2, -std::f64::consts::LN_2]
        ]
        .into()],
    );
}

#[test]
fn softmax_of_logits_that_are_no_numbers() {
    let nothing = [NAN; 3];
    let rows = arr2(&[
        [-INF, 1.0, 2.0],
        [-INF; 3],
        [INF, 1.0, 2.0],
        [NAN, 1.0, 2.0],
    ]);
    let first = [-INF, -1.313_261_6, -0.313_261_66];
    let logarithms = arr2(&[first, nothing, nothing, nothing]);
    check(Nn::LogSoftmax, &[rows.clone().into()], &[logarithms.into()]);
    let first = [0.0, 0.268_941_4, 0.731_058_6];
    let probabilities = arr2(&[first, nothing, nothing, nothing]);
    check(Nn::Softmax, &[rows.into()], &[probabilities.into()]);
}

#[test]
fn softmax_of_one_class_of_none_and_of_many() {
    for (op, of_one) in [(Nn::Softmax, 1.0_f32), (Nn::LogSoftmax, 0.0)] {
        check(
            op,
            &[array![[5.0_f32], [-7.0]].into()],
            &[array![[of_one], [of_one]].into()],
        );
        for shape in [[2, 0], [0, 3], [0, 0]] {
            let nothing = Value::zeros(DType::F32, &shape).unwrap();
            check(
                op,
                std::slice::from_ref(&nothing),
                std::slice::from_ref(&nothing),
            );
        }
    }
    // More classes than are summed at once.
    let many = Array2::<f64>::from_elem((2, 1000), 0.5);
    check(
        Nn::Softmax,
        &[many.clone().into()],
        &[many.mapv(|_| 1e-3).into()],
    );
    check(
        Nn::LogSoftmax,
        &[many.clone().into()],
        &[many.mapv(|_| -(1e3_f64.ln())).into()],
    );
    let labels = many.mapv(|_| 1e-3);
    let losses = array![1e3_f64.ln(), 1e3_f64.ln()];
    check(
        Nn::SoftmaxCrossEntropy,
        &[many.into(), labels.into()],
        &[losses.into()],
    );
}

#[test]
fn cross_entropy_at_its_edges() {
    let cross_entropy = |logits: Array2<f32>, labels: Array2<f32>, losses: Array1<f32>| {
        check(
            Nn::SoftmaxCrossEntropy,
            &[logits.into(), labels.into()],
            &[losses.into()],
        );
    };
    // A label of 0 does not save a logit of -inf: 0 * -inf is NaN, in TensorFlow too.
    cross_entropy(
        array![[-INF, 1.0, 2.0], [1.0, -INF, 2.0], [1.0, 2.0, 3.0]],
        array![[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]],
        array![NAN, INF, 0.0],
    );
    cross_entropy(
        array![[INF, 1.0], [-INF, -INF], [NAN, 1.0], [1.0, 2.0]],
        array![[0.5, 0.5], [0.0, 1.0], [0.0, 1.0], [1.0, 1.0]],
        array![NAN, NAN, NAN, 1.626_523_3],
    );
    cross_entropy(array![[5.0]], array![[1.0]], array![0.0]);
    cross_entropy(
        Array2::zeros((2, 0)),
        Array2::zeros((2, 0)),
        array![0.0, 0.0],
    );
    cross_entropy(
        Array2::zeros((0, 3)),
        Array2::zeros((0, 3)),
        Array1::zeros(0),
    );
}

#[test]
fn sparse_cross_entropy_at_its_edges() {
    let sparse = |logits: Array2<f32>, labels: Vec<i64>, losses: Array1<f32>| {
        let narrow = labels.iter().map(|label| *label as i32).collect();
        for labels in [Value::vector(narrow), Value::vector(labels)] {
            let inputs = [logits.clone().into(), labels];
            check(
                Nn::SparseSoftmaxCrossEntropy,
                &inputs,
                &[losses.clone().into()],
            );
        }
    };
    sparse(
        array![[-INF, 1.0, 2.0], [-INF, 1.0, 2.0]],
        vec![0, 1],
        array![INF, 1.313_261_6],
    );
    sparse(
        array![[-INF, -INF], [NAN, 1.0], [INF, 1.0], [INF, 1.0]],
        vec![0, 0, 0, 1],
        array![NAN, NAN, NAN, NAN],
    );
    sparse(array![[5.0]], vec![0], array![0.0]);
    sparse(Array2::zeros((0, 3)), vec![], Array1::zeros(0));
    sparse(Array2::zeros((0, 0)), vec![], Array1::zeros(0));
    let scalar = [Value::vector(vec![1.0_f64, 2.0]), Value::scalar(1_i32)];
    check(
        Nn::SparseSoftmaxCrossEntropy,
        &scalar,
        &[Value::scalar(0.313_261_687_518_222_8)],
    );
}

#[test]
fn labels_that_are_no_class_are_named() {
    let message = |labels: Value, logits: [usize; 3]| {
        let logits = Value::zeros(DType::F32, &logits).unwrap();
        let shape = labels.shape().to_vec();
        failure(
            Nn::SparseSoftmaxCrossEntropy,
            &[logits, labels],
            DType::F32,
            &shape,
        )
    };
    assert_eq!(
        message(array![[0_i64, 1], [5, 7]].into(), [2, 2, 3]),
        "label 5 at element 2 is not in [0, 3)"
    );
    assert_eq!(
        message(array![[0_i32, -1]].into(), [1, 2, 3]),
        "label -1 at element 1 is not in [0, 3)"
    );
    assert_eq!(
        message(array![[i64::MAX]].into(), [1, 1, 3]),
        "label 9223372036854775807 at element 0 is not in [0, 3)"
    );
    assert_eq!(
        message(array![[0_i32]].into(), [1, 1, 0]),
        "label 0 at element 0 is not in [0, 0)"
    );
}
