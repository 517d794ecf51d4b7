//! Products of matrices: none of them, empty ones, every pattern of broadcasting.

use aqueduct_graph::ir::{Data, Math};
use aqueduct_graph::{DType, Value};
use ndarray::{Array2, array};
use proptest::prelude::*;

use super::{check, counting, numbers};

fn matmul(transpose_a: bool, transpose_b: bool) -> Math {
    Math::MatMul {
        transpose_a,
        transpose_b,
    }
}

#[test]
fn without_rows_or_columns() {
    let op = matmul(false, false);
    for (m, k, n) in [(2, 0, 3), (0, 2, 3), (2, 3, 0), (0, 0, 0)] {
        let matrix = |rows, columns| Value::from(Array2::<f64>::zeros((rows, columns)));
        check(op, &[matrix(m, k), matrix(k, n)], &[matrix(m, n)]);
    }
    let (row, column) = (array![[1.0_f32, 2.0]], array![[3.0_f32], [4.0]]);
    check(
        op,
        &[row.into(), column.into()],
        &[array![[11.0_f32]].into()],
    );
}

#[test]
fn of_no_matrices_and_of_empty_ones() {
    let zeros = |sizes: &[usize]| Value::zeros(DType::F32, sizes).unwrap();
    for transpose_a in [false, true] {
        let a = |batch, m, k| {
            zeros(&if transpose_a {
                [batch, k, m]
            } else {
                [batch, m, k]
            })
        };
        for (a_batch, b_batch, m, k, n) in [
            (0, 1, 2, 3, 4),
            (1, 0, 2, 3, 4),
            (0, 0, 2, 3, 4),
            (2, 2, 0, 3, 4),
            (2, 1, 2, 0, 4),
            (1, 2, 2, 3, 0),
        ] {
            let batch = if a_batch == 1 { b_batch } else { a_batch };
            let inputs = [a(a_batch, m, k), zeros(&[b_batch, k, n])];
            check(
                matmul(transpose_a, false),
                &inputs,
                &[zeros(&[batch, m, n])],
            );
        }
    }
}

/// Batches of two operands that broadcast against each other: each has some sizes replaced by 1,
/// and one may leave outer axes out.
fn batches() -> impl Strategy<Value = [Vec<usize>; 3]> {
    let axis = (1..4_usize, prop::array::uniform2(any::<bool>()));
    let axes = prop::collection::vec(axis, 0..4);
    (axes, 0..4_usize, any::<bool>()).prop_map(|(axes, left_out, of_a)| {
        let batch = |operand: usize, left_out: usize| -> Vec<usize> {
            let size = |(size, kept): &(usize, [bool; 2])| if kept[operand] { *size } else { 1 };
            axes.iter().map(size).skip(left_out).collect()
        };
        let (out_of_a, out_of_b) = if of_a { (left_out, 0) } else { (0, left_out) };
        let (a, b) = (batch(0, out_of_a), batch(1, out_of_b));
        let size = |axis: usize| {
            let of = |batch: &Vec<usize>| {
                let place = (axis + batch.len()).checked_sub(axes.len());
                place.map_or(1, |place| batch[place])
            };
            of(&a).max(of(&b))
        };
        let c = (0..axes.len()).map(size).collect();
        [a, b, c]
    })
}

/// Which matrix of an operand belongs to a position of the result, by index arithmetic.
fn matrix_at(batch: &[usize], result: &[usize], position: usize) -> usize {
    let (mut rest, mut matrix, mut stride) = (position, 0, 1);
    for (size, out) in batch.iter().rev().zip(result.iter().rev()) {
        matrix += if *size == 1 { 0 } else { rest % out * stride };
        stride *= size;
        rest /= out;
    }
    matrix
}

proptest! {
    #[test]
    fn broadcasting_is_index_arithmetic(
        batches in batches(),
        (m, k, n) in (1..4_usize, 1..4_usize, 1..4_usize),
        transpose_a in any::<bool>(),
        transpose_b in any::<bool>(),
    ) {
        let [a_batch, b_batch, c_batch] = batches;
        let shape = |batch: &[usize], rows: usize, columns: usize, transposed: bool| {
            let sizes = if transposed { [columns, rows] } else { [rows, columns] };
            [batch, &sizes].concat()
        };
        let a = counting(&shape(&a_batch, m, k, transpose_a));
        let b = counting(&shape(&b_batch, k, n, transpose_b));
        let (of_a, of_b) = (numbers(&a), numbers(&b));
        let mut elements = Vec::new();
        for position in 0..c_batch.iter().product::<usize>() {
            let a_start = matrix_at(&a_batch, &c_batch, position) * m * k;
            let b_start = matrix_at(&b_batch, &c_batch, position) * k * n;
            let a_at = |i, l| of_a[a_start + if transpose_a { l * m + i } else { i * k + l }];
            let b_at = |l, j| of_b[b_start + if transpose_b { j * k + l } else { l * n + j }];
            for i in 0..m {
                let row = (0..n).map(|j| (0..k).map(|l| a_at(i, l) * b_at(l, j)).sum::<f64>() as f32);
                elements.extend(row);
            }
        }
        let c = Value::new(shape(&c_batch, m, n, false), Data::F32(elements)).unwrap();
        check(matmul(transpose_a, transpose_b), &[a, b], &[c]);
    }
}
