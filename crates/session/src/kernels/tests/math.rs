//! Arithmetic: edges of each type, conversions, broadcasting.

use aqueduct_graph::ir::{Activation, Binary, Compare, Data, Fact, Math, Nn, Unary};
use aqueduct_graph::{DType, Value};
use ndarray::array;
use proptest::prelude::*;

use super::{check, counting, failure, numbers, run};

pub(super) fn unary(function: Unary, x: impl Into<Value>, y: impl Into<Value>) {
    check(Math::Unary(function), &[x.into()], &[y.into()]);
}

pub(super) fn binary(
    function: Binary,
    a: impl Into<Value>,
    b: impl Into<Value>,
    c: impl Into<Value>,
) {
    check(Math::Binary(function), &[a.into(), b.into()], &[c.into()]);
}

#[test]
fn integers_wrap_around() {
    const MIN: i32 = i32::MIN;
    unary(Unary::Neg, array![1, MIN], array![-1, MIN]);
    unary(Unary::Abs, array![-5, MIN], array![5, MIN]);
    unary(Unary::Sign, array![-5_i64, 0, 7], array![-1_i64, 0, 1]);
    unary(Unary::Square, array![16_u8, 15], array![0_u8, 225]);
    binary(Binary::Add, array![i32::MAX], array![1], array![MIN]);
    binary(Binary::Sub, array![0_u8], array![1_u8], array![255_u8]);
    binary(Binary::Mul, array![i64::MAX], array![2_i64], array![-2_i64]);
    binary(
        Binary::Div,
        array![7, -7, MIN],
        array![2, 2, -1],
        array![3, -3, MIN],
    );
    binary(
        Binary::SquaredDifference,
        array![3_u8],
        array![5_u8],
        array![4_u8],
    );
}

#[test]
fn a_zero_divisor_is_named() {
    let divide = |a: Value, b: Value, shape: &[usize]| {
        failure(Math::Binary(Binary::Div), &[a, b], DType::I32, shape)
    };
    let message = divide(array![1, 2, 3, 4].into(), array![1, 1, 1, 0].into(), &[4]);
    assert_eq!(message, "division by zero at element 3");
    let message = divide(
        array![[1, 2], [3, 4]].into(),
        array![[1], [0]].into(),
        &[2, 2],
    );
    assert_eq!(message, "division by zero at element 2");
    let message = divide(array![[1, 2], [3, 4]].into(), array![5, 0].into(), &[2, 2]);
    assert_eq!(message, "division by zero at element 1");
}

#[test]
fn a_zero_divisor_of_nothing_is_fine() {
    let nothing = Value::zeros(DType::I32, &[0]).unwrap();
    binary(Binary::Div, nothing.clone(), array![0], nothing);
}

#[test]
fn floats_divide_by_zero() {
    let quotients = array![f32::INFINITY, f32::NEG_INFINITY, f32::NAN];
    binary(
        Binary::Div,
        array![1.0_f32, -1.0, 0.0],
        array![0.0_f32],
        quotients,
    );
}

#[test]
fn nan_is_passed_on() {
    let (nan, one) = (f32::NAN, 1.0);
    let pairs = (array![nan, one, nan], array![one, nan, nan]);
    for function in [Binary::Maximum, Binary::Minimum] {
        binary(
            function,
            pairs.0.clone(),
            pairs.1.clone(),
            array![nan, nan, nan],
        );
    }
    for function in Unary::ALL {
        unary(function, array![nan], array![nan]);
        unary(function, array![f64::NAN], array![f64::NAN]);
    }
    check(
        Nn::Activation(Activation::Relu),
        &[array![nan, -1.0].into()],
        &[array![nan, 0.0].into()],
    );
}

#[test]
fn comparisons() {
    let (a, b) = (
        array![1.0_f64, 2.0, f64::NAN],
        array![1.0_f64, 3.0, f64::NAN],
    );
    for (function, expected) in [
        (Compare::Equal, [true, false, false]),
        (Compare::NotEqual, [false, true, true]),
        (Compare::Less, [false, true, false]),
        (Compare::LessEqual, [true, true, false]),
        (Compare::Greater, [false, false, false]),
        (Compare::GreaterEqual, [true, false, false]),
    ] {
        let inputs = [a.clone().into(), b.clone().into()];
        check(
            Math::Compare(function),
            &inputs,
            &[Value::vector(expected.to_vec())],
        );
    }
    let flags = [array![true, false].into(), array![true].into()];
    check(
        Math::Compare(Compare::Equal),
        &flags,
        &[array![true, false].into()],
    );
}

