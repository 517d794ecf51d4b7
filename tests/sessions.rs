//! What a session promises: all or nothing, snapshots, orders, feeds and fetches, plans, late sizes.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::sync::{Mutex, OnceLock};

use aqueduct::prelude::*;
use aqueduct::{ScanOptions, Value};
use ndarray::{Array2, ArrayD, Axis, arr0, arr1, arr2};

fn session(graph: &Graph) -> Session {
    let sess = Session::new(graph);
    sess.run(graph.global_variables_initializer(), feed![])
        .unwrap();
    graph.check().unwrap();
    sess
}

#[test]
fn a_run_that_fails_changes_nothing() {
    let g = Graph::new();
    g.set_random_seed(3);
    let index = g.placeholder::<i32>("index", shape![]);
    let v = g.variable("v", [1.0_f32, 2.0]);
    let noise = random_normal([2]).tensor::<f32>(&g);
    let write = v.assign(noise);
    let late = g.fill(sizes![index], 1.0_f32);
    let picked = v.gather(index);
    let sess = session(&g);
    let twin = session(&g);
    let before = sess.value(v).unwrap();
    let run = |sess: &Session, index_| sess.run((write, picked, noise), feed![index => index_]);
    assert!(run(&sess, 5).is_err());
    assert!(sess.run((write, late), feed![index => -1]).is_err());
    assert!(sess.run((write, noise.scalar()), feed![]).is_err());
    assert_eq!(sess.value(v).unwrap(), before);
    // The next draw is the first one, as in a session where nothing has failed.
    assert_eq!(run(&sess, 1).unwrap(), run(&twin, 1).unwrap());
    assert_ne!(sess.value(v).unwrap(), before);
}

#[test]
fn reads_are_of_the_start_and_writes_are_in_the_order_of_building() {
    let g = Graph::new();
    let v = g.variable("v", 1.0_f32);
    let first = v.assign_add(1.0);
    let second = v.assign(v * 10.0);
    let third = v.assign_sub(3.0);
    let sess = session(&g);
    let run = sess
        .run(
            (third.scalar(), first.scalar(), second.scalar(), v),
            feed![],
        )
        .unwrap();
    assert_eq!(run, (7.0, 2.0, 10.0, arr0(1.0).into_dyn()));
    assert_eq!(sess.run(v.scalar(), feed![]).unwrap(), 7.0);
    // Without the one in the middle the others go on from each other.
    let run = sess.run((first.scalar(), third.scalar()), feed![]);
    assert_eq!(run.unwrap(), (8.0, 5.0));
}

#[test]
fn reads_that_are_ordered_see_what_they_are_ordered_after() {
    let g = Graph::new();
    let v = g.variable("v", 1.0_f32);
    let add = v.assign_add(1.0);
    let after_add = g.control_dependencies([add], || v.read_value());
    let after_read = g.control_dependencies([after_add], || v.assign(v.read_value() * 5.0));
    let by_operand = g.control_dependencies([add * 2.0], || v.read_value());
    let plain = v.read_value();
    let sess = session(&g);
    let fetches = (
        plain.scalar(),
        by_operand.scalar(),
        after_read.scalar(),
        after_add.scalar(),
    );
    assert_eq!(sess.run(fetches, feed![]).unwrap(), (1.0, 2.0, 10.0, 2.0));
    assert_eq!(sess.run(plain.scalar(), feed![]).unwrap(), 10.0);
}

#[test]
fn bodies_see_the_writes_that_they_are_ordered_after() {
    let g = Graph::new();
    let v = g.variable("v", 1.0_f32);
    let add = v.assign_add(1.0);
    let on = g.constant(true);
    let inside = || g.control_dependencies([add], || v.read_value());
    let ordered_inside = g.cond(on, inside, || v.read_value());
    let by_capture = g.cond(
        on,
        || g.control_dependencies([add + 0.0], || v.read_value()),
        || v.value(),
    );
    let ordered_outside =
        g.control_dependencies([add], || g.cond(on, || v.read_value(), || v.value()));
    let sess = session(&g);
    for after in [2.0, 3.0] {
        assert_eq!(sess.run(ordered_inside.scalar(), feed![]).unwrap(), after);
    }
    assert_eq!(sess.run(ordered_outside.scalar(), feed![]).unwrap(), 4.0);
    assert_eq!(sess.run(by_capture.scalar(), feed![]).unwrap(), 5.0);
    let both = (
        ordered_inside.scalar(),
        ordered_outside.scalar(),
        by_capture.scalar(),
    );
    assert_eq!(sess.run(both, feed![]).unwrap(), (6.0, 6.0, 6.0));
}

