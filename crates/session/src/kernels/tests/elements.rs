//! Functions of one and of two elements at their edges: the ends of their range, whole numbers,
//! powers and rounded quotients, truth values.

use aqueduct_graph::ir::{Binary, Logical, Math, Test, Unary};
use aqueduct_graph::{DType, Float, Value};
use ndarray::array;

use super::math::{binary, unary};
use super::{check, fact, failure, run};

const INF: f32 = f32::INFINITY;
const NAN: f32 = f32::NAN;

/// The results, which must have these bits.
#[track_caller]
fn exactly<T: Float>(function: Unary, x: &[T], expected: &[T]) {
    let x = Value::vector(x.to_vec());
    let output = fact(&x);
    let results = run(&Math::Unary(function).into(), &[x], &[output]).unwrap();
    // No bit is lost of an `f32`.
    let bits = |values: &[T]| -> Vec<u64> { values.iter().map(|y| y.to_f64().to_bits()).collect() };
    let actual = results[0].as_slice::<T>().unwrap();
    assert_eq!(
        bits(actual),
        bits(expected),
        "{function:?}: {actual:?}, not {expected:?}"
    );
}

#[test]
fn near_zero_nothing_is_lost() {
    let least = f32::from_bits(1);
    let x = [
        0.0,
        -0.0,
        least,
        -least,
        f32::MIN_POSITIVE,
        1.3e-38,
        -1e-20,
        1e-10,
    ];
    for function in [Unary::Expm1, Unary::Log1p, Unary::Sin] {
        exactly(function, &x, &x);
    }
    let least = f64::from_bits(1);
    let x = [0.0, -0.0, least, -least, f64::MIN_POSITIVE, -1e-300, 1e-20];
    for function in [Unary::Expm1, Unary::Log1p, Unary::Tanh] {
        exactly(function, &x, &x);
    }
    exactly(Unary::Erf, &[0.0, -0.0], &[0.0, -0.0]);
    unary(
        Unary::Erf,
        array![1.0_f64, 3.0],
        array![0.842_700_792_949_714_9, 0.999_977_909_503_001_4],
    );
}

#[test]
fn the_ends_of_the_range() {
    exactly(
        Unary::Expm1,
        &[-INF, -1e30, -104.0, -18.0, 89.0, 1e30, INF],
        &[-1.0, -1.0, -1.0, -1.0, INF, INF, INF],
    );
    // TensorFlow's numbers.
    unary(
        Unary::Expm1,
        array![-2.0_f32, -1.0, -0.5, 0.5, 2.5, 88.0],
        array![
            -0.864_664_73_f32,
            -0.632_120_55,
            -0.393_469_33,
            0.648_721_3,
            11.182_494,
            1.651_636_3e38
        ],
    );
    exactly(Unary::Log1p, &[-1.0, INF], &[-INF, INF]);
    unary(
        Unary::Log1p,
        array![-INF, -2.0, -1.000_000_1, -0.5, 2.5, 100.0, 1e30, f32::MAX],
        array![
            NAN,
            NAN,
            NAN,
            -std::f32::consts::LN_2,
            1.252_763,
            4.615_120_4,
            69.077_55,
            88.722_84
        ],
    );
    for function in [Unary::Sin, Unary::Cos] {
        unary(function, array![-INF, INF], array![NAN, NAN]);
    }
    unary(
        Unary::Sin,
        array![1e30_f32, 100.0],
        array![-0.791_163_5_f32, -0.506_365_66],
    );
    exactly(
        Unary::Erf,
        &[-INF, -10.0, 10.0, INF],
        &[-1.0, -1.0, 1.0, 1.0],
    );
    // The same in double precision.
    let inf = f64::INFINITY;
    exactly(
        Unary::Exp,
        &[-inf, -746.0, -745.0, -0.0, 709.0, 710.0, inf],
        &[0.0, 0.0, 0.0, 1.0, 8.218_407_461_554_972e307, inf, inf],
    );
    exactly(
        Unary::Sigmoid,
        &[-inf, -746.0, -745.0, -0.0, 40.0, inf],
        &[0.0, 0.0, 0.0, 0.5, 1.0, 1.0],
    );
    exactly(
        Unary::Tanh,
        &[-inf, -20.0, 20.0, inf],
        &[-1.0, -1.0, 1.0, 1.0],
    );
    exactly(Unary::Log, &[-0.0, 0.0, 1.0, inf], &[-inf, -inf, 0.0, inf]);
    unary(
        Unary::Log,
        array![-1e-320, -inf],
        array![f64::NAN, f64::NAN],
    );
    unary(
        Unary::Expm1,
        array![-inf, 1e-300, 1.0, 710.0, inf],
        array![-1.0, 1e-300, 1.718_281_828_459_045, inf, inf],
    );
    unary(
        Unary::Log1p,
        array![-2.0, -1.0, 1e-300, 1.0, inf],
        array![f64::NAN, -inf, 1e-300, std::f64::consts::LN_2, inf],
    );
    unary(
        Unary::Erf,
        array![-inf, 0.5, inf],
        array![-1.0, 0.520_499_877_813_046_5, 1.0],
    );
}

