//! Each op's gradient has the shape and type of the operand, and so has the gradient of that.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use aqueduct_graph::ir::{Bound, Update};
use aqueduct_graph::{AnyTensor, DType, Graph, NEW_AXIS, Shape, Tensor, shape, zeros};
use aqueduct_optimizer::gradients;

type X<'g> = Tensor<'g, f32>;

/// Checks the gradients of `build(a, b)` with respect to both, if it depends on both, as far as the
/// second derivative.
#[track_caller]
fn check<'g, Y: Into<AnyTensor<'g>>>(shapes: [Shape; 2], build: impl FnOnce(X<'g>, X<'g>) -> Y) {
    let g = Graph::new().leak();
    let [a, b] = shapes.map(|shape| g.placeholder::<f32>("x", shape));
    // Curved, so that the first derivative depends on the operands again.
    let mut y = build(a, b).into().typed::<f32>().exp().any();
    for _ in 0..2 {
        let found = gradients(y, (a, b));
        let slopes = found.iter().zip([a, b]);
        let slopes: Vec<AnyTensor<'_>> = slopes
            .filter_map(|(gradient, x)| {
                let slope = gradient.dense()?;
                assert_eq!(slope.dtype(), DType::F32);
                assert!(slope.shape().compatible(&x.shape()), "{slope} of {x}");
                Some(slope)
            })
            .collect();
        assert!(!slopes.is_empty(), "{found:?}");
        g.check().unwrap();
        let sums = slopes
            .iter()
            .map(|slope| slope.typed::<f32>().square().reduce_sum(..));
        y = sums.reduce(|a, b| a + b).unwrap().any();
    }
}

fn same(shape: Shape) -> [Shape; 2] {
    [shape.clone(), shape]
}

