//! Reductions: nothing to reduce, integers, every pattern of axes, accuracy.

use aqueduct_graph::ir::{Data, Fact, Reduce, Reduction};
use aqueduct_graph::{DType, Value};
use ndarray::{Array1, array};
use proptest::prelude::*;

use super::{check, counting, failure, numbers, run, sizes};

fn over(reduction: Reduction, axes: &[usize]) -> Reduce {
    Reduce::Over {
        reduction,
        axes: axes.to_vec(),
        keep_dims: false,
    }
}

#[test]
fn of_nothing() {
    let nothing = counting(&[0, 2]);
    for (reduction, expected) in [
        (Reduction::Sum, 0.0),
        (Reduction::Prod, 1.0),
        (Reduction::Mean, f32::NAN),
        (Reduction::Max, f32::NEG_INFINITY),
        (Reduction::Min, f32::INFINITY),
    ] {
        let expected = [array![expected, expected].into()];
        check(
            over(reduction, &[0]),
            std::slice::from_ref(&nothing),
            &expected,
        );
    }
    let none = Value::zeros(DType::Bool, &[0]).unwrap();
    check(
        over(Reduction::All, &[0]),
        std::slice::from_ref(&none),
        &[Value::scalar(true)],
    );
    check(over(Reduction::Any, &[0]), &[none], &[Value::scalar(false)]);

    let integers = Value::zeros(DType::I32, &[0, 2]).unwrap();
    let mean = over(Reduction::Mean, &[0]);
    let message = failure(
        mean.clone(),
        std::slice::from_ref(&integers),
        DType::I32,
        &[2],
    );
    assert_eq!(message, "the mean of no integers does not exist");
    check(
        over(Reduction::Max, &[0]),
        &[integers],
        &[array![i32::MIN, i32::MIN].into()],
    );
    let empty = Value::zeros(DType::I32, &[0, 0]).unwrap();
    check(mean, &[empty], &[Value::zeros(DType::I32, &[0]).unwrap()]);
}

#[test]
fn over_no_axes() {
    let x = Value::from(array![[1, -2], [3, 4]]);
    for reduction in [
        Reduction::Sum,
        Reduction::Prod,
        Reduction::Mean,
        Reduction::Max,
        Reduction::Min,
    ] {
        let one = std::slice::from_ref(&x);
        check(over(reduction, &[]), one, one);
    }
    check(
        over(Reduction::Sum, &[]),
        &[Value::scalar(2.5)],
        &[Value::scalar(2.5)],
    );
}

#[test]
fn of_integers() {
    let check_mean = |x: Value, y: Value| check(over(Reduction::Mean, &[0]), &[x], &[y]);
    check_mean(array![-1, -2, 5, 0, -9].into(), Value::scalar(-1));
    check_mean(array![200_u8, 250, 255].into(), Value::scalar(235_u8));
    check_mean(array![i32::MAX, i32::MAX].into(), Value::scalar(i32::MAX));
    let bytes = Value::from(array![200_u8, 100]);
    check(
        over(Reduction::Sum, &[0]),
        &[bytes],
        &[Value::scalar(44_u8)],
    );
}

#[test]
fn products() {
    let check_product = |x: Value, y: Value| check(over(Reduction::Prod, &[0]), &[x], &[y]);
    check_product(array![200_u8, 100].into(), Value::scalar(32_u8));
    check_product(array![i32::MAX, 2].into(), Value::scalar(-2));
    check_product(array![i64::MIN, -1].into(), Value::scalar(i64::MIN));
    check_product(array![2.0_f64, -3.0, 0.5].into(), Value::scalar(-3.0_f64));
    check_product(
        array![0.0_f32, f32::INFINITY].into(),
        Value::scalar(f32::NAN),
    );
    check_product(array![f32::MAX, 2.0].into(), Value::scalar(f32::INFINITY));
}

#[test]
fn nan_is_passed_on() {
    for length in [1, 15, 16, 700] {
        for place in [0, length / 2, length - 1] {
            let mut x = Array1::<f32>::ones(length);
            x[place] = f32::NAN;
            for reduction in [
                Reduction::Max,
                Reduction::Min,
                Reduction::Sum,
                Reduction::Prod,
            ] {
                let x = Value::from(x.clone());
                check(over(reduction, &[0]), &[x], &[Value::scalar(f32::NAN)]);
            }
        }
    }
}

#[test]
fn of_truth_values() {
    let x = Value::from(array![[true, true], [true, false], [false, false]]);
    let check_rows = |reduction, expected: Vec<bool>| {
        check(
            over(reduction, &[1]),
            std::slice::from_ref(&x),
            &[Value::vector(expected)],
        );
    };
    check_rows(Reduction::All, vec![true, false, false]);
    check_rows(Reduction::Any, vec![true, true, false]);
}