#[test]
fn whole_numbers() {
    let x = [
        -INF,
        INF,
        -0.0,
        -2.5,
        -1.5,
        -0.5,
        0.5,
        1.5,
        2.5,
        2.6,
        8_388_609.0,
        1e30,
    ];
    let large = [8_388_609.0, 1e30];
    let floor = [
        -INF, INF, -0.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 2.0, large[0], large[1],
    ];
    let ceil = [
        -INF, INF, -0.0, -2.0, -1.0, -0.0, 1.0, 2.0, 3.0, 3.0, large[0], large[1],
    ];
    let round = [
        -INF, INF, -0.0, -2.0, -2.0, -0.0, 0.0, 2.0, 2.0, 3.0, large[0], large[1],
    ];
    for (function, expected) in [
        (Unary::Floor, floor),
        (Unary::Ceil, ceil),
        (Unary::Round, round),
    ] {
        exactly(function, &x, &expected);
        let wide = |numbers: [f32; 12]| Value::vector(numbers.map(f64::from).to_vec());
        unary(function, wide(x), wide(expected));
    }
}

#[test]
fn functions_of_nothing_and_of_a_scalar() {
    for function in Unary::ALL {
        for dtype in [DType::F32, DType::F64] {
            let nothing = Value::zeros(dtype, &[2, 0]).unwrap();
            unary(function, nothing.clone(), nothing);
        }
    }
    unary(Unary::Round, Value::scalar(2.5_f64), Value::scalar(2.0_f64));
    unary(Unary::Cos, array![[0.0_f32]], array![[1.0_f32]]);
}

#[test]
fn powers_of_floats() {
    // TensorFlow's numbers.
    let x = array![
        2.0, 0.0, -2.0, 0.0, -0.0, 2.0, -2.0, 0.0, INF, 1.0, 0.0, NAN, NAN
    ];
    let y = array![
        3.0, 2.0, 3.0, 0.0, -1.0, -1.0, 0.5, 0.5, 2.0, INF, -1.0, 0.0, 1.0
    ];
    let z = array![
        8.0, 0.0, -8.0, 1.0, -INF, 0.5, NAN, 0.0, INF, 1.0, INF, 1.0, NAN
    ];
    binary(Binary::Pow, x.clone(), y.clone(), z.clone());
    let wide = |numbers: ndarray::Array1<f32>| numbers.mapv(f64::from);
    binary(Binary::Pow, wide(x), wide(y), wide(z));
}

#[test]
fn powers_of_integers_wrap_around() {
    // TensorFlow's numbers.
    binary(
        Binary::Pow,
        array![2, -2, 0, 3, 7, -1],
        array![31, 33, 0, 40, 0, 5],
        array![i32::MIN, 0, 1, 689_956_897, 1, -1],
    );
    binary(
        Binary::Pow,
        array![3_u8, 2],
        array![6_u8, 9],
        array![217_u8, 0],
    );
    // Powers that do not fit 32 bits.
    binary(
        Binary::Pow,
        array![-1_i64, -1, 1, 2, 3],
        array![i64::MAX, i64::MAX - 1, i64::MAX, 1 << 40, 39],
        array![-1_i64, 1, 1, 0, 4_052_555_153_018_976_267],
    );
}

#[test]
fn negative_powers_of_integers_are_refused() {
    let power = |b: Value, shape: &[usize]| {
        let a = array![[1_i64, 2], [3, 4]].into();
        failure(Math::Binary(Binary::Pow), &[a, b], DType::I64, shape)
    };
    assert_eq!(
        power(array![[0_i64, 1], [2, -1]].into(), &[2, 2]),
        "negative power of an integer at element 3"
    );
    assert_eq!(
        power(array![0_i64, -1].into(), &[2, 2]),
        "negative power of an integer at element 1"
    );
    let nothing = Value::zeros(DType::I32, &[0]).unwrap();
    binary(Binary::Pow, nothing.clone(), array![-1], nothing);
}

