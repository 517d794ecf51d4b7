//! Gradients through while loops: what they are with respect to, and what they cost.

use aqueduct::prelude::*;
use aqueduct_tests::{initialized, spread};
use ndarray::{ArrayD, arr2};

use crate::assert_near;
use crate::cases::X;

fn at_most(maximum: u64) -> WhileOptions {
    WhileOptions::new().maximum_iterations(maximum)
}

#[test]
fn a_while_has_the_gradients_of_a_scan_of_as_many_steps() {
    let g = Graph::new().leak();
    let w = g.variable("w", spread(&[3, 3], (-0.7, 0.7), 0));
    let bias = g.placeholder::<f64>("bias", shape![3]);
    let start = g.placeholder::<f64>("start", shape![?, 3]);
    let n = g.placeholder::<i32>("n", shape![]);
    let step = |h: X| (h.matmul(w) + bias).tanh() + h * 0.5;
    let (_, repeated) = g.while_loop_with(
        at_most(6),
        (g.constant(0), start),
        |(done, _)| done.less(n),
        |(done, h)| (done + 1, step(h)),
    );
    let (scanned, ()) = g.scan_with(ScanOptions::new().length(n), start, (), |h, ()| {
        (step(h), ())
    });
    let all = [repeated, scanned].map(|last| {
        let loss = last.square().reduce_sum(..);
        let slopes = gradients(loss, (w, bias, start));
        let slopes = slopes.iter().map(|slope| slope.dense().unwrap());
        let mut all: Vec<AnyTensor<'_>> = [loss.any()].into_iter().chain(slopes).collect();
        let first: Tensor<'_, f64> = all[1].typed();
        let change = first.square().reduce_sum(..);
        let curvatures = gradients(change, (w, bias, start));
        all.extend(curvatures.iter().map(|slope| slope.dense().unwrap()));
        all
    });
    let sess = initialized(g);
    let start_fed = spread(&[2, 3], (-1.0, 1.0), 9);
    for count in [0, 1, 6, 3] {
        let feeds = feed![n => count, start => &start_fed, bias => [0.1, -0.2, 0.3]];
        let (repeated, scanned) = sess.run((&all[0], &all[1]), feeds).unwrap();
        assert_near(&repeated, &scanned);
    }
}

