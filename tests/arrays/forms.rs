//! Matrices, grids and `einsum`, where sizes are known in the run alone or do not fit.

use aqueduct::prelude::*;
use ndarray::{arr1, arr2};

use crate::check_refused;

#[test]
fn einsum_of_sizes_known_in_the_run() {
    let g = Graph::new();
    let [x, y] = ["x", "y"].map(|name| g.placeholder::<f32>(name, shape![?, ?]));
    let sess = Session::new(&g);
    let run = |equation, right: ndarray::Array2<f32>| {
        let z = g.einsum(equation, &[x, y]);
        sess.run(z, feed![x => [[1.0, 2.0]], y => right])
    };
    let found = run("ij,kj->ki", arr2(&[[3.0, 4.0], [5.0, 6.0]])).unwrap();
    assert_eq!(found, arr2(&[[11.0], [17.0]]).into_dyn());
    let found = run("ij,ij->j", arr2(&[[3.0, 4.0]])).unwrap();
    assert_eq!(found, arr1(&[3.0, 8.0]).into_dyn());
    // Neither is broadcast, nor does it count that there are as many elements.
    for (equation, right) in [
        ("ij,ij->ij", arr2(&[[3.0, 4.0], [5.0, 6.0]])),
        ("ij,ij->ij", arr2(&[[3.0], [4.0]])),
        ("ij,jk->ik", arr2(&[[3.0, 4.0]])),
    ] {
        let report = run(equation, right).unwrap_err().to_string();
        assert!(
            report.contains("axes of one letter have one size"),
            "{report}"
        );
    }
}

#[test]
fn einsum_that_does_not_fit() {
    check_refused(
        |g, x| _ = g.einsum("ij,j%->i", &[x, x]),
        "\"ij,j%->i\" cannot be read at character 5, '%'",
    );
    check_refused(
        |g, x| _ = g.einsum("ij,jk->ik", &[x, g.zeros([3, 2])]),
        "axis 'j' has size 4 in operand 0 but 3 in operand 1",
    );
    check_refused(
        |g, _| _ = g.einsum::<f32>("", &[]),
        "the op takes at least 1 operand but is given 0",
    );
}

#[test]
fn matrices_of_sizes_known_in_the_run() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?]);
    let fetches = (
        x.matrix_diag_part(),
        x.matrix_set_diag(x.matrix_diag_part() * 2.0),
        x.trace().scalar(),
        g.eye_with::<i32>(x.size_of(0), x.size_of(1)),
    );
    let sess = Session::new(&g);
    let fed = arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let (diagonal, doubled, trace, eye) = sess.run(fetches, feed![x => &fed]).unwrap();
    assert_eq!(diagonal, arr1(&[1.0, 5.0]).into_dyn());
    assert_eq!(
        doubled,
        arr2(&[[2.0, 2.0, 3.0], [4.0, 10.0, 6.0]]).into_dyn()
    );
    assert_eq!(trace, 6.0);
    assert_eq!(eye, arr2(&[[1, 0, 0], [0, 1, 0]]).into_dyn());
    let nothing = ndarray::Array2::<f32>::zeros((0, 3));
    let (diagonal, doubled, trace, eye) = sess.run(fetches, feed![x => &nothing]).unwrap();
    assert_eq!(
        (diagonal.len(), doubled.shape(), trace, eye.len()),
        (0, [0, 3].as_slice(), 0.0, 0)
    );
}

#[test]
fn matrices_that_cannot_be() {
    check_refused(
        |_, x| _ = x.reduce_sum(0).matrix_diag_part(),
        "x has shape [4] but must have the two axes of matrices",
    );
    check_refused(
        |g, x| {
            _ = x
                .slice(..2)
                .ensure_shape(shape![2, 4])
                .matrix_set_diag(g.zeros([4]))
        },
        "diagonal has shape [4] but must have shape [2]",
    );
    check_refused(
        |g, _| _ = g.zeros::<f32>([2, 3]).diag_part(),
        "x has shape [2, 3], not that of two equal halves",
    );
    check_refused(
        |g, x| _ = g.linspace(x, 1.0, 3),
        "an end has shape [?, 4] but must be a scalar",
    );
    check_refused(|_, x| _ = x.roll(1, 2), "axis 2 is out of range for rank 2");
}

#[test]
fn numbers_of_places_that_are_fed() {
    let g = Graph::new();
    let n = g.placeholder::<i32>("n", shape![]);
    let x = g.range(5_i64);
    let fetches = (
        x.roll(n, 0),
        g.linspace(1.0_f32, 2.0, n.abs()),
        x.repeat(n.abs(), 0).size().scalar(),
    );
    let sess = Session::new(&g);
    let (rolled, line, count) = sess.run(fetches, feed![n => -2]).unwrap();
    assert_eq!(rolled, arr1(&[2_i64, 3, 4, 0, 1]).into_dyn());
    assert_eq!(line, arr1(&[1.0, 2.0]).into_dyn());
    assert_eq!(count, 10);
    let (rolled, line, count) = sess.run(fetches, feed![n => 0]).unwrap();
    assert_eq!(rolled, arr1(&[0_i64, 1, 2, 3, 4]).into_dyn());
    assert_eq!((line.len(), count), (0, 0));
    let empty = g.zeros::<f32>([0, 2]).roll(n, 0);
    assert_eq!(sess.run(empty, feed![n => 3]).unwrap().len(), 0);
}
