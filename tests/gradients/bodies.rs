//! Gradients through the bodies of loops and branches.

use aqueduct::prelude::*;
use aqueduct::{ScanOptions, Value};
use aqueduct_tests::{initialized, spread};
use ndarray::{Array1, ArrayD, arr1, arr2};

use crate::assert_near;

/// The gradients as tensors.
#[track_caller]
fn dense<'g>(found: &[Gradient<'g>]) -> Vec<AnyTensor<'g>> {
    let dense = |found: &Gradient<'g>| match found.dense() {
        Some(dense) => dense,
        None => panic!("{found:?}"),
    };
    found.iter().map(dense).collect()
}

fn started(name: &str, g: &'static Graph, sizes: &[usize]) -> Variable<'static, f64> {
    let taken = sizes.iter().sum();
    g.variable(name, g.constant(spread(sizes, (-0.7, 0.7), taken)))
}

type State = (Tensor<'static, f64>, Tensor<'static, f64>);

/// A cell of two states and shared weights.
struct Cell {
    kernel: Variable<'static, f64>,
    recurrent: Variable<'static, f64>,
    bias: Variable<'static, f64>,
}

impl Cell {
    fn new(g: &'static Graph) -> Cell {
        Cell {
            kernel: started("kernel", g, &[3, 4]),
            recurrent: started("recurrent", g, &[4, 4]),
            bias: started("bias", g, &[4]),
        }
    }

    fn call(&self, (c, h): State, x: Tensor<'static, f64>) -> State {
        let inner = x.matmul(self.kernel) + h.matmul(self.recurrent) + self.bias;
        let c = c * inner.sigmoid() + inner.tanh();
        (c, c.tanh() * h.sigmoid())
    }
}

#[test]
fn a_recurrent_network_is_the_same_as_its_steps_written_out() {
    let g = Graph::new().leak();
    let cell = Cell::new(g);
    let xs = g.placeholder::<f64>("xs", shape![?, ?, 3]);
    let start = g.placeholder::<f64>("start", shape![?, 4]);
    let seen = |loss: Tensor<'static, f64>| {
        let points = (cell.kernel, cell.recurrent, cell.bias, xs, start);
        let mut all = vec![loss.any()];
        all.extend(dense(&gradients(loss, points)));
        all
    };
    let ((c, h), all) = g.scan((start, start * 0.5), xs, |state, x| {
        let next = cell.call(state, x);
        (next, next.1)
    });
    let looped = seen((c * h).reduce_sum(..) + all.square().reduce_sum(..));
    let sess = initialized(g);
    for steps in [0, 1, 5] {
        let mut state = (start, start * 0.5);
        let mut loss = g.constant(0.0);
        for step in 0..steps {
            state = cell.call(state, xs.slice(step as i64));
            loss = loss + state.1.square().reduce_sum(..);
        }
        let loss = loss + (state.0 * state.1).reduce_sum(..);
        let (xs_fed, start_fed) = (
            spread(&[steps, 2, 3], (-1.0, 1.0), 0),
            spread(&[2, 4], (-1.0, 1.0), 40),
        );
        let feeds = || feed![xs => &xs_fed, start => &start_fed];
        let looped = sess.run(&looped, feeds()).unwrap();
        if steps == 0 {
            assert_eq!(looped[1], Value::from(ArrayD::<f64>::zeros(vec![3, 4])));
            assert_eq!(looped[4], Value::from(ArrayD::<f64>::zeros(vec![0, 2, 3])));
            let expected = Value::from(&start_fed * 1.0);
            assert_near(&looped[5..], &[expected]);
        } else {
            let unrolled = sess.run(&seen(loss), feeds()).unwrap();
            assert_near(&looped, &unrolled);
        }
    }
}