#[test]
fn what_a_body_is_ordered_after_runs() {
    let g = Graph::new();
    let steps = g.variable("steps", 0_i32);
    let count = steps.assign_add(1);
    let xs = g.constant([1.0_f32, 2.0]);
    let (last, _) = g.scan(g.constant(0.0_f32), xs, |h, x| {
        g.control_dependencies([count], || (h + x, ()))
    });
    let nested = g.cond(
        true,
        || g.cond(true, || g.control_dependencies([count], || xs * 2.0), || xs),
        || xs,
    );
    let sess = session(&g);
    assert_eq!(sess.run(last.scalar(), feed![]).unwrap(), 3.0);
    assert_eq!(sess.run(steps.scalar(), feed![]).unwrap(), 1);
    sess.run(nested, feed![]).unwrap();
    assert_eq!(sess.run(steps.scalar(), feed![]).unwrap(), 2);
}

#[test]
fn writes_inside_of_a_loop_follow_each_other() {
    let g = Graph::new();
    let total = g.variable("total", 1_i32);
    let xs = g.constant([1, 2, 3]);
    let (_, seen) = g.scan((), xs, |(), x| {
        ((), total.assign(total.read_value() * 10 + x))
    });
    let sess = session(&g);
    let seen = sess.run(seen, feed![]).unwrap();
    assert_eq!(seen, arr1(&[11, 112, 1123]).into_dyn());
    assert_eq!(sess.run(total.scalar(), feed![]).unwrap(), 1123);
}

#[test]
fn rows_are_written() {
    let g = Graph::new();
    let v = g.variable("v", g.zeros::<i64>([3, 2]));
    let rows = g.placeholder::<i64>("rows", shape![?]);
    let values = g.placeholder::<i64>("values", shape![?, 2]);
    let add = v.scatter_add(rows, values);
    let sess = session(&g);
    let feeds = || feed![rows => [2_i64, 0, 2], values => [[1_i64, 2], [3, 4], [5, 6]]];
    let once = arr2(&[[3, 4], [0, 0], [6, 8]]).into_dyn();
    assert_eq!(sess.run(add, feeds()).unwrap(), once);
    assert_eq!(sess.run(add, feeds()).unwrap(), once.clone() * 2);
    assert_eq!(sess.value(v).unwrap(), once * 2);
}

