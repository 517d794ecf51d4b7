//! What is known of sizes while building holds in the run.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use aqueduct::Size;
use aqueduct::prelude::*;

/// Sizes worked out from `x`, f32[?, 3, 4, ?], which is fed as [2, 3, 4, 5]: the tensor filled to
/// them is of the static shape said, and in the run of the sizes said.
#[track_caller]
fn check(
    sizes: impl for<'g> FnOnce(Tensor<'g, f32>) -> Vec<Tensor<'g, i32>>,
    known: &str,
    run: &[usize],
) {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3, 4, ?]);
    let sizes: Vec<Size<'_>> = sizes(x).into_iter().map(Size::from).collect();
    let filled = g.fill(sizes, 0.5_f32);
    g.check().unwrap();
    assert_eq!(filled.shape().to_string(), known);
    let fed = ndarray::Array4::zeros((2, 3, 4, 5));
    let value = Session::new(&g).run(filled, feed![x => &fed]).unwrap();
    assert_eq!(value.shape(), run);
}

/// The elements of a vector of two.
fn both(pair: Tensor<'_, i32>) -> Vec<Tensor<'_, i32>> {
    pair.unstack(2, 0)
}

#[test]
fn sizes_are_followed_through_integer_ops() {
    check(|x| vec![x.size_of(1), x.size_of(-1)], "[3, ?]", &[3, 5]);
    check(|x| both(x.shape_tensor().slice(..2)), "[?, 3]", &[2, 3]);
    check(|x| both(x.shape_tensor().split(2, 0)[0]), "[?, 3]", &[2, 3]);
    check(|x| both(x.shape_tensor().split(2, 0)[1]), "[4, ?]", &[4, 5]);
    check(
        |x| x.shape_tensor().unstack(4, 0),
        "[?, 3, 4, ?]",
        &[2, 3, 4, 5],
    );
    check(
        |x| both(x.graph().stack(&[x.size_of(2), x.size_of(1)], 0)),
        "[4, 3]",
        &[4, 3],
    );
    check(|x| vec![x.size_of(1) * x.size_of(2)], "[12]", &[12]);
    check(|x| vec![x.size_of(0) + x.size_of(2)], "[?]", &[6]);
    check(|x| vec![x.size()], "[?]", &[120]);
}

#[test]
fn equal_pieces_of_an_unknown_size_have_one_identity() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 4]);
    let pieces = x.split(2, 0);
    assert!(pieces[0].shape().same(&pieces[1].shape()));
    assert!(!pieces[0].shape().same(&x.shape()));
}