#[test]
fn a_fed_number_of_steps_and_every_order() {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![]);
    let n = g.placeholder::<i32>("n", shape![]);
    let options = ScanOptions::new().length(n);
    let (power, ()) = g.scan_with(options, g.constant(1.0), (), |power, ()| (power * x, ()));
    let mut derivatives = vec![power];
    for order in 0..3 {
        derivatives.push(gradient(derivatives[order], x));
    }
    let fetches: Vec<_> = derivatives.iter().map(|y| y.scalar()).collect();
    let sess = Session::new(&g);
    for n_fed in [0, 1, 2, 5] {
        let found = sess.run(fetches.clone(), feed![x => 1.5, n => n_fed]);
        let mut factor = 1.0;
        let expected: Vec<f64> = (0..4)
            .map(|order| {
                let exponent = n_fed - order;
                let value = if exponent < 0 {
                    0.0
                } else {
                    factor * 1.5_f64.powi(exponent)
                };
                factor *= f64::from(exponent.max(0));
                value
            })
            .collect();
        assert_near(&[Value::vector(found.unwrap())], &[Value::vector(expected)]);
    }
}

#[test]
fn a_gathered_table_has_a_sparse_gradient_out_of_a_loop() {
    let g = Graph::new();
    let table = g.variable("table", [[1.0_f64, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    let ids = g.placeholder::<i32>("ids", shape![?, ?]);
    let (last, _) = g.scan(g.zeros::<f64>([2]), ids, |sum, ids| {
        (sum + table.gather(ids).square().reduce_sum(0), ())
    });
    let Gradient::Sparse(slices) = gradients(last, table).remove(0) else {
        panic!("it is dense");
    };
    let nested = g.scan(g.zeros::<f64>([2]), ids, |sum, ids| {
        let inner = g.scan(sum, ids, |sum, id| (sum + table.gather(id).square(), ()));
        (inner.0, ())
    });
    let Gradient::Sparse(of_nested) = gradients(nested.0, table).remove(0) else {
        panic!("it is dense");
    };
    let sess = initialized(&g);
    let fetches = [slices.to_dense(), of_nested.to_dense(), slices.indices];
    let found = sess
        .run(fetches, feed![ids => [[2, 0], [2, 2], [0, 0]]])
        .unwrap();
    let expected = Value::from(arr2(&[[6.0, 12.0], [0.0, 0.0], [30.0, 36.0]]));
    assert_near(&found[..2], &[expected.clone(), expected]);
    assert_eq!(found[2], Value::vector(vec![2, 0, 2, 2, 0, 0]));
    let none = ndarray::Array2::<i32>::zeros((0, 2));
    let found = sess.run(fetches, feed![ids => &none]).unwrap();
    let zeros = Value::from(ndarray::Array2::<f64>::zeros((3, 2)));
    assert_near(&found[..2], &[zeros.clone(), zeros]);
}

#[test]
fn a_gathered_table_has_a_sparse_gradient_out_of_a_branch() {
    let g = Graph::new();
    let table = g.variable("table", [[1.0_f64, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    let on = g.placeholder::<bool>("on", shape![]);
    let ids = g.placeholder::<i32>("ids", shape![?]);
    let y = g.cond(
        on,
        || table.gather(ids).square(),
        || g.zeros::<f64>(sizes![ids.size_of(0), 2]),
    );
    let Gradient::Sparse(slices) = gradients(y, table).remove(0) else {
        panic!("it is dense");
    };
    let sess = initialized(&g);
    let fetches = [slices.indices, slices.to_dense()];
    let found = sess.run(fetches, feed![on => true, ids => [2, 2]]).unwrap();
    assert_eq!(found[0], Value::vector(vec![2_i64, 2]));
    let expected = arr2(&[[0.0, 0.0], [0.0, 0.0], [20.0, 24.0]]);
    assert_near(&found[1..], &[Value::from(expected)]);
    let found = sess
        .run(fetches, feed![on => false, ids => [2, 2]])
        .unwrap();
    assert_eq!(found[0].shape(), [0]);
    let zeros = Value::from(ndarray::Array2::<f64>::zeros((3, 2)));
    assert_near(&found[1..], &[zeros]);
    // In a loop each step gives as many rows.
    let ons = g.placeholder::<bool>("ons", shape![?]);
    let (_, rows) = g.scan((), ons, |(), on| {
        let row = g.cond(on, || table.gather(ids).reduce_sum(0), || g.zeros([2]));
        ((), row)
    });
    let slope = dense(&gradients(rows, table));
    let fed = feed![ons => [true, false, true], ids => [1, 1]];
    let found = sess.run(&slope, fed).unwrap();
    let expected = arr2(&[[0.0, 0.0], [4.0, 4.0], [0.0, 0.0]]);
    assert_near(&found, &[Value::from(expected)]);
}

#[test]
fn what_is_random_is_drawn_once() {
    let g = Graph::new();
    g.set_random_seed(3);
    let xs = g.placeholder::<f64>("xs", shape![?, ?]);
    let w = g.placeholder::<f64>("w", shape![]);
    let start = xs.slice(0) * 0.0 + 1.0;
    let (last, masks) = g.scan(start, xs, |h, x| {
        let drawn = random_uniform(x.shape_tensor(), 0.0, 1.0).tensor::<f64>(&g);
        let mask = drawn.greater(0.5).cast::<f64>();
        ((h * mask * w + x).tanh(), mask)
    });
    let slope = gradient(last, w);
    let fed = g.placeholder::<f64>("fed", shape![?, ?]);
    let (same, _) = g.scan(start, (xs, fed), |h, (x, mask)| {
        ((h * mask * w + x).tanh(), ())
    });
    let slope_of_same = gradient(same, w);
    let xs_fed = spread(&[4, 6], (-1.0, 1.0), 0);
    let feeds = || feed![xs => &xs_fed, w => 0.8];
    let sess = Session::new(&g);
    let (drawn, found) = sess.run((masks, slope), feeds()).unwrap();
    assert!(drawn.sum() > 0.0 && drawn.sum() < 24.0);
    let again = feed![xs => &xs_fed, w => 0.8, fed => &drawn];
    let expected = sess.run(slope_of_same, again).unwrap();
    assert_near(&[Value::from(found)], &[Value::from(expected)]);
    // A gradient takes nothing from the stream of random numbers.
    let next = sess.run(masks, feeds()).unwrap();
    let other = Session::new(&g);
    other.run(masks, feeds()).unwrap();
    assert_eq!(other.run(masks, feeds()).unwrap(), next);
}

#[test]
fn what_is_random_in_a_branch_is_drawn_once() {
    let g = Graph::new();
    g.set_random_seed(5);
    let xs = g.placeholder::<f64>("xs", shape![?, ?]);
    let ons = g.placeholder::<bool>("ons", shape![?]);
    let w = g.placeholder::<f64>("w", shape![]);
    let start = xs.slice(0) * 0.0 + 1.0;
    let (last, all) = g.scan(start, (xs, ons), |h, (x, on)| {
        let (next, mask) = g.cond(
            on,
            || {
                let drawn = random_uniform(x.shape_tensor(), 0.0, 1.0).tensor::<f64>(&g);
                ((h * drawn * w).tanh(), drawn.identity())
            },
            || (h * w, x.zeros_like()),
        );
        // The mask is no result of its own to the gradient: it is kept of the branch.
        (next + x, mask)
    });
    let slope = gradient(last, w);
    let fed = g.placeholder::<f64>("fed", shape![?, ?]);
    let (same, _) = g.scan(start, (xs, ons, fed), |h, (x, on, mask)| {
        let next = g.cond(on, || (h * mask * w).tanh(), || h * w);
        (next + x, ())
    });
    let slope_of_same = gradient(same, w);
    let xs_fed = spread(&[4, 3], (-1.0, 1.0), 0);
    let sess = Session::new(&g);
    let feeds = feed![xs => &xs_fed, ons => [true, false, false, true], w => 0.8];
    let (drawn, found) = sess.run((all, slope), feeds).unwrap();
    let again = feed![
        xs => &xs_fed, ons => [true, false, false, true], w => 0.8, fed => &drawn
    ];
    let expected = sess.run(slope_of_same, again).unwrap();
    assert_near(&[Value::from(found)], &[Value::from(expected)]);
}

#[test]
fn what_is_random_in_a_loop_in_a_branch_is_drawn_once() {
    let g = Graph::new();
    g.set_random_seed(7);
    let xs = g.placeholder::<f64>("xs", shape![?, ?]);
    let on = g.placeholder::<bool>("on", shape![]);
    let w = g.placeholder::<f64>("w", shape![]);
    let start = xs.slice(0);
    let (last, masks) = g.cond(
        on,
        || {
            g.scan(start, xs, |h, x| {
                let drawn = random_uniform(x.shape_tensor(), 0.0, 1.0).tensor::<f64>(&g);
                ((h * drawn * w).tanh(), drawn)
            })
        },
        || (start * w, xs.identity()),
    );
    let slope = gradient(last, w);
    let (same, _) = g.scan(start, masks, |h, mask| ((h * mask * w).tanh(), ()));
    let slope_of_same = gradient(same, w);
    let xs_fed = spread(&[4, 3], (-1.0, 1.0), 0);
    let sess = Session::new(&g);
    let feeds = feed![xs => &xs_fed, on => true, w => 0.8];
    let (found, expected) = sess.run((slope, slope_of_same), feeds).unwrap();
    assert_near(&[Value::from(found)], &[Value::from(expected)]);
    let feeds = feed![xs => &xs_fed, on => false, w => 0.8];
    let found = sess.run(slope.scalar(), feeds).unwrap();
    assert!((found - xs_fed.row_sum(0)).abs() < 1e-12);
}

#[test]
fn what_is_random_may_have_a_size_of_its_branch() {
    let g = Graph::new();
    g.set_random_seed(9);
    let xs = g.placeholder::<f64>("xs", shape![?, ?]);
    let ons = g.placeholder::<bool>("ons", shape![?]);
    let w = g.placeholder::<f64>("w", shape![]);
    let (sums, masks) = g.map_fn((xs, ons), |(x, on)| {
        g.cond(
            on,
            || {
                let rest = g.concat(&[x.slice(1..), x.slice(2..)], 0) * w;
                let drawn = random_uniform(rest.shape_tensor(), 0.0, 1.0).tensor::<f64>(&g);
                ((rest * drawn).reduce_sum(..), drawn.reduce_sum(..))
            },
            || (x.reduce_sum(..) * w, w * 0.0),
        )
    });
    let slope = gradient(sums, w);
    let xs_fed = arr2(&[[0.0, 2.0, 2.0], [1.0, 3.0, 5.0], [7.0, 1.0, 1.0]]);
    let sess = Session::new(&g);
    let (masks, slope) = sess
        .run(
            (masks, slope.scalar()),
            feed![xs => &xs_fed, ons => [true, false, true], w => 0.5],
        )
        .unwrap();
    // All elements that are multiplied in a row are equal.
    let expected = 2.0 * masks[[0]] + 9.0 + masks[[2]];
    assert!((slope - expected).abs() < 1e-12, "{slope} {expected}");
}

/// The sum of a row.
trait RowSum {
    fn row_sum(&self, row: usize) -> f64;
}

impl RowSum for ArrayD<f64> {
    fn row_sum(&self, row: usize) -> f64 {
        self.index_axis(ndarray::Axis(0), row).sum()
    }
}

#[test]
fn a_write_in_a_body_happens_once_a_step() {
    let g = Graph::new();
    let count = g.variable("count", 0.0_f64);
    let xs = g.placeholder::<f64>("xs", shape![?]);
    let (last, _) = g.scan(g.constant(1.0), xs, |h, x| {
        let seen = count.assign_add(1.0);
        (h * x * seen.stop_gradient(), ())
    });
    let slope = gradient(last, xs);
    let sess = initialized(&g);
    let found = sess.run(slope, feed![xs => [2.0, 3.0, 4.0]]).unwrap();
    // The steps are multiplied by 1, 2 and 3.
    let expected = arr1(&[72.0, 48.0, 36.0]);
    assert_near(&[Value::from(found)], &[Value::from(expected)]);
    assert_eq!(sess.run(count.scalar(), feed![]).unwrap(), 3.0);
}

#[test]
fn all_reads_of_a_variable_count() {
    let g = Graph::new();
    let v = g.variable("v", 2.0_f64);
    let xs = g.placeholder::<f64>("xs", shape![?]);
    let on = g.placeholder::<bool>("on", shape![]);
    let (last, _) = g.scan(v.value(), xs, |h, x| {
        let read = g.cond(on, || v.read_value() * x, || v * 1.0);
        (h + read * 10.0, ())
    });
    let slope = dense(&gradients(last + v * 1000.0, v));
    let sess = initialized(&g);
    let run = |on_fed: bool| {
        let found = sess.run(&slope, feed![xs => [1.0, 2.0], on => on_fed]);
        found.unwrap().remove(0)
    };
    assert_eq!(run(true), Value::scalar(1031.0));
    assert_eq!(run(false), Value::scalar(1021.0));
}

#[test]
fn what_was_planned_before_the_gradient_stays_right() {
    let g = Graph::new();
    let xs = g.placeholder::<f64>("xs", shape![?]);
    let w = g.placeholder::<f64>("w", shape![]);
    let (last, all) = g.scan(g.constant(1.0), xs, |h, x| {
        let next = (h * w + x).tanh();
        (next, next * x)
    });
    let sess = Session::new(&g);
    let prepared = sess.prepare((last, all), (xs, w)).unwrap();
    let feeds = || feed![xs => [0.5, -0.5], w => 0.7];
    let before = sess.run((last, all), feeds()).unwrap();
    let plans = sess.plan_count();
    let slope = gradient(last, w);
    let twice = gradient(last, w);
    assert_eq!(sess.run((last, all), feeds()).unwrap(), before);
    assert_eq!(prepared.run(([0.5, -0.5], 0.7)).unwrap(), before);
    assert_eq!(sess.plan_count(), plans);
    let (slope, twice) = sess.run((slope, twice), feeds()).unwrap();
    assert_eq!(slope, twice);
    // What both gradients need is kept once.
    let kept = last.op().outputs().len();
    let _ = gradient(last, w);
    assert_eq!(last.op().outputs().len(), kept);
}

#[test]
fn a_gradient_asks_only_for_what_it_uses() {
    let g = Graph::new();
    let start = g.placeholder::<f64>("start", shape![2]);
    let xs = g.placeholder::<f64>("xs", shape![3, 2]);
    let w = g.placeholder::<f64>("w", shape![2]);
    let (last, _) = g.scan(start, xs, |h, x| (h * w + x, ()));
    let found = gradients(last, (start, xs, w));
    let [of_start, of_xs, of_w] = [0, 1, 2].map(|place| found[place].dense().unwrap());
    let sess = Session::new(&g);
    // The loop is linear in the start and the sequence: neither's value is asked for.
    let fed = sess.run([of_start, of_xs], feed![w => [2.0, 3.0]]).unwrap();
    assert_eq!(fed[0], Value::from(arr1(&[8.0, 27.0])));
    let of_xs = arr2(&[[4.0, 9.0], [2.0, 3.0], [1.0, 1.0]]);
    assert_eq!(fed[1], Value::from(of_xs));
    let error = sess
        .run(of_w, feed![w => [2.0, 3.0]])
        .unwrap_err()
        .to_string();
    assert!(error.contains("start") && error.contains("xs"), "{error}");
}

#[test]
fn what_leads_through_bodies_and_what_does_not() {
    let g = Graph::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| g.placeholder::<f64>(name, shape![]));
    let xs = g.placeholder::<f64>("xs", shape![3]);
    let others = g.placeholder::<f64>("others", shape![3]);
    let ((one, two, three), all) = g.scan((a, b, c), (xs, others), |(a, b, c), (x, other)| {
        ((a * x, b * 2.0, c.greater(0.0).cast::<f64>()), other * 2.0)
    });
    let not_connected = [Gradient::NotConnected, Gradient::NotConnected];
    assert_eq!(gradients(one, (b, others)), not_connected);
    assert_eq!(gradients(two, (a, xs)), not_connected);
    assert_eq!(gradients(all, (a, xs)), not_connected);
    assert!(
        gradients(one, (a, xs))
            .iter()
            .all(|found| found.dense().is_some())
    );
    assert!(gradients(all, others)[0].dense().is_some());
    // Without a step the last state is the first.
    assert!(gradients(three, c)[0].dense().is_some());
    let reason = |found: &Gradient<'_>| match found {
        Gradient::NotDifferentiable { reason } => reason.clone(),
        other => panic!("{other:?}"),
    };
    let (_, truth) = g.scan((), xs, |(), x| ((), x.greater(a).cast::<f64>()));
    assert!(reason(&gradients(truth, xs)[0]).contains("comparison"));
    assert!(reason(&gradients(truth, a)[0]).contains("comparison"));
    let count = ScanOptions::new().length(a.cast::<i32>());
    let (counted, ()) = g.scan_with(count, b, (), |b, ()| (b * 2.0, ()));
    assert!(reason(&gradients(counted, a)[0]).contains("whole numbers"));
    let chosen = g.cond(a.less(0.0), || b * 2.0, || b.identity());
    assert!(reason(&gradients(chosen, a)[0]).contains("comparison"));
    assert!(gradients(chosen, b)[0].dense().is_some());
    // What goes in reaches the last of the states only after some steps.
    let ((_, _, _, late), ()) = g.scan((a, b, b, b), xs, |(p, q, r, _), _| ((p, p, q, r), ()));
    assert!(gradients(late, a)[0].dense().is_some());
    assert_eq!(gradients(late, xs), [Gradient::NotConnected]);
    let mut inside = None;
    let (last, doubled) = g.scan(a, xs, |a, x| {
        inside = Some(a * x);
        (a * x, g.while_loop(x, |x| x.less(1.0), |x| x * 2.0))
    });
    let inside = gradients(last, inside.unwrap()).remove(0);
    assert!(reason(&inside).contains("belongs to the body of the scan called at"));
    let Gradient::NotDerived { reason } = gradients(doubled, xs).remove(0) else {
        panic!("it is derived");
    };
    assert!(reason.contains("maximum_iterations(n)"), "{reason}");
    g.check().unwrap();
}

#[test]
fn an_optimizer_trains_what_a_loop_uses() {
    let g = Graph::new().leak();
    let cell = Cell::new(g);
    let xs = g.placeholder::<f64>("xs", shape![?, 8, 3]);
    let targets = g.placeholder::<f64>("targets", shape![8, 4]);
    let zeros = g.zeros::<f64>([8, 4]);
    let ((_, h), ()) = g.scan((zeros, zeros), xs, |state, x| (cell.call(state, x), ()));
    let loss = mean_squared_error(targets, h);
    let train = Adam::new(0.05).minimize(loss);
    let sess = initialized(g);
    let (xs_fed, targets_fed) = (
        spread(&[5, 8, 3], (-1.0, 1.0), 0),
        spread(&[8, 4], (-0.3, 0.3), 9),
    );
    let feeds = || feed![xs => &xs_fed, targets => &targets_fed];
    let first = sess.run(loss.scalar(), feeds()).unwrap();
    for _ in 0..200 {
        sess.run(train, feeds()).unwrap();
    }
    let last = sess.run(loss.scalar(), feeds()).unwrap();
    assert!(last < first * 0.2, "{first} became {last}");
}

#[test]
fn a_finalized_graph_refuses_gradients_of_loops() {
    let g = Graph::new();
    let xs = g.placeholder::<f64>("xs", shape![?]);
    let (last, _) = g.scan(g.constant(1.0), xs, |h, x| ((h * x).tanh(), ()));
    g.finalize();
    let outputs = last.op().outputs().len();
    assert!(gradient(last, xs).is_poisoned());
    assert_eq!(last.op().outputs().len(), outputs);
    let report = g.check().unwrap_err().to_string();
    assert!(report.contains("finalized"), "{report}");
    assert_eq!(
        Session::new(&g)
            .run(last.scalar(), feed![xs => [1.0]])
            .unwrap(),
        1.0_f64.tanh()
    );
}

#[test]
fn an_inner_loop_whose_length_changes_is_refused_in_the_run() {
    let g = Graph::new();
    let lengths = g.placeholder::<i32>("lengths", shape![?]);
    let w = g.placeholder::<f64>("w", shape![]);
    let (last, _) = g.scan(g.constant(1.0), lengths, |h, length| {
        let options = ScanOptions::new().length(length);
        let (h, ()) = g.scan_with(options, h, (), |h, ()| ((h * w).tanh(), ()));
        (h, ())
    });
    let slope = gradient(last, w);
    let sess = Session::new(&g);
    let same = sess.run(slope, feed![lengths => [2, 2], w => 0.5]);
    assert!(same.is_ok(), "{}", same.unwrap_err());
    let error = sess.run(slope, feed![lengths => [2, 3], w => 0.5]);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("another shape than before"), "{error}");
}

#[test]
fn a_chain_of_loops_has_a_gradient_of_its_length() {
    let added = |count: usize| {
        let g = Graph::new();
        let xs = g.placeholder::<f64>("xs", shape![?]);
        let chain = (0..count).fold(xs, |xs, _| {
            g.scan(g.constant(1.0), xs, |h, x| ((h * x).tanh(), h + x))
                .1
        });
        let before = g.operation_count();
        let _ = gradient(chain, xs);
        g.operation_count() - before
    };
    let [few, twice, thrice] = [added(50), added(100), added(150)];
    assert_eq!(thrice - twice, twice - few);
}

#[test]
fn gradients_taken_inside_of_a_body_can_be_differentiated_outside() {
    let g = Graph::new();
    let xs = g.placeholder::<f64>("xs", shape![?]);
    let w = g.placeholder::<f64>("w", shape![]);
    let (last, _) = g.scan(w, xs, |h, x| {
        let (inner, ()) = g.scan_with(
            ScanOptions::new().length(g.constant(2_i32)),
            h,
            (),
            |h, ()| (h * h * x, ()),
        );
        (gradient(inner, h), ())
    });
    let slope = gradient(last, w);
    // inner = h⁴x³, so a step makes h to 4h³x³.
    let found = Session::new(&g)
        .run(
            (last.scalar(), slope.scalar()),
            feed![xs => [0.5, 2.0], w => 1.5],
        )
        .unwrap();
    let step = |h: f64, x: f64| 4.0 * h.powi(3) * x.powi(3);
    let rate = |h: f64, x: f64| 12.0 * h.powi(2) * x.powi(3);
    let first = step(1.5, 0.5);
    let expected = [step(first, 2.0), rate(1.5, 0.5) * rate(first, 2.0)];
    let found = Array1::from(vec![found.0, found.1]);
    assert_near(&[Value::from(found)], &[Value::from(arr1(&expected))]);
}

/// Of a branch that gathers rows the gradient has rows, of the other one none.
#[test]
fn a_second_gradient_of_a_branch_that_gathers() {
    let g = Graph::new();
    let table = g.variable("table", [[1.0_f64, 2.0], [3.0, 4.0]]);
    let on = g.placeholder::<bool>("on", shape![]);
    let row = g.cond(on, || table.gather(g.constant(1)), || g.zeros::<f64>([2]));
    let slope: Tensor<'_, f64> = gradient(row.square(), table);
    let curvature = gradient(slope.square(), table);
    let sess = initialized(&g);
    let found = sess.run(curvature, feed![on => true]).unwrap();
    assert_eq!(found, arr2(&[[0.0, 0.0], [24.0, 32.0]]).into_dyn());
    let found = sess.run(curvature, feed![on => false]).unwrap();
    assert_eq!(found, arr2(&[[0.0, 0.0], [0.0, 0.0]]).into_dyn());
}