#[test]
fn fetches_keep_their_form() {
    let g = Graph::new();
    let x = g.constant([1.0_f32, 2.0]);
    let n = g.variable("n", 7_i64);
    let sess = session(&g);
    let value = arr1(&[1.0, 2.0]).into_dyn();
    let ((), (a, (b,)), list, [c, d], number, untyped) = sess
        .run(
            (
                (),
                (x, (x,)),
                vec![x, x + 1.0],
                [n.scalar(), n.scalar()],
                &n,
                x.any(),
            ),
            feed![],
        )
        .unwrap();
    assert_eq!((&a, &b, &list[0]), (&value, &value, &value));
    assert_eq!(list[1], arr1(&[2.0, 3.0]).into_dyn());
    assert_eq!((c, d, number), (7, 7, arr0(7).into_dyn()));
    assert_eq!(untyped, Value::from(arr1(&[1.0_f32, 2.0])));
    assert_eq!(x.eval(&sess, feed![]).unwrap(), value);
    assert_eq!(
        sess.run(n.any().value(), feed![]).unwrap(),
        Value::scalar(7_i64)
    );
    sess.run((), feed![]).unwrap();
    sess.run(Vec::<Tensor<'_, f32>>::new(), feed![]).unwrap();
    sess.run([n.initializer(), g.no_op()], feed![]).unwrap();
    assert_eq!(sess.run(g.constant([[5_u8]]).scalar(), feed![]).unwrap(), 5);
}

#[test]
fn feeds_of_every_kind() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?]);
    let v = g.placeholder::<f32>("v", shape![?]);
    let s = g.placeholder::<f32>("s", shape![]);
    let t = g.placeholder::<f32>("t", shape![?, ?, ?]);
    let i = g.placeholder::<f32>("i", shape![?, ?, ?, ?]);
    let sess = Session::new(&g);
    let matrix = arr2(&[[1.0_f32, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    macro_rules! of {
        ($fetch:ident, $feeds:expr) => {
            sess.run($fetch, $feeds).unwrap()
        };
    }
    let all = matrix.clone().into_dyn();
    assert_eq!(of!(x, feed![x => &matrix]), all);
    assert_eq!(of!(x, feed![x => matrix.clone()]), all);
    assert_eq!(of!(x, feed![x => matrix.view()]), all);
    assert_eq!(of!(x, feed![x => &matrix.to_shared()]), all);
    assert_eq!(
        of!(x, feed![x => matrix.t()]),
        matrix.t().to_owned().into_dyn()
    );
    assert_eq!(
        of!(x, feed![x => &matrix.t()]),
        matrix.t().to_owned().into_dyn()
    );
    assert_eq!(
        of!(x, feed![x => matrix.clone().reversed_axes()]),
        matrix.t().to_owned().into_dyn()
    );
    let odd = matrix.slice(ndarray::s![..;-2, 1..]);
    assert_eq!(of!(x, feed![x => odd]), arr2(&[[6.0], [2.0]]).into_dyn());
    assert_eq!(of!(x, feed![x => &odd]), arr2(&[[6.0], [2.0]]).into_dyn());
    let tail = matrix.clone().slice_move(ndarray::s![1.., ..]);
    assert_eq!(
        of!(x, feed![x => tail]),
        arr2(&[[3.0, 4.0], [5.0, 6.0]]).into_dyn()
    );
    assert_eq!(
        of!(x, feed![x => [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]]),
        all
    );
    assert_eq!(
        of!(x, feed![x => &[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]]),
        all
    );
    assert_eq!(
        of!(
            x,
            feed![x => vec![vec![1.0, 2.0], vec![3.0, 4.0], vec![5.0, 6.0]]]
        ),
        all
    );
    for empty in [(0, 3), (3, 0), (0, 0)] {
        let empty = Array2::<f32>::zeros(empty);
        assert_eq!(of!(x, feed![x => &empty]), empty.clone().into_dyn());
    }
    assert_eq!(of!(x, feed![x => Vec::<Vec<f32>>::new()]).shape(), [0, 0]);

    let cube = [[[1.0_f32, 2.0]], [[3.0, 4.0]]];
    let expected = of!(t, feed![t => cube]);
    assert_eq!(expected.shape(), [2, 1, 2]);
    assert_eq!(of!(t, feed![t => &cube]), expected);
    assert_eq!(of!(t, feed![t => &cube[..]]), expected);
    assert_eq!(of!(t, feed![t => cube.to_vec()]), expected);
    assert_eq!(of!(t, feed![t => &cube.to_vec()]), expected);
    let constant = g.constant(cube);
    assert_eq!(of!(constant, feed![]), expected);

    let images = [[[[1.0_f32], [2.0]]], [[[3.0], [4.0]]], [[[5.0], [6.0]]]];
    let expected = of!(i, feed![i => images]);
    assert_eq!(expected.shape(), [3, 1, 2, 1]);
    assert!(expected.iter().eq(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    assert_eq!(of!(i, feed![i => &images]), expected);
    let constant = g.constant(images);
    assert_eq!(of!(constant, feed![]), expected);
    assert_eq!(of!(i, feed![i => [[[[]]]]]).shape(), [1, 1, 1, 0]);

    let row = arr1(&[3.0, 4.0]).into_dyn();
    assert_eq!(of!(v, feed![v => matrix.row(1)]), row);
    assert_eq!(
        of!(v, feed![v => matrix.column(0)]),
        arr1(&[1.0, 3.0, 5.0]).into_dyn()
    );
    assert_eq!(of!(v, feed![v => vec![3.0, 4.0]]), row);
    assert_eq!(of!(v, feed![v => &vec![3.0, 4.0]]), row);
    assert_eq!(of!(v, feed![v => &[3.0_f32, 4.0][..]]), row);
    assert_eq!(of!(v, feed![v => &[3.0, 4.0]]), row);
    assert_eq!(of!(v, feed![v => [0.0_f32; 0]]).shape(), [0]);
    assert_eq!(sess.run(s.scalar(), feed![s => 2.5]).unwrap(), 2.5);
    assert_eq!(sess.run(s.scalar(), feed![s => arr0(2.5)]).unwrap(), 2.5);
    assert_eq!(
        sess.run(t, feed![t => [[[1.0], [2.0]]]]).unwrap().shape(),
        [1, 2, 1]
    );
    let mut feeds = feed![];
    feeds.add_any(s.any(), Value::scalar(4.5_f32));
    assert_eq!(sess.run(s.scalar(), feeds).unwrap(), 4.5);
}

#[test]
fn what_is_fed_stands_for_what_would_compute_it() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let v = g.variable("v", 1.0_f32);
    let hidden = x * v.assign_add(1.0);
    let y = hidden.reduce_sum(..) + v;
    let pieces = g.constant([1.0_f32, 2.0]).split(2, 0);
    let sess = session(&g);
    let result = sess.run(y.scalar(), feed![hidden => [1.0, 2.0, 3.0], v => 10.0]);
    assert_eq!(result.unwrap(), 16.0);
    assert_eq!(sess.run(v.scalar(), feed![]).unwrap(), 1.0);
    assert_eq!(sess.run(v.scalar(), feed![v => 5.0]).unwrap(), 5.0);
    let result = sess.run((pieces[0], pieces[1]), feed![pieces[1] => [7.0]]);
    assert_eq!(
        result.unwrap(),
        (arr1(&[1.0]).into_dyn(), arr1(&[7.0]).into_dyn())
    );
    // An uninitialised variable can be fed, and a size too.
    let w = g.variable("w", 0.0_f32);
    assert_eq!(sess.run((w * 2.0).scalar(), feed![w => 4.0]).unwrap(), 8.0);
    let rows = x.size_of(0);
    let zeros = g.zeros::<f32>(sizes![rows, 2]);
    assert_eq!(sess.run(zeros, feed![rows => 3]).unwrap().shape(), [3, 2]);
}

/// What a user keeps: no lifetime of the graph.
struct Model {
    double: Prepared<ArrayD<f32>, f32>,
    dot: Prepared<f32, (f32, f32)>,
    count: Prepared<(i32, ArrayD<f32>), ()>,
}

fn model() -> Model {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let y = g.placeholder::<f32>("y", shape![?]);
    let n = g.variable("n", 0_i32);
    let sess = session(&g);
    Model {
        double: sess.prepare(x * 2.0, x).unwrap(),
        dot: sess
            .prepare((x * y).reduce_sum(..).scalar(), (x, y))
            .unwrap(),
        count: sess
            .prepare((n.assign_add(1).scalar(), g.constant([1.0_f32])), ())
            .unwrap(),
    }
}

#[test]
fn prepared_calls_live_without_the_graph() {
    let model = model();
    for round in 1..4 {
        let doubled = model.double.run(vec![1.0; round]).unwrap();
        assert_eq!(doubled, ArrayD::from_elem(vec![round], 2.0));
        assert_eq!(
            model.dot.run(([1.0, 2.0], &arr1(&[3.0, 4.0]))).unwrap(),
            11.0
        );
        let (count, one) = model.count.run(()).unwrap();
        assert_eq!((count, one.len()), (round as i32, 1));
    }
    assert!(model.dot.run(([1.0; 3], [3.0, 4.0])).is_err());
}

#[test]
fn the_second_run_makes_no_plan() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let n = g.placeholder::<i32>("n", shape![]);
    let late = g.fill(sizes![n], 1.0_f32).reduce_sum(..);
    let y = x.reduce_sum(..) + late;
    let sess = Session::new(&g);
    let run = |values: &[f32], size: i32| sess.run(y.scalar(), feed![x => values, n => size]);
    assert_eq!(run(&[1.0], 2).unwrap(), 3.0);
    let plans = sess.plan_count();
    assert_eq!(run(&[2.0], 2).unwrap(), 4.0);
    assert_eq!(
        sess.plan_count(),
        plans,
        "the shapes and the late size are known"
    );
    assert_eq!(run(&[2.0], 3).unwrap(), 5.0);
    assert_eq!(sess.plan_count(), plans + 1, "the late size is new");
    assert_eq!(run(&[2.0], 2).unwrap(), 4.0);
    assert_eq!(sess.plan_count(), plans + 1);
}

#[test]
fn plans_of_many_shapes_are_bounded() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let sum = x.reduce_sum(..);
    let sess = Session::new(&g);
    for round in 0..2 {
        for length in 0..200 {
            let result = sess.run(sum.scalar(), feed![x => vec![1.0; length]]);
            assert_eq!(result.unwrap(), length as f32, "round {round}");
        }
        assert!(sess.plan_count() <= 128);
    }
}

/// Keeps what is logged.
struct Messages(Mutex<Vec<String>>);

impl log::Log for Messages {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0.lock().unwrap().push(record.args().to_string());
    }

    fn flush(&self) {}
}

