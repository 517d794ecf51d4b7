//! What is found out along one axis: extremes, cumulative sums and products, recurrences.

use aqueduct_graph::ir::{Accumulation, Data, Extreme, Reduce};
use aqueduct_graph::{DType, Value};
use ndarray::array;
use proptest::prelude::*;

use super::{check, numbers};

fn arg(extreme: Extreme, axis: usize, out_type: DType) -> Reduce {
    Reduce::Arg {
        extreme,
        axis,
        out_type,
    }
}

#[track_caller]
fn check_arg(x: impl Into<Value>, largest: i64, smallest: i64) {
    let x = [x.into()];
    for (extreme, expected) in [(Extreme::Largest, largest), (Extreme::Smallest, smallest)] {
        check(arg(extreme, 0, DType::I64), &x, &[Value::scalar(expected)]);
    }
}

#[test]
fn the_first_of_equal_extremes() {
    check_arg(array![2.0_f32], 0, 0);
    check_arg(array![1, 3, 0, 3, 0], 1, 2);
    check_arg(array![0_u8, 255, 255, 0], 1, 0);
    check_arg(array![i64::MIN, i64::MIN], 0, 0);
    check_arg(array![i64::MAX, i64::MAX], 0, 0);
    check_arg(array![0.0_f64, -0.0], 0, 0);
}

/// As TensorFlow 2.15 has it.
#[test]
fn nan_is_passed_over() {
    const NAN: f32 = f32::NAN;
    const INF: f32 = f32::INFINITY;
    check_arg(array![NAN, 1.0, 2.0], 2, 1);
    check_arg(array![1.0, NAN, 2.0], 2, 0);
    check_arg(array![1.0, 2.0, NAN], 1, 0);
    check_arg(array![NAN, 3.0, NAN, 1.0], 1, 3);
    check_arg(array![NAN, NAN], 0, 0);
    check_arg(array![NAN, -INF], 0, 1);
    check_arg(array![NAN, INF], 1, 0);
    check_arg(array![-INF, NAN], 0, 0);
    check_arg(array![-INF, -INF], 0, 0);
    check_arg(array![f64::NAN, f64::INFINITY, 1.0], 1, 2);
}

#[test]
fn arg_of_results_and_places_of_none() {
    for extreme in [Extreme::Largest, Extreme::Smallest] {
        for (sizes, axis, left) in [([0, 2], 1, [0]), ([2, 0], 0, [0]), ([0, 0], 0, [0])] {
            let x = Value::zeros(DType::F32, &sizes).unwrap();
            let none = Value::zeros(DType::I32, &left).unwrap();
            check(arg(extreme, axis, DType::I32), &[x], &[none]);
        }
    }
}

fn cumulative(accumulation: Accumulation, exclusive: bool, reverse: bool) -> Reduce {
    Reduce::Cumulative {
        accumulation,
        axis: 0,
        exclusive,
        reverse,
    }
}

/// The results without options, exclusive, in reverse, and both.
#[track_caller]
fn check_cumulative<const N: usize>(
    accumulation: Accumulation,
    x: [f32; N],
    [plain, exclusive, reverse, both]: [[f32; N]; 4],
) {
    let vector = |numbers: [f32; N]| [Value::vector(numbers.to_vec())];
    let op = |exclusive, reverse| cumulative(accumulation, exclusive, reverse);
    check(op(false, false), &vector(x), &vector(plain));
    check(op(true, false), &vector(x), &vector(exclusive));
    check(op(false, true), &vector(x), &vector(reverse));
    check(op(true, true), &vector(x), &vector(both));
}

#[test]
fn cumulative_with_each_option() {
    check_cumulative(
        Accumulation::Sum,
        [1.0, 2.0, 4.0],
        [
            [1.0, 3.0, 7.0],
            [0.0, 1.0, 3.0],
            [7.0, 6.0, 4.0],
            [6.0, 4.0, 0.0],
        ],
    );
    check_cumulative(
        Accumulation::Product,
        [2.0, 3.0, 4.0],
        [
            [2.0, 6.0, 24.0],
            [1.0, 2.0, 6.0],
            [24.0, 12.0, 4.0],
            [12.0, 4.0, 1.0],
        ],
    );
    check_cumulative(Accumulation::Sum, [3.0], [[3.0], [0.0], [3.0], [0.0]]);
    check_cumulative(Accumulation::Product, [3.0], [[3.0], [1.0], [3.0], [1.0]]);
    check_cumulative(Accumulation::Sum, [], [[], [], [], []]);
    let nan = f32::NAN;
    check_cumulative(
        Accumulation::Sum,
        [1.0, nan, f32::INFINITY],
        [
            [1.0, nan, nan],
            [0.0, 1.0, nan],
            [nan, nan, f32::INFINITY],
            [nan, f32::INFINITY, 0.0],
        ],
    );
}