#[test]
fn long_sums_are_accurate() {
    let count = 300_000;
    let x = Value::vector(vec![0.1_f32; count]);
    let expected = Value::scalar((count as f64 * f64::from(0.1_f32)) as f32);
    check(
        over(Reduction::Sum, &[0]),
        std::slice::from_ref(&x),
        std::slice::from_ref(&expected),
    );
    let column = Value::new(vec![count / 10, 10], x.data().clone()).unwrap();
    let tenth = 0.1 * expected.as_slice::<f32>().unwrap()[0];
    check(
        over(Reduction::Sum, &[0]),
        &[column],
        &[Value::vector(vec![tenth; 10])],
    );
}

#[test]
fn sum_to_the_shape_of_a_scalar_and_of_nothing() {
    check(
        Reduce::SumTo,
        &[counting(&[2, 3]), sizes(&[])],
        &[Value::scalar(15.0_f32)],
    );
    let zeros = Value::zeros(DType::F32, &[1, 3]).unwrap();
    check(
        Reduce::SumTo,
        &[counting(&[0, 3]), sizes(&[1, 3])],
        &[zeros],
    );
}

fn array_and_axes() -> impl Strategy<Value = (Vec<usize>, Vec<bool>)> {
    let axis = (
        prop_oneof![4 => 1..7_usize, 1 => 30..80_usize],
        any::<bool>(),
    );
    prop::collection::vec(axis, 0..5).prop_map(|axes| axes.into_iter().unzip())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn sums_and_maxima_are_index_arithmetic((shape, reduced) in array_and_axes()) {
        let count = shape.iter().product::<usize>();
        prop_assume!(count < 200_000);
        let integers = (0..count).map(|i| (i as i32).wrapping_mul(7919) % 1000).collect();
        let x = Value::new(shape.clone(), Data::I32(integers)).unwrap();
        let kept: Vec<usize> =
            shape.iter().zip(&reduced).filter(|(_, reduced)| !**reduced).map(|(size, _)| *size).collect();

        let total = kept.iter().product::<usize>();
        let (mut sums, mut maxima) = (vec![0; total], vec![i32::MIN; total]);
        for (position, number) in numbers(&x).into_iter().enumerate() {
            let (mut rest, mut place, mut stride) = (position, 0, 1);
            for (size, reduced) in shape.iter().zip(&reduced).rev() {
                if !reduced {
                    place += rest % size * stride;
                    stride *= size;
                }
                rest /= size;
            }
            sums[place] += number as i32;
            maxima[place] = maxima[place].max(number as i32);
        }
        let axes: Vec<usize> = (0..shape.len()).filter(|axis| reduced[*axis]).collect();
        let expect = |values| Value::new(kept.clone(), Data::I32(values)).unwrap();
        check(over(Reduction::Sum, &axes), std::slice::from_ref(&x), &[expect(sums)]);
        check(over(Reduction::Max, &axes), &[x], &[expect(maxima)]);
    }
}

#[test]
fn the_same_numbers_give_the_same_bits_wherever_their_column_stands() {
    // Strips of 32, 8 and 1, and groups of rows.
    for width in [41, 7, 16, 20] {
        let column = |row: usize| (row as f32 * 0.37).sin();
        let rows = (0..100).flat_map(|row| std::iter::repeat_n(column(row), width));
        let x = Value::new(vec![100, width], Data::F32(rows.collect())).unwrap();
        let op = over(Reduction::Sum, &[0]).into();
        let sums = run(&op, &[x], &[Fact::new(DType::F32, [width])]).unwrap();
        let sums = sums[0].as_slice::<f32>().unwrap();
        assert!(sums.iter().all(|sum| sum.to_bits() == sums[0].to_bits()));
    }
}

#[test]
fn rows_of_every_width_are_summed_column_by_column() {
    for width in 1..40 {
        for rows in [1, 31, 32, 64, 65, 127, 700] {
            let number = |row: usize, column: usize| (row * 31 + column * 7) as i32 % 1000 - 300;
            let numbers = (0..rows).flat_map(|row| (0..width).map(move |c| number(row, c)));
            let x = Value::new(vec![rows, width], Data::I32(numbers.collect())).unwrap();
            let sums = (0..width).map(|column| (0..rows).map(|row| number(row, column)).sum());
            check(
                over(Reduction::Sum, &[0]),
                &[x],
                &[Value::vector(sums.collect::<Vec<i32>>())],
            );
        }
    }
}