#[test]
fn building_in_the_training_loop_is_noticed() {
    static MESSAGES: OnceLock<Messages> = OnceLock::new();
    let messages = MESSAGES.get_or_init(|| Messages(Mutex::default()));
    log::set_logger(messages).unwrap();
    log::set_max_level(log::LevelFilter::Warn);
    let g = Graph::new();
    let x = g.constant(1.0_f32);
    let sess = Session::new(&g);
    let mut line = 0;
    for _ in 0..5 {
        line = line!() + 1;
        let y = x.tanh().exp();
        sess.run(y, feed![]).unwrap();
    }
    let growth = g.growth();
    assert_eq!(growth.len(), 1);
    assert_eq!((growth[0].at.at.line, growth[0].times), (line, 4));
    assert_eq!(growth[0].operations, 8);
    let messages = messages.0.lock().unwrap();
    let place = format!("tests/sessions.rs:{line}:");
    let about = messages.iter().filter(|message| message.contains(&place));
    assert_eq!(about.count(), 1, "{messages:?}");
}

#[test]
fn initializers() {
    let g = Graph::new();
    let first = g.variable::<f32>("first", random_normal([4]));
    let second = g.variable("second", first.initialized_value() * 2.0);
    let third = g.variable("third", second.initialized_value() + 1.0);
    let init = g.global_variables_initializer();
    assert_eq!(init, g.global_variables_initializer());
    let sess = Session::new(&g);
    sess.run(init, feed![]).unwrap();
    let (a, b, c) = sess.run((first, second, third), feed![]).unwrap();
    assert_eq!(b, &a * 2.0);
    assert_eq!(c, &b + 1.0);
    let fourth = g.variable("fourth", third.initialized_value());
    let again = g.global_variables_initializer();
    assert_ne!(again, init);
    assert!(!sess.run(fourth.is_initialized().scalar(), feed![]).unwrap());
    g.finalize();
    assert_eq!(g.global_variables_initializer(), again);
    sess.run(fourth.initializer(), feed![]).unwrap();
    assert_eq!(sess.run(fourth, feed![]).unwrap(), c);
    sess.load(first, [1.0, 2.0, 3.0, 4.0]).unwrap();
    assert_eq!(
        sess.value(first).unwrap(),
        arr1(&[1.0, 2.0, 3.0, 4.0]).into_dyn()
    );
    assert_eq!(sess.run((second, third), feed![]).unwrap(), (b, c));
    g.check().unwrap();
}