#[test]
fn select_broadcasts_all_three() {
    let check_select = |condition: Value, a: Value, b: Value, c: Value| {
        check(Math::Select, &[condition, a, b], &[c]);
    };
    check_select(
        array![[true], [false]].into(),
        array![1_i64, 2].into(),
        Value::scalar(9_i64),
        array![[1_i64, 2], [9, 9]].into(),
    );
    check_select(
        array![true, false].into(),
        Value::scalar(1.0_f32),
        Value::scalar(f32::NAN),
        array![1.0, f32::NAN].into(),
    );
    check_select(
        Value::scalar(true),
        array![[1_u8], [2]].into(),
        array![3_u8, 4].into(),
        array![[1_u8, 1], [2, 2]].into(),
    );
}

#[test]
fn add_n_of_one_and_of_many() {
    let x = Value::from(array![1.0_f32, 2.0]);
    check(
        Math::AddN,
        std::slice::from_ref(&x),
        std::slice::from_ref(&x),
    );
    check(
        Math::AddN,
        &[x.clone(), x.clone(), x],
        &[array![3.0_f32, 6.0].into()],
    );
}

#[test]
fn casts() {
    let cast = |from: Value, to: Value| check(Math::Cast { to: to.dtype() }, &[from], &[to]);
    let floats = array![1.9_f32, -1.9, f32::NAN, 1e20, f32::NEG_INFINITY];
    cast(
        floats.clone().into(),
        array![1, -1, 0, i32::MAX, i32::MIN].into(),
    );
    cast(floats.clone().into(), array![1_u8, 0, 0, 255, 0].into());
    cast(floats.into(), array![true, true, true, true, true].into());
    cast(
        array![0.0_f64, -0.0, 0.5].into(),
        array![false, false, true].into(),
    );
    cast(array![i64::MAX, 1 << 33].into(), array![-1, 0].into());
    cast(array![300, -1].into(), array![44_u8, 255].into());
    cast(array![i64::MAX - 1].into(), array![i64::MAX - 1].into());
    for to in DType::ALL {
        for from in DType::ALL {
            let flags = Value::from(array![true, false, true]);
            let convert = |x: Value, to| {
                let fact = Fact::new(to, [3]);
                let results = run(&Math::Cast { to }.into(), &[x], &[fact]).unwrap();
                results.into_iter().next().unwrap()
            };
            let there = convert(convert(flags.clone(), from), to);
            assert_eq!(convert(there, DType::Bool), flags, "{from} to {to}");
        }
    }
}

#[test]
fn functions_of_f32_are_accurate() {
    let worst = |function: Unary, exact: fn(f64) -> f64, from: f32, to: f32| {
        const STEPS: u16 = 20_000;
        let step = (to - from) / f32::from(STEPS);
        let x: Vec<f32> = (0..=STEPS).map(|i| from + f32::from(i) * step).collect();
        let x = Value::vector(x);
        let y = run(
            &Math::Unary(function).into(),
            std::slice::from_ref(&x),
            &[super::fact(&x)],
        );
        let y = y.unwrap().remove(0);
        let errors = y
            .as_slice::<f32>()
            .unwrap()
            .iter()
            .zip(x.as_slice::<f32>().unwrap());
        let errors = errors.map(|(y, x)| {
            let exact = exact(f64::from(*x));
            let unit = exact.abs().max(f64::from(f32::MIN_POSITIVE)) * f64::from(f32::EPSILON);
            (f64::from(*y) - exact).abs() / unit
        });
        errors.fold(0.0, f64::max)
    };
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    for (function, exact, from, to) in [
        (Unary::Exp, f64::exp as fn(f64) -> f64, -87.3, 88.7),
        (Unary::Exp, f64::exp, -1.0, 1.0),
        (Unary::Log, f64::ln, 1e-6, 4.0),
        (Unary::Log, f64::ln, 1.0, 1e30),
        (Unary::Log, f64::ln, 1e-44, 1e-38),
        (Unary::Tanh, f64::tanh, -12.0, 12.0),
        (Unary::Tanh, f64::tanh, -1e-3, 1e-3),
        (Unary::Sigmoid, sigmoid, -80.0, 20.0),
        (Unary::Expm1, f64::exp_m1, -20.0, 88.7),
        (Unary::Expm1, f64::exp_m1, -1.0, 1.0),
        (Unary::Expm1, f64::exp_m1, -1e-7, 1e-7),
        (Unary::Expm1, f64::exp_m1, -1e-37, 1e-37),
        (Unary::Log1p, f64::ln_1p, -0.999_999, 4.0),
        (Unary::Log1p, f64::ln_1p, -1e-3, 1e-3),
        (Unary::Log1p, f64::ln_1p, -1e-37, 1e-37),
        (Unary::Log1p, f64::ln_1p, 1.0, 1e30),
        (Unary::Sin, f64::sin, -100.0, 100.0),
        (Unary::Cos, f64::cos, -100.0, 100.0),
        (Unary::Erf, libm::erf, -5.0, 5.0),
        (Unary::Erf, libm::erf, -1e-3, 1e-3),
    ] {
        let worst = worst(function, exact, from, to);
        assert!(
            worst < 3.0,
            "{function:?} is off by {worst} units in {from}..{to}"
        );
    }
}