#[test]
fn cumulative_integers_wrap_around() {
    let check_plain = |accumulation, x: Value, y: Value| {
        check(cumulative(accumulation, false, false), &[x], &[y]);
    };
    check_plain(
        Accumulation::Sum,
        array![200_u8, 100].into(),
        array![200_u8, 44].into(),
    );
    check_plain(
        Accumulation::Product,
        array![200_u8, 100].into(),
        array![200_u8, 32].into(),
    );
    check_plain(
        Accumulation::Sum,
        array![i32::MAX, 1].into(),
        array![i32::MAX, i32::MIN].into(),
    );
    check_plain(
        Accumulation::Product,
        array![i64::MAX, 2].into(),
        array![i64::MAX, -2].into(),
    );
    check_plain(
        Accumulation::Sum,
        array![0.5_f64, 0.25].into(),
        array![0.5, 0.75].into(),
    );
}

#[test]
fn recurrences() {
    let (factors, terms) = (array![2.0_f32, 0.0, 3.0], array![1.0_f32, 5.0, 7.0]);
    for (reverse, expected) in [(false, [0.0_f32, 1.0, 5.0]), (true, [5.0, 7.0, 0.0])] {
        let inputs = [factors.clone().into(), terms.clone().into()];
        let op = Reduce::Recurrence { axis: 0, reverse };
        check(op, &inputs, &[Value::vector(expected.to_vec())]);
    }
    let bytes = [array![10_u8, 1].into(), array![30_u8, 1].into()];
    let op = Reduce::Recurrence {
        axis: 0,
        reverse: false,
    };
    check(op, &bytes, &[array![0_u8, 30].into()]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn lines_are_index_arithmetic(
        (outer, length, inner) in (1..4_usize, 1..6_usize, 1..90_usize),
        exclusive in any::<bool>(),
        reverse in any::<bool>(),
    ) {
        let shape = vec![outer, length, inner];
        let count = outer * length * inner;
        let integers: Vec<i32> = (0..count).map(|i| (i as i32).wrapping_mul(7919) % 100).collect();
        let x = Value::new(shape.clone(), Data::I32(integers)).unwrap();
        let of_x = numbers(&x);
        let at = |block: usize, place: usize, column: usize| (block * length + place) * inner + column;

        let (mut sums, mut states, mut largest) = (vec![0; count], vec![0; count], Vec::new());
        for block in 0..outer {
            for column in 0..inner {
                let (mut sum, mut state) = (0, 0);
                for step in 0..length {
                    let place = if reverse { length - 1 - step } else { step };
                    let place = at(block, place, column);
                    let number = of_x[place] as i32;
                    sums[place] = if exclusive { sum } else { sum + number };
                    sum += number;
                    states[place] = state;
                    state = number.wrapping_add(number.wrapping_mul(state));
                }
                let mut best = 0;
                for place in 1..length {
                    if of_x[at(block, place, column)] > of_x[at(block, best, column)] {
                        best = place;
                    }
                }
                largest.push(best as i32);
            }
        }
        let one = std::slice::from_ref(&x);
        let expect = |values| [Value::new(shape.clone(), Data::I32(values)).unwrap()];
        let accumulation = Accumulation::Sum;
        let op = Reduce::Cumulative { accumulation, axis: 1, exclusive, reverse };
        check(op, one, &expect(sums));
        let op = Reduce::Recurrence { axis: 1, reverse };
        check(op, &[x.clone(), x.clone()], &expect(states));
        let places = Value::new(vec![outer, inner], Data::I32(largest)).unwrap();
        check(arg(Extreme::Largest, 1, DType::I32), one, &[places]);
    }
}