#[test]
fn memory_of_earlier_runs_is_not_seen() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![6, 2]);
    let rows = g.placeholder::<i32>("rows", shape![?]);
    let pieces = x.unstack(6, 0);
    let parts = x.split(2, 1);
    let picked = x.gather(rows);
    let grads = gradients(
        (
            picked.square(),
            x.slice((1..4, 0)).square(),
            pieces[2].square(),
            x.reduce_max(0),
        ),
        x,
    );
    let slope = grads[0].dense().unwrap();
    let ys = (slope, g.concat(&parts, 0), g.stack(&pieces, 1), picked);
    let sess = Session::new(&g);
    let prepared = sess.prepare(ys, (x, rows)).unwrap();
    let inputs: Vec<Array2<f32>> = (0..3)
        .map(|seed| {
            Array2::from_shape_fn((6, 2), |(i, j)| ((i * 7 + j * 3 + seed * 5) % 11) as f32)
        })
        .collect();
    let indices: [&[i32]; 3] = [&[0, 5, 5], &[], &[1]];
    let fresh: Vec<_> = (0..3)
        .map(|place| {
            let feeds = feed![x => &inputs[place], rows => indices[place]];
            Session::new(&g).run(ys, feeds).unwrap()
        })
        .collect();
    for place in [0, 1, 2, 1, 0, 2, 2] {
        let result = prepared.run((&inputs[place], indices[place])).unwrap();
        assert_eq!(result, fresh[place]);
    }
}