#[test]
fn functions_at_the_ends_of_their_range() {
    let (inf, tiny) = (f32::INFINITY, 1e-40_f32);
    unary(
        Unary::Exp,
        array![-inf, -110.0, 0.0, 89.0, inf],
        array![0.0, 0.0, 1.0, inf, inf],
    );
    unary(
        Unary::Log,
        array![-1.0, -0.0, 0.0, 1.0, inf],
        array![f32::NAN, -inf, -inf, 0.0, inf],
    );
    unary(
        Unary::Tanh,
        array![-inf, -tiny, tiny, inf],
        array![-1.0, -tiny, tiny, 1.0],
    );
    unary(
        Unary::Sigmoid,
        array![-inf, 0.0, inf],
        array![0.0_f32, 0.5, 1.0],
    );
    unary(Unary::Sigmoid, array![-1e300, 1e300], array![0.0, 1.0]);
    unary(
        Unary::Rsqrt,
        array![0.0_f32, 4.0, inf],
        array![inf, 0.5, 0.0],
    );
}

/// Three shapes and the one they broadcast to: each has some sizes replaced by 1, and the first two
/// may leave outer axes out.
fn broadcast_shapes() -> impl Strategy<Value = ([Vec<usize>; 3], Vec<usize>)> {
    let axis = (1..5_usize, prop::array::uniform3(any::<bool>()));
    let axes = prop::collection::vec(axis, 0..5);
    (axes, 0..5_usize, 0..5_usize).prop_map(|(axes, first, second)| {
        let full = [0, 1, 2].map(|operand| -> Vec<usize> {
            let size = |(size, kept): &(usize, [bool; 3])| if kept[operand] { *size } else { 1 };
            axes.iter().map(size).collect()
        });
        let shortened = |sizes: &[usize], left_out: usize| -> Vec<usize> {
            sizes.iter().copied().skip(left_out).collect()
        };
        let operands = [
            shortened(&full[0], first),
            shortened(&full[1], second),
            full[2].clone(),
        ];
        let size = |axis: usize| {
            let sizes = operands.iter().map(|operand| {
                let place = (axis + operand.len()).checked_sub(axes.len());
                place.map_or(1, |place| operand[place])
            });
            sizes.max().unwrap_or(1)
        };
        let out = (0..axes.len()).map(size).collect();
        (operands, out)
    })
}

/// The element of an operand that belongs to a position of the result, by index arithmetic.
fn naive(operand: &Value, out: &[usize], position: usize) -> f64 {
    let (mut rest, mut offset, mut stride) = (position, 0, 1);
    for (size, out) in operand.shape().iter().rev().zip(out.iter().rev()) {
        offset += if *size == 1 { 0 } else { rest % out * stride };
        stride *= size;
        rest /= out;
    }
    numbers(operand)[offset]
}

/// The result whose elements are a function of the operands' elements, by index arithmetic.
fn expected(operands: [&Value; 3], out: &[usize], f: impl Fn([f64; 3]) -> f64) -> Value {
    let element = |position| f(operands.map(|operand| naive(operand, out, position))) as f32;
    let elements = (0..out.iter().product()).map(element).collect();
    Value::new(out.to_vec(), Data::F32(elements)).unwrap()
}

proptest! {
    #[test]
    fn broadcasting_is_index_arithmetic((shapes, out) in broadcast_shapes()) {
        let [a, b, c] = shapes.map(|sizes| counting(&sizes));
        // Two of the shapes alone may give a smaller one.
        let full = counting(&out);
        let difference = expected([&a, &full, &full], &out, |[a, full, _]| a - full);
        check(Math::Binary(Binary::Sub), &[a.clone(), full], &[difference]);

        let even = |number: f64| number % 2.0 == 0.0;
        let selected = expected([&a, &b, &c], &out, |[a, b, c]| if even(a) { b } else { c });
        let conditions = numbers(&a).into_iter().map(even).collect();
        let condition = Value::new(a.shape().to_vec(), Data::Bool(conditions)).unwrap();
        check(Math::Select, &[condition, b, c], &[selected]);
    }
}