#[test]
fn math() {
    let unknown = || [shape![?, 3], shape![3]];
    let shapes = [
        unknown(),
        [shape![2, 1], shape![1, 3]],
        same(shape![]),
        [shape![?, 1], shape![?]],
        same(shape![0, 3]),
    ];
    for shapes in shapes {
        check(shapes.clone(), |a, b| a + b);
        check(shapes.clone(), |a, b| a - b);
        check(shapes.clone(), |a, b| a * b);
        check(shapes.clone(), |a, b| a / b);
        check(shapes.clone(), |a, b| a.maximum(b));
        check(shapes.clone(), |a, b| a.minimum(b));
        check(shapes.clone(), |a, b| a.squared_difference(b));
        check(shapes.clone(), |a, b| a.greater(b).select(a, b));
        check(shapes.clone(), |a, b| a.greater(1.0).select(b * 2.0, 1.0));
        check(shapes.clone(), |a, _| a.cast::<f64>().exp().cast::<f32>());
    }
    let functions: [fn(X<'static>) -> X<'static>; 12] = [
        |x| -x,
        X::abs,
        X::sign,
        X::reciprocal,
        X::square,
        X::sqrt,
        X::rsqrt,
        X::exp,
        X::log,
        X::tanh,
        X::sigmoid,
        X::relu,
    ];
    for function in functions {
        check(unknown(), |a, b| function(a) * b);
    }
    check(same(shape![4]), |a, b| {
        aqueduct_graph::ir::add_n(a.graph(), &[a.any(), b.any(), a.any()])
    });
}

#[test]
fn matmul() {
    for (transpose_a, transpose_b) in [(false, false), (false, true), (true, false), (true, true)] {
        let a = if transpose_a {
            shape![3, ?]
        } else {
            shape![?, 3]
        };
        let b = if transpose_b {
            shape![4, 3]
        } else {
            shape![3, 4]
        };
        check([a, b], |a, b| {
            a.matmul_with(b, transpose_a, transpose_b).tanh()
        });
    }
}

#[test]
fn networks() {
    check([shape![?, 4, 3], shape![3]], |a, b| a.bias_add(b).relu());
    check([shape![?], shape![?]], |a, b| a.bias_add(b).relu());
}

#[test]
fn reductions() {
    let shapes = || [shape![?, 3, ?], shape![2, 3, 4]];
    check(shapes(), |a, b| {
        a.reduce_sum([0, 2]) * b.reduce_sum(1).reduce_sum(..)
    });
    check(shapes(), |a, b| {
        a.reduce_sum_keep(1) * b.reduce_sum_keep([0, 2]).reduce_sum(..)
    });
    check(shapes(), |a, b| {
        a.reduce_mean(-1).reduce_mean(..) * b.reduce_mean([0, 1])
    });
    check(shapes(), |a, b| {
        a.reduce_mean_keep(0).reduce_mean(..) * b.reduce_mean_keep(2)
    });
    check(shapes(), |a, b| {
        a.reduce_max([1, 2]).reduce_max(..) * b.reduce_max_keep(1)
    });
    check(shapes(), |a, b| {
        a.reduce_min_keep([0, 1]).reduce_min(..) * b.reduce_min(..)
    });
    check([shape![?, 3], shape![?]], |a, b| {
        a.broadcast_to([5, 7, 3]).sum_to([7, 3]).reduce_sum(..) * b
    });
}

#[test]
fn reshaping() {
    let shapes = || [shape![?, 4], shape![2, 6]];
    check(shapes(), |a, b| {
        a.reshape([-1]).reduce_sum(..) * b.reshape([3, 4])
    });
    check(shapes(), |a, b| {
        a.expand_dims(-1).reduce_sum(..) * b.expand_dims(0)
    });
    check([shape![?, 1], shape![1, 6]], |a, b| {
        a.squeeze(1).reduce_sum(..) * b.squeeze(0)
    });
    check([shape![?, 2, 3], shape![]], |a, b| {
        a.transpose([2, 0, 1]) * b.identity()
    });
    check([shape![], shape![?]], |a, b| {
        a.graph().fill(b.shape_tensor(), a) * b
    });
}

#[test]
fn slices() {
    let shapes = || [shape![?, 6], shape![5, 6]];
    check(shapes(), |a, b| {
        a.slice((1.., -1)).reduce_sum(..) * b.slice((.., 2..4))
    });
    check(shapes(), |a, b| {
        let backwards = b.slice(vec![Bound::range(None, None, -2), NEW_AXIS]);
        a.slice((0, ..)).reduce_sum(..) * backwards
    });
}

#[test]
fn joining_and_cutting() {
    let shapes = || [shape![?, 4], shape![?, 4]];
    check(shapes(), |a, b| a.graph().stack(&[a, b, a], 1).exp());
    check(shapes(), |a, b| {
        a.unstack(4, 1)[2].reduce_sum(..) * b.unstack(4, -1)[0]
    });
    check(shapes(), |a, b| {
        a.split(2, 1)[1].reduce_sum(..) * b.split_sizes(&[1, 3], 1)[1]
    });
    check(shapes(), |a, b| a.graph().concat(&[a, b], 1).exp());
    check(shapes(), |a, b| {
        a.graph().concat(&[a, a * b.reduce_sum(..)], 0).exp()
    });
    check([shape![2, 4], shape![3, 4]], |a, b| {
        a.graph().concat(&[a, b, a], 0).exp()
    });
    check([shape![?, 4], shape![3, 4]], |a, b| {
        a.graph().concat(&[b, a, b], 0).exp()
    });
    check([shape![?, 4], shape![?, 4]], |a, b| {
        a.graph().concat(&[b, a, b], 0).exp()
    });
    check([shape![?, 4], shape![0, 4]], |a, b| {
        a.graph().concat(&[b, a, b], 0).exp()
    });
}

#[test]
fn a_gradient_is_given_whole_or_not_at_all() {
    let g = Graph::new();
    let a = g.placeholder::<f32>("a", shape![]);
    let scale = g.variable("scale", 2.0_f32);
    let doubled = g.while_loop(a, |x| x.less(5.0), |x| x * 2.0);
    let found = gradients((doubled + a) * scale, (a, scale));
    assert!(
        found[0].why_not().is_some(),
        "a part of it is lost in the loop"
    );
    assert!(found[1].dense().is_some(), "nothing of it is lost");
}

#[test]
fn gathering() {
    let shapes = || [shape![7, ?, 3], shape![?, 3]];
    check(shapes(), |a, b| {
        let g = a.graph();
        let table = g.placeholder::<i32>("table", shape![?, 2]);
        let vector = g.placeholder::<i64>("vector", shape![?]);
        let scalar = g.placeholder::<i64>("scalar", shape![]);
        let along =
            a.gather_along(table, 1).reduce_sum(..) * a.gather_along(scalar, 2).reduce_sum(..);
        a.gather(table).reduce_sum(..) * b.gather(vector) * b.gather(scalar) * along
    });
    check(shapes(), |a, b| {
        let ids = a.graph().placeholder::<i32>("ids", shape![7]);
        let rows = a.graph().constant(4_i32);
        let sums = a.unsorted_segment_sum(ids, rows);
        sums.reduce_sum([0, 1]) * b
    });
}

#[test]
fn a_gathered_gradient_passes_copies_and_sums_as_it_is() {
    let g = Graph::new();
    let table = g.variable::<f32>("table", zeros([2, 2]));
    let copy = table.identity();
    let found = gradients(copy.gather(0_i32), table);
    assert!(matches!(found[0], aqueduct_optimizer::Gradient::Sparse(_)));
    let _ = table.any().update(Update::Set, found[0].dense().unwrap());
    g.check().unwrap();
}