#[test]
fn late_sizes_that_follow_from_each_other() {
    let g = Graph::new();
    let n = g.placeholder::<i32>("n", shape![]);
    let two = g.fill(sizes![n], 2_i32);
    let double = two.reduce_sum(..);
    let threes = g.fill(sizes![double, 2], 3_i32);
    let sixfold = threes.reduce_sum([0, 1]);
    let last = g.ones::<f32>(sizes![sixfold]);
    let v = g.variable("v", 0.0_f32);
    let write = v.assign_add(last.reduce_sum(..));
    let read = g.control_dependencies([write], || v.read_value());
    let after = v.assign_add(0.5);
    let sess = session(&g);
    let fetches = (threes, last, read.scalar(), after.scalar());
    let mut total = 0.0;
    for size in [1, 2, 0, 1] {
        let (threes, last, read, after) = sess.run(fetches, feed![n => size]).unwrap();
        assert_eq!(threes.shape(), [2 * size as usize, 2]);
        assert_eq!(last.len(), 12 * size as usize);
        assert_eq!(read, total + 12.0 * size as f32);
        total = read + 0.5;
        assert_eq!(after, total);
    }
    let error = sess.run((write, g.zeros::<f32>(sizes![n - 5])), feed![n => 1]);
    assert!(error.is_err());
    assert_eq!(sess.run(v.scalar(), feed![]).unwrap(), total);
}

#[test]
fn late_sizes_inside_of_a_loop() {
    let g = Graph::new();
    let n = g.placeholder::<i32>("n", shape![]);
    let sizes_ = g.placeholder::<i32>("sizes", shape![?]);
    let start = g.constant(0_i32);
    let captured = g.scan(start, sizes_, |h, k| {
        let ones = g.fill(sizes![n], 1_i32);
        (h + ones.reduce_sum(..) * k, ones)
    });
    let by_element = g.scan(start, sizes_, |h, k| {
        let sum = g.fill(sizes![k], 1_i32).reduce_sum(..);
        (h + sum, sum)
    });
    let by_state = g.scan(g.constant(1_i32), sizes_, |h, k| {
        (g.fill(sizes![h], 2_i32).reduce_sum(..) + k, ())
    });
    let sess = Session::new(&g);
    for _ in 0..2 {
        let feeds = feed![n => 3, sizes_ => [2, 0, 5]];
        let ((total, ones), (sum, sums), (state, ())) =
            sess.run((captured, by_element, by_state), feeds).unwrap();
        assert_eq!(total, arr0(21).into_dyn());
        assert_eq!(ones, ArrayD::from_elem(vec![3, 3], 1));
        assert_eq!(sum, arr0(7).into_dyn());
        assert_eq!(sums, arr1(&[2, 0, 5]).into_dyn());
        assert_eq!(state, arr0(2 * (2 * (2 + 2)) + 5).into_dyn());
    }
    let (ones, sums) = sess
        .run(
            (captured.1, by_element.1),
            feed![n => 3, sizes_ => [0_i32; 0]],
        )
        .unwrap();
    assert_eq!((ones.shape(), sums.shape()), (&[0, 3][..], &[0][..]));
}

