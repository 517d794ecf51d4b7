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

#[test]
fn of_no_elements_everything_takes_no_time_however_long_the_other_axes() {
    const LONG: usize = 1 << 40;
    let g = Graph::new();
    let zeros = |sizes: &[usize]| g.zeros::<f32>(sizes.to_vec());
    let ones = g.constant([1, 1, 1]);
    let places = g.zeros::<i32>([LONG, 0]);
    let quotients = g
        .zeros::<i32>([LONG, 1, 0])
        .floordiv(g.zeros::<i32>([3, 1]));
    let results = [
        zeros(&[0]).gather_nd(places),
        g.scatter_nd(places, zeros(&[LONG, 0]), [0]),
        zeros(&[LONG, 0]).cumsum(1),
        zeros(&[LONG, 4, 0]).cumprod(1),
        zeros(&[LONG, 0, 4]).argmax(2).cast(),
        zeros(&[3, LONG, 2, 0]).reduce_sum([1, 3]),
        zeros(&[LONG, 0, 3]).transpose([0, 2, 1]),
        zeros(&[LONG, 0, 3]).reverse_sequence(ones, 0, 2),
        zeros(&[3, LONG, 0]).reverse_sequence(ones, 1, 0),
        zeros(&[LONG, 0]).pad_symmetric([[LONG, 0], [0, 0]]),
        zeros(&[LONG, 2, 0]).pad_reflect([[0, 0], [1, 1], [0, 0]]),
        quotients.cast(),
    ];
    let sess = Session::new(&g);
    for result in results {
        let sizes = result.shape().sizes().unwrap();
        let value = sess.run(result, feed![]).unwrap();
        assert_eq!(value.shape(), sizes, "{}", result.name());
    }
}

#[test]
fn what_is_mirrored_is_not_listed_before_there_is_memory_for_it() {
    let g = Graph::new();
    let mirrored = g
        .zeros::<f32>([1_usize << 50])
        .pad_symmetric([[1_i64 << 49, 0]]);
    let error = Session::new(&g).run(mirrored, feed![]).unwrap_err();
    assert!(
        error.to_string().contains("does not fit in memory"),
        "{error}"
    );
}

#[test]
fn sizes_beside_a_0_must_fit_too() {
    let g = Graph::new();
    let results = [
        g.zeros::<f32>([0, 1_usize << 40, 1_usize << 40]),
        g.zeros::<f32>([1_usize << 40, 1_usize << 40, 0]),
        g.zeros::<f32>([2, 0]).tile([i64::MAX, 1]),
    ];
    let sess = Session::new(&g);
    for result in results {
        let error = sess.run(result, feed![]).unwrap_err().to_string();
        assert!(error.contains("is larger than any memory"), "{error}");
    }
}
