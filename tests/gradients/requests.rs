//! What can be asked of gradients, and what they are like.

use aqueduct::prelude::*;
use aqueduct::{IndexedSlices, Value};
use aqueduct_tests::{Tolerance, compare};
use ndarray::arr1;

#[track_caller]
fn dense<'g>(gradient: &Gradient<'g>) -> Tensor<'g, f32> {
    match gradient {
        Gradient::Dense(tensor) => tensor.typed(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn sparse<'g>(gradient: &Gradient<'g>) -> IndexedSlices<'g> {
    match gradient {
        Gradient::Sparse(slices) => *slices,
        other => panic!("{other:?}"),
    }
}

#[test]
fn grad_ys_weigh_the_elements_and_the_ys() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2]);
    let weights = g.constant([10.0_f32, -1.0]);
    let (square, cube) = (x.square(), x.square() * x);
    let found = Gradients::of((square, cube))
        .wrt(x)
        .grad_ys((weights, weights * 100.0))
        .build();
    let sum = gradients((square, cube), x);
    let (weighed, sum) = Session::new(&g)
        .run((dense(&found[0]), dense(&sum[0])), feed![x => [1.0, 2.0]])
        .unwrap();
    // 2x + 3x² at 1 and 2.
    assert_eq!(sum, arr1(&[5.0, 16.0]).into_dyn());
    let expected = [10.0 * 2.0 + 1000.0 * 3.0, -4.0 - 100.0 * 12.0];
    assert_eq!(weighed, arr1(&expected).into_dyn());
}

#[test]
fn stopped_tensors_are_constants() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![]);
    let y = x.square();
    let z = y * x;
    let found = Gradients::of(z).wrt((x, y)).stop_gradients(y).build();
    let whole = gradients(z, (x, y));
    let fetches = [&found, &whole].map(|found| [0, 1].map(|place| dense(&found[place]).scalar()));
    let values = Session::new(&g).run(fetches, feed![x => 3.0]).unwrap();
    assert_eq!(values, [[9.0, 3.0], [27.0, 3.0]]);
}

#[test]
fn a_gradient_that_is_not_there_says_which_of_the_two_it_is() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![]);
    let apart = g.placeholder::<f32>("apart", shape![]);
    let count = g.placeholder::<i32>("count", shape![]);
    let y = x.floor_by_cast() * count.cast::<f32>();
    let found = gradients(y, (x, apart, count));
    let why = found[0].why_not().unwrap();
    assert!(why.contains("`Cast`"), "{why}");
    assert_eq!(found[1], Gradient::NotConnected);
    let why = found[2].why_not().unwrap();
    assert!(why.contains("i32"), "{why}");
    g.check().unwrap();
}

/// A function whose value changes, but not smoothly.
trait FloorByCast {
    fn floor_by_cast(self) -> Self;
}

impl FloorByCast for Tensor<'_, f32> {
    fn floor_by_cast(self) -> Self {
        self.cast::<i32>().cast()
    }
}

#[test]
fn a_gradient_by_a_variable_covers_all_its_reads() {
    let g = Graph::new();
    let v = g.variable("v", 3.0_f32);
    let write = v.assign_add(1.0);
    let later = g.control_dependencies([write], || v.read_value());
    let y = v.square() + later * 10.0 + v.read_value() * 100.0;
    let found = gradients(y, (v, v.value(), later));
    let fetches = [0, 1, 2].map(|place| dense(&found[place]).scalar());
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    // The second is by the value at the start of the run alone.
    assert_eq!(sess.run(fetches, feed![]).unwrap(), [116.0, 6.0, 10.0]);
}

#[test]
fn gathered_gradients_stay_sparse_where_they_can() {
    let g = Graph::new();
    let table = g.variable("table", [[1.0_f32, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    let ids = g.placeholder::<i32>("ids", shape![?]);
    let once = table.gather(ids).square();
    let copied = table.identity().gather(ids).square();
    let read = table.read_value().gather(ids).square();
    let twice = once + table.gather(ids.cast::<i64>()) * 2.0;
    let mixed = once.reduce_sum(..) + table.reduce_sum(..);
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    let value = |tensor: AnyTensor<'_>| sess.run(tensor, feed![ids => [2, 0, 2]]).unwrap();
    let rows = |rows: [[f32; 2]; 3]| Value::from(ndarray::arr2(&rows));
    for y in [once, copied, read] {
        let slices = sparse(&gradients(y, table)[0]);
        assert_eq!(value(slices.values).shape(), [3, 2]);
        let whole = value(slices.to_dense());
        assert_eq!(whole, rows([[2.0, 4.0], [0.0, 0.0], [20.0, 24.0]]));
    }
    let slices = sparse(&gradients(twice, table)[0]);
    assert_eq!(value(slices.values).shape(), [6, 2]);
    let whole = value(slices.to_dense());
    assert_eq!(whole, rows([[4.0, 6.0], [0.0, 0.0], [24.0, 28.0]]));
    let whole = value(dense(&gradients(mixed, table)[0]).any());
    assert_eq!(whole, rows([[3.0, 5.0], [1.0, 1.0], [21.0, 25.0]]));
}

#[test]
fn what_is_not_chosen_does_not_leak() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2]);
    let safe = x.greater(0.0).select(x, 1.0);
    // At 0 the root has an infinite slope, which `select` must not multiply by 0.
    let y = x.greater(0.0).select(safe.sqrt(), x);
    let slope = gradient(y, x);
    let value = Session::new(&g).run(slope, feed![x => [4.0, 0.0]]).unwrap();
    assert_eq!(value, arr1(&[0.25, 1.0]).into_dyn());
}

#[test]
fn derivatives_of_any_order() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![]);
    let mut derivatives = vec![x.tanh()];
    for order in 0..4 {
        derivatives.push(gradient(derivatives[order], x));
    }
    let fetches: Vec<_> = derivatives.iter().map(|y| y.scalar()).collect();
    let values = Session::new(&g).run(fetches, feed![x => 0.5]).unwrap();
    let y = 0.5_f32.tanh();
    let first = 1.0 - y * y;
    let expected = vec![
        y,
        first,
        -2.0 * y * first,
        first * (6.0 * y * y - 2.0),
        first * (16.0 * y - 24.0 * y * y * y),
    ];
    let tolerance = Tolerance::REFERENCE;
    compare(&Value::vector(values), &Value::vector(expected), tolerance).unwrap();
}