#[test]
fn quotients_of_floats_are_rounded_down() {
    // TensorFlow's numbers.
    let a = array![
        7.0, -7.0, 7.0, -7.0, 1.0, -1.0, 0.0, INF, 1.0, 1.0, -1.0, -1.0, 6.0, -6.0, NAN
    ];
    let b = array![
        2.0, 2.0, -2.0, -2.0, 0.0, 0.0, 0.0, 2.0, INF, -INF, INF, -INF, 2.0, 2.0, 1.0
    ];
    let quotients = array![
        3.0, -4.0, -4.0, 3.0, INF, -INF, NAN, INF, 0.0, -0.0, -0.0, 0.0, 3.0, -3.0, NAN
    ];
    let rests = array![
        1.0, 1.0, -1.0, -1.0, NAN, NAN, NAN, NAN, 1.0, -INF, INF, -1.0, 0.0, 0.0, NAN
    ];
    let wide = |numbers: &ndarray::Array1<f32>| numbers.mapv(f64::from);
    binary(Binary::FloorMod, wide(&a), wide(&b), wide(&rests));
    binary(Binary::FloorDiv, wide(&a), wide(&b), wide(&quotients));
    binary(Binary::FloorMod, a.clone(), b.clone(), rests);
    binary(Binary::FloorDiv, a, b, quotients);
    binary(
        Binary::FloorDiv,
        array![1.0_f32],
        array![0.1_f32],
        array![10.0_f32],
    );
}

#[test]
fn quotients_of_integers_are_rounded_down() {
    let a = array![7, -7, 7, -7, -6, 0, i32::MIN, i32::MIN, i32::MAX];
    let b = array![2, 2, -2, -2, 3, -5, -1, 1, -1];
    let quotients = array![3, -4, -4, 3, -2, 0, i32::MIN, i32::MIN, -i32::MAX];
    let rests = array![1, 1, -1, -1, 0, 0, 0, 0, 0];
    binary(Binary::FloorDiv, a.clone(), b.clone(), quotients);
    binary(Binary::FloorMod, a, b, rests);
    let least = array![i64::MIN, i64::MIN];
    binary(
        Binary::FloorDiv,
        least.clone(),
        array![-1_i64, 3],
        array![i64::MIN, -3_074_457_345_618_258_603],
    );
    binary(Binary::FloorMod, least, array![-1_i64, 3], array![0_i64, 1]);
    binary(
        Binary::FloorDiv,
        array![255_u8],
        array![2_u8],
        array![127_u8],
    );
    binary(Binary::FloorMod, array![255_u8], array![2_u8], array![1_u8]);
}

#[test]
fn a_zero_divisor_of_rounded_quotients_is_named() {
    for function in [Binary::FloorDiv, Binary::FloorMod] {
        let operands = [array![1, 2, 3].into(), array![1, 0, 1].into()];
        let message = failure(Math::Binary(function), &operands, DType::I32, &[3]);
        assert_eq!(message, "division by zero at element 1");
        let nothing = Value::zeros(DType::I64, &[0, 2]).unwrap();
        binary(function, nothing.clone(), array![0_i64, 0], nothing);
    }
}

#[test]
fn properties_of_floats() {
    for (property, expected) in [
        (Test::IsNan, [false, true, false, false, false, false]),
        (Test::IsInf, [false, false, true, true, false, false]),
        (Test::IsFinite, [true, false, false, false, true, true]),
    ] {
        let x = array![1.0, NAN, INF, -INF, -0.0, f32::MAX];
        let expected = [Value::vector(expected.to_vec())];
        check(Math::Test(property), &[x.mapv(f64::from).into()], &expected);
        check(Math::Test(property), &[x.into()], &expected);
        let nothing = Value::zeros(DType::F32, &[0]).unwrap();
        let none = Value::zeros(DType::Bool, &[0]).unwrap();
        check(Math::Test(property), &[nothing], &[none]);
    }
}

#[test]
fn logic() {
    let a = array![[true], [false]];
    let b = array![true, false];
    for (function, expected) in [
        (Logical::And, array![[true, false], [false, false]]),
        (Logical::Or, array![[true, true], [true, false]]),
        (Logical::Xor, array![[false, true], [true, false]]),
    ] {
        let operands = [a.clone().into(), b.clone().into()];
        check(Math::Logical(function), &operands, &[expected.into()]);
        let (yes, no) = (
            Value::scalar(true),
            Value::zeros(DType::Bool, &[0]).unwrap(),
        );
        check(Math::Logical(function), &[yes, no.clone()], &[no]);
    }
    check(Math::Not, &[a.into()], &[array![[false], [true]].into()]);
    check(Math::Not, &[Value::scalar(false)], &[Value::scalar(true)]);
}
