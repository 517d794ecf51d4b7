//! Clipping of gradients of both forms.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use aqueduct::Slope;
use aqueduct::prelude::*;
use aqueduct_tests::initialized;
use ndarray::{ArrayD, arr0, arr1, arr2};

/// The gradients of a vector, of three rows of a table (one twice), and of what is not used.
fn pairs(g: &Graph) -> Vec<(Gradient<'_>, AnyVariable<'_>)> {
    let w = g.variable("w", [3.0_f32, -4.0]);
    let table = g.variable("table", [[1.0_f32], [2.0], [0.0]]);
    let unused = g.variable("unused", 1.0_f32);
    let rows = table.gather(g.constant([1, 0, 1]));
    let loss = w.square().reduce_sum(..) * 0.5 + (rows * rows).reduce_sum(..) * 0.5;
    GradientDescent::new(1.0).compute_gradients(loss, [w.any(), table.any(), unused.any()])
}

fn values(sess: &Session, gradient: &Gradient<'_>) -> ArrayD<f32> {
    let tensor = match gradient.slope().unwrap() {
        Slope::Dense(tensor) => tensor,
        Slope::Sparse(slices) => slices.values,
    };
    sess.run(tensor.typed::<f32>(), feed![]).unwrap()
}

/// TensorFlow 2.15 gives these numbers: rows of a sparse gradient count each by itself.
#[test]
fn by_the_norm_of_all() {
    let g = Graph::new();
    let pairs = pairs(&g);
    let (clipped, norm) = clip_gradients_by_global_norm(&g, &pairs, 17.0_f64.sqrt());
    let sess = initialized(&g);
    // 3² + 4², and 2² + 1² + 2² of the rows.
    let number: f32 = sess.run(norm.scalar(), feed![]).unwrap();
    assert_eq!(number, 34.0_f32.sqrt());
    let array: ArrayD<f32> = norm.eval(&sess, feed![]).unwrap();
    assert_eq!(array, arr0(number).into_dyn());
    let ratio = 0.5_f32.sqrt();
    let near = |found: ArrayD<f32>, expected: ArrayD<f32>| {
        let far = (found - expected)
            .iter()
            .any(|distance| distance.abs() > 1e-6);
        assert!(!far);
    };
    near(
        values(&sess, &clipped[0].0),
        arr1(&[3.0 * ratio, -4.0 * ratio]).into_dyn(),
    );
    near(
        values(&sess, &clipped[1].0),
        arr2(&[[2.0 * ratio], [ratio], [2.0 * ratio]]).into_dyn(),
    );
    assert!(matches!(clipped[1].0, Gradient::Sparse(_)));
    assert_eq!(clipped[2], pairs[2]);
    let train = GradientDescent::new(1.0).apply_gradients(&g, &clipped, None);
    sess.run(train, feed![]).unwrap();
    let table = sess.value(clipped[1].1.typed::<f32>()).unwrap();
    near(
        table,
        arr2(&[[1.0 - ratio], [2.0 - 4.0 * ratio], [0.0]]).into_dyn(),
    );
}

#[test]
fn a_norm_within_the_limit_changes_nothing() {
    let g = Graph::new();
    let pairs = pairs(&g);
    let limit = g.placeholder::<f32>("limit", shape![]);
    let (clipped, _) = clip_gradients_by_global_norm(&g, &pairs, limit);
    let dense = clipped[0].0.typed::<f32>().unwrap();
    let sess = initialized(&g);
    let same = sess.run(dense, feed![limit => 100.0]).unwrap();
    assert_eq!(same, arr1(&[3.0, -4.0]).into_dyn());
}

#[test]
fn without_gradients_the_norm_is_zero() {
    let g = Graph::new();
    let w = g.variable("w", 1.0_f32);
    let pairs = [(Gradient::NotConnected, w.any())];
    let (clipped, norm) = clip_gradients_by_global_norm(&g, &pairs, 1.0);
    assert_eq!(clipped, pairs);
    let norm = Session::new(&g).run(norm.typed::<f32>(), feed![]).unwrap();
    assert_eq!(norm, arr0(0.0).into_dyn());
}

#[test]
fn each_by_value_and_by_norm() {
    let g = Graph::new();
    let pairs = pairs(&g);
    let sess = initialized(&g);
    let by_value = |gradient: &Gradient<'_>| values(&sess, &gradient.clip_by_value(-1.5, 1.5));
    assert_eq!(by_value(&pairs[0].0), arr1(&[1.5, -1.5]).into_dyn());
    let rows = arr2(&[[1.5], [1.0], [1.5]]).into_dyn();
    assert_eq!(by_value(&pairs[1].0), rows);
    let by_norm = |gradient: &Gradient<'_>| values(&sess, &gradient.clip_by_norm(1.5));
    assert_eq!(by_norm(&pairs[0].0), arr1(&[0.9, -1.2]).into_dyn());
    let rows = arr2(&[[1.0], [0.5], [1.0]]).into_dyn();
    assert_eq!(by_norm(&pairs[1].0), rows);
    for clipped in [
        pairs[2].0.clip_by_value(-1.0, 1.0),
        pairs[2].0.clip_by_norm(1.0),
    ] {
        assert_eq!(clipped, Gradient::NotConnected);
    }
}