#[test]
fn a_gathered_table_has_a_sparse_gradient_out_of_a_while() {
    let g = Graph::new();
    let table = g.variable("table", [[1.0_f64, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    let ids = g.placeholder::<i32>("ids", shape![?]);
    let n = g.placeholder::<i32>("n", shape![]);
    let (_, sum) = g.while_loop_with(
        at_most(5),
        (g.constant(0), g.zeros::<f64>([2])),
        |(place, _)| place.less(n),
        |(place, sum)| (place + 1, sum + table.gather(ids.gather(place)).square()),
    );
    let Gradient::Sparse(slices) = gradients(sum, table).remove(0) else {
        panic!("it is dense");
    };
    let train = GradientDescent::new(0.5).minimize(sum.reduce_sum(..));
    let sess = initialized(&g);
    let run = |count: i32| {
        let feeds = feed![ids => [2, 0, 2], n => count];
        sess.run(slices.to_dense(), feeds).unwrap()
    };
    let expected = arr2(&[[2.0, 4.0], [0.0, 0.0], [20.0, 24.0]]).into_dyn();
    assert_near(&[run(3)], &[expected.into()]);
    let expected = arr2(&[[0.0, 0.0], [0.0, 0.0], [10.0, 12.0]]).into_dyn();
    assert_near(&[run(1)], &[expected.into()]);
    assert_near(&[run(0)], &[ArrayD::<f64>::zeros(vec![3, 2]).into()]);
    sess.run(train, feed![ids => [1, 1], n => 1]).unwrap();
    let trained = sess.run(table.value(), feed![]).unwrap();
    let expected = arr2(&[[1.0, 2.0], [0.0, 0.0], [5.0, 6.0]]).into_dyn();
    assert_near(&[trained.into()], &[expected.into()]);
}

#[test]
fn what_is_random_in_a_while_is_drawn_once() {
    let g = Graph::new();
    g.set_random_seed(11);
    let w = g.placeholder::<f64>("w", shape![]);
    let n = g.placeholder::<i32>("n", shape![]);
    let (_, last, seen) = g.while_loop_with(
        at_most(4),
        (g.constant(0), g.constant(1.0), g.constant(1.0)),
        |(done, ..)| done.less(n),
        |(done, h, seen)| {
            let drawn = random_uniform((), 0.5, 1.0).tensor::<f64>(&g);
            (done + 1, h * drawn * w, seen * drawn)
        },
    );
    let slope = gradient(last, w);
    let sess = Session::new(&g);
    let (slope, seen) = sess
        .run((slope.scalar(), seen.scalar()), feed![w => 2.0, n => 3])
        .unwrap();
    // last = seen * w³
    assert!((slope - seen * 12.0).abs() < 1e-12, "{slope} {seen}");
    let again = Session::new(&g)
        .run(last.scalar(), feed![w => 1.0, n => 3])
        .unwrap();
    assert_eq!(again, seen);
}

#[test]
fn a_write_in_a_while_happens_once_an_iteration() {
    let g = Graph::new();
    let count = g.variable("count", 0.0_f64);
    let x = g.placeholder::<f64>("x", shape![]);
    let last = g.while_loop_with(
        at_most(9),
        x,
        |h| h.less(100.0),
        |h| h * x * count.assign_add(1.0).stop_gradient(),
    );
    let slope = gradient(last, x);
    let sess = initialized(&g);
    // 3 · 3·1 · 3·2 · 3·3 = 6x⁴
    let (last, slope) = sess
        .run((last.scalar(), slope.scalar()), feed![x => 3.0])
        .unwrap();
    assert_eq!((last, slope), (486.0, 648.0));
    assert_eq!(sess.run(count.scalar(), feed![]).unwrap(), 3.0);
}

/// What is kept has a row for each of the most iterations, here of no elements; to go through so many
/// rows would not end.
#[test]
fn a_gradient_costs_what_was_run() {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![?]);
    let y = g.placeholder::<f64>("y", shape![?]);
    let (_, last) = g.while_loop_with(
        at_most(1 << 40),
        (g.constant(0), x),
        |(done, _)| done.less(3),
        |(done, h)| (done + 1, (h * y).tanh()),
    );
    let slope = gradient(last, y);
    let curvature = gradient(slope, y);
    let sess = Session::new(&g);
    let none: [f64; 0] = [];
    let run = |fed: &[f64]| sess.run((slope, curvature), feed![x => fed, y => fed]);
    let (slope, curvature) = run(&none).unwrap();
    assert_eq!((slope.shape(), curvature.shape()), (&[0][..], &[0][..]));
    let error = run(&[1.0]).unwrap_err().to_string();
    assert!(error.contains("memory"), "{error}");
}

#[test]
fn more_iterations_than_there_is_memory_for() {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![]);
    let on = g.placeholder::<bool>("on", shape![3]);
    for maximum in [1 << 60, 1 << 62, i64::MAX as u64, u64::MAX] {
        let last = g.while_loop_with(at_most(maximum), x, |h| h.less(10.0), |h| h * h);
        let (chosen, _) = g.while_loop_with(
            at_most(maximum),
            (x, on),
            |(h, _)| h.less(10.0),
            |(h, on)| (on.reduce_all(..).select(h, h * 2.0), on.logical_not()),
        );
        let sess = Session::new(&g);
        let feeds = || feed![x => 3.0, on => [true, false, true]];
        assert_eq!(sess.run(last.scalar(), feeds()).unwrap(), 81.0);
        for y in [last, chosen] {
            let error = sess.run(gradient(y, x), feeds()).unwrap_err().to_string();
            assert!(error.contains("memory"), "{error}");
        }
    }
    let report = g.check().unwrap_err().to_string();
    assert!(!report.contains("out of region"), "{report}");
}

#[test]
fn what_decides_how_often_has_no_gradient() {
    let g = Graph::new();
    let [a, b] = ["a", "b"].map(|name| g.placeholder::<f64>(name, shape![]));
    let last = g.while_loop_with(at_most(9), a, |h| h.less(b), |h| h * 2.0);
    assert!(gradients(last, a)[0].dense().is_some());
    let Gradient::NotDifferentiable { reason } = gradients(last, b).remove(0) else {
        panic!("it has one");
    };
    assert!(reason.contains("comparison"), "{reason}");
    let counted = g.while_loop(g.constant(0), |n| n.cast::<f64>().less(a), |n| n + 1);
    let Gradient::NotDifferentiable { .. } = gradients(counted.cast::<f64>() * b, a).remove(0)
    else {
        panic!("it has one");
    };
    // What a loop without a maximum leaves alone has a gradient.
    let (_, beside) = g.while_loop((a, b), |(a, _)| a.less(5.0), |(a, b)| (a * 2.0, b));
    let found = gradients(beside * 3.0 + a, a);
    assert!(found[0].dense().is_some(), "{found:?}");
}

#[test]
fn an_optimizer_refuses_a_while_without_a_maximum() {
    let here = line!();
    let g = Graph::new();
    let v = g.variable("v", 1.0_f64);
    let last = g.while_loop(v.value(), |h| h.less(10.0), |h| h * 2.0);
    let _ = GradientDescent::new(0.1).minimize(last);
    let report = g.check().unwrap_err().to_string();
    let line = format!("`while` ({}:{}:18)", file!(), here + 3);
    assert!(report.contains(&line), "{report}");
    assert!(report.contains("maximum_iterations(n)"), "{report}");
}

#[test]
fn newtons_square_root() {
    let g = Graph::new().leak();
    let a = g.placeholder::<f64>("a", shape![]);
    let far = |x: X| (x * x - a).abs().greater(1e-12);
    let root = g.while_loop_with(at_most(40), a, far, |x| (x + a / x) * 0.5);
    let slope = gradient(root, a);
    let curvature = gradient(slope, a);
    let sess = Session::new(g);
    for fed in [0.25_f64, 2.0, 10.0] {
        let found = sess.run([root, slope, curvature], feed![a => fed]).unwrap();
        let root = fed.sqrt();
        let expected = [root, 0.5 / root, -0.25 / (root * fed)];
        let near = found
            .iter()
            .zip(expected)
            .all(|(found, expected)| (found.sum() - expected).abs() < 1e-9 * expected.abs());
        assert!(near, "{found:?} {expected:?}");
    }
}

/// In the gradient of a branch the loop runs again, and the loop in it with what it uses from around.
#[test]
fn a_loop_in_a_loop_in_a_branch() {
    let g = Graph::new().leak();
    let on = g.placeholder::<bool>("on", shape![]);
    let x = g.placeholder::<f64>("x", shape![?]);
    let xs = g.placeholder::<f64>("xs", shape![?, ?]);
    let twice = |h: X| {
        let n = g.constant(2);
        let start = (g.constant(0), h);
        let less = |(done, _): (Tensor<'static, i32>, X)| done.less(n);
        let (_, last) = g.while_loop_with(at_most(3), start, less, |(done, h)| (done + 1, h * h));
        last
    };
    let looped = g.cond(on, || g.foldl(x, xs, |h, x| twice(h) * x), || x);
    let slope = gradient(looped, x);
    let curvature = gradient(slope, x);
    g.check().unwrap();
    let sess = Session::new(g);
    let run = |on_fed: bool| {
        let feeds = feed![on => on_fed, x => [2.0, 1.0], xs => [[3.0, 1.0], [0.5, 2.0]]];
        sess.run((looped, slope, curvature), feeds).unwrap()
    };
    // ((x⁴ · a)⁴ · b) of each element.
    let expected = [(2.0, 3.0, 0.5), (1.0, 1.0, 2.0)].map(|(x, a, b): (f64, f64, f64)| {
        let scale = a.powi(4) * b;
        [
            scale * x.powi(16),
            scale * 16.0 * x.powi(15),
            scale * 240.0 * x.powi(14),
        ]
    });
    let (looped, slope, curvature) = run(true);
    for (place, expected) in expected.iter().enumerate() {
        let found = [looped[place], slope[place], curvature[place]];
        assert_eq!(found, *expected, "element {place}");
    }
    assert_eq!(run(false).1, ndarray::arr1(&[1.0, 1.0]).into_dyn());
}

#[test]
fn no_iteration_of_a_late_size() {
    let g = Graph::new().leak();
    let x = g.placeholder::<f64>("x", shape![2]);
    let mask = g.placeholder::<bool>("mask", shape![2]);
    let step = |h: X| h * h.boolean_mask(mask).square().reduce_sum(..);
    let all = [0, 3].map(|maximum| {
        let start = (g.constant(0), x);
        let options = at_most(maximum);
        let (_, last) = g.while_loop_with(
            options,
            start,
            |(n, _)| n.less(0),
            |(n, h)| (n + 1, step(h)),
        );
        gradient(last, x)
    });
    let found = Session::new(g).run(all, feed![x => [1.0, 2.0], mask => [true, false]]);
    for slope in found.unwrap() {
        assert_eq!(slope, ndarray::arr1(&[1.0, 1.0]).into_dyn());
    }
}

#[test]
fn a_loop_in_a_branch_in_a_loop_in_a_branch() {
    let g = Graph::new().leak();
    let [on, also] = ["on", "also"].map(|name| g.placeholder::<bool>(name, shape![]));
    let x = g.placeholder::<f64>("x", shape![2]);
    let xs = g.placeholder::<f64>("xs", shape![?, 2]);
    let last = || g.foldl(x, xs, |_, _| x.tanh());
    let inner = || g.cond(also, last, || x).tanh();
    let looped = g.cond(on, || x, || g.foldr_from_last(xs, |h, _| inner() + h * 0.5));
    let slope = gradient(looped, x);
    g.check().unwrap();
    let feeds = |on_fed: bool| feed![on => on_fed, also => true, x => [0.5, 1.0], xs => [[9.0, 9.0], [2.0, 3.0]]];
    let sess = Session::new(g);
    // tanh(tanh(x)) + b · 0.5
    let expected = [0.5_f64, 1.0].map(|x| {
        let once = x.tanh();
        (1.0 - once.tanh().powi(2)) * (1.0 - once.powi(2))
    });
    let found = sess.run(slope, feeds(false)).unwrap();
    let expected = ndarray::arr1(&expected).into_dyn();
    assert_near(&[found.into()], &[expected.into()]);
    let found = sess.run(slope, feeds(true)).unwrap();
    assert_eq!(found, ndarray::arr1(&[1.0, 1.0]).into_dyn());
}