#[test]
fn elements_of_a_step_whose_shape_is_late_are_stacked() {
    let g = Graph::new();
    let k = g.placeholder::<i32>("k", shape![?]);
    for reverse in [false, true] {
        let mut options = ScanOptions::new();
        if reverse {
            options = options.reverse();
        }
        let start = g.constant(0_i32);
        let (_, stacked) = g.scan_with(options, start, k, |h, k| (h + 1, g.fill(sizes![k], h)));
        let after = stacked.reduce_sum(1);
        let sess = Session::new(&g);
        let (stacked, after) = sess.run((stacked, after), feed![k => [2, 2, 2]]).unwrap();
        let order = if reverse { [2, 1, 0] } else { [0, 1, 2] };
        assert_eq!(stacked, arr2(&order.map(|h| [h, h])).into_dyn());
        assert_eq!(after, arr1(&order.map(|h| 2 * h)).into_dyn());
        let error = sess
            .run(stacked_error(&g, k), feed![k => [2, 3]])
            .unwrap_err();
        assert!(error.to_string().contains("output 0 of step 1"), "{error}");
    }
}

fn stacked_error<'g>(g: &'g Graph, k: Tensor<'g, i32>) -> Tensor<'g, i32> {
    g.scan((), k, |(), k| ((), g.fill(sizes![k], 1_i32))).1
}

#[test]
fn branches_of_different_sizes() {
    let g = Graph::new();
    let on = g.placeholder::<bool>("on", shape![]);
    let n = g.placeholder::<i32>("n", shape![]);
    let x = g.constant([[1.0_f32, 2.0], [3.0, 4.0]]);
    let chosen = g.cond(
        on,
        || x,
        || g.concat(&[x, g.fill(sizes![n, 2], 5.0_f32)], 0),
    );
    let after = (chosen * 2.0).matmul(x).reduce_sum(1);
    let v = g.variable("v", 0.0_f32);
    let write = v.assign_add(after.reduce_sum(..));
    let total = g.control_dependencies([write], || v.read_value());
    let sess = session(&g);
    let (rows, first) = sess
        .run((after, total.scalar()), feed![on => true, n => 0])
        .unwrap();
    assert_eq!(rows, arr1(&[34.0, 74.0]).into_dyn());
    assert_eq!(first, 108.0);
    let (rows, second) = sess
        .run((after, total.scalar()), feed![on => false, n => 2])
        .unwrap();
    assert_eq!(rows, arr1(&[34.0, 74.0, 100.0, 100.0]).into_dyn());
    assert_eq!(second, 416.0);
}

#[test]
fn random_numbers_of_a_fed_size() {
    let g = Graph::new();
    g.set_random_seed(5);
    let n = g.placeholder::<i32>("n", shape![]);
    let drawn = random_uniform(sizes![n, 2], 0.0, 1.0)
        .seed(1)
        .tensor::<f32>(&g);
    let fixed = random_uniform([3, 2], 0.0, 1.0).seed(1).tensor::<f32>(&g);
    let sess = Session::new(&g);
    for size in [3, 1] {
        let (drawn, fixed) = sess.run((drawn, fixed), feed![n => size]).unwrap();
        if size == 3 {
            assert_eq!(drawn, fixed);
        } else {
            assert_eq!(drawn.index_axis(Axis(0), 0).len(), 2);
        }
    }
}

#[test]
fn a_loop_state_keeps_its_shape_in_the_run_too() {
    let g = Graph::new();
    let k = g.placeholder::<i32>("k", shape![?]);
    let start = g.zeros::<f32>([2, 3]);
    let (last, _) = g.scan(start, k, |h, k| (h.reshape(sizes![k, -1]), ()));
    let sess = Session::new(&g);
    assert!(sess.run(last, feed![k => [2, 2]]).is_ok());
    assert!(sess.run(last, feed![k => [2, 3]]).is_err());
}
