//! Every way to feed, with what should not be fed: by `run` and by a prepared call.

use aqueduct::prelude::*;
use aqueduct::{Feeds, Inputs, Pass, SessionOptions, Value, Values};
use aqueduct_tests::{Modes, initialized, relative};
use expect_test::{Expect, expect};
use ndarray::{ArcArray, Array, Array2, ArrayD, Axis, IxDyn, ShapeBuilder, arr2, s};

/// What a session makes of a value, by both ways, which must agree.
macro_rules! fed {
    ($sess:expr, $fetch:expr, $x:expr, $value:expr) => {{
        let by_run = $sess.run($fetch, feed![$x => $value]).unwrap();
        let prepared = $sess.prepare($fetch, $x).unwrap();
        assert_eq!(prepared.run($value).unwrap(), by_run);
        by_run
    }};
}

#[test]
fn elements_that_lie_in_any_order() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?]);
    let y = x * 2.0;
    let sess = Session::new(&g);
    let rows = arr2(&[[1.0_f32, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let same = |array: &Array2<f32>, found: ArrayD<f32>| {
        assert_eq!(found, (array * 2.0).into_dyn());
    };
    same(&rows, fed!(sess, y, x, &rows));
    same(&rows.t().to_owned(), fed!(sess, y, x, rows.t()));
    same(&rows.t().to_owned(), fed!(sess, y, x, &rows.t()));
    same(
        &rows.t().to_owned(),
        fed!(sess, y, x, rows.clone().reversed_axes()),
    );
    for axis in 0..2 {
        let mut turned = rows.clone();
        turned.invert_axis(Axis(axis));
        same(&turned, fed!(sess, y, x, &turned));
        same(&turned, fed!(sess, y, x, turned.view()));
        same(&turned, fed!(sess, y, x, turned.clone()));
    }
    let second = rows.slice(s![.., ..;2]);
    same(&second.to_owned(), fed!(sess, y, x, second));
    let inner = rows.clone().slice_move(s![1.., 1..]);
    same(&inner, fed!(sess, y, x, inner.clone()));
    same(&inner, fed!(sess, y, x, &inner));
    let columns = Array2::from_shape_vec((2, 3).f(), vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0]).unwrap();
    same(&rows, fed!(sess, y, x, columns.clone()));
    same(&rows, fed!(sess, y, x, &columns));
    let shared: ArcArray<f32, _> = rows.clone().into_shared();
    same(&rows, fed!(sess, y, x, &shared));
    let one = arr2(&[[7.0_f32]]);
    let repeated = one.broadcast((3, 4)).unwrap();
    same(&repeated.to_owned(), fed!(sess, y, x, repeated));
    for (rows, columns) in [(0, 3), (3, 0), (0, 0)] {
        let empty = Array2::<f32>::zeros((rows, columns));
        same(&empty, fed!(sess, y, x, &empty));
        same(&empty, fed!(sess, y, x, empty.clone()));
        same(
            &empty,
            fed!(sess, y, x, Array2::<f32>::zeros((rows, columns).f())),
        );
        let nothing = one.broadcast((rows, columns)).unwrap();
        same(&empty, fed!(sess, y, x, nothing));
    }
}

#[test]
fn ranks_that_nobody_has() {
    for rank in [0, 1, 6, 7, 20, 40] {
        let g = Graph::new().leak();
        let unknown = shape![?].dims()[0];
        let x = g.placeholder::<f32>("x", vec![unknown; rank]);
        let reversed: Vec<usize> = (0..rank).rev().collect();
        let fetches = [x * 2.0, x.transpose(reversed), x.reduce_sum(..)].map(Tensor::any);
        let sizes: Vec<usize> = (0..rank)
            .map(|axis| 1 + usize::from(axis % 7 == 3))
            .collect();
        let count = sizes.iter().product();
        let numbers = (0..count).map(|place| place as f32).collect();
        let array = ArrayD::from_shape_vec(IxDyn(&sizes), numbers).unwrap();
        let expected = [
            &array * 2.0,
            array.clone().reversed_axes(),
            Array::from_elem(vec![], array.sum()),
        ];
        let modes = Modes::new(g, Pass::ALL.iter().copied());
        let found = modes
            .run(|sess| sess.run(fetches.to_vec(), feed![x => &array]))
            .unwrap();
        assert_eq!(found, expected.map(Value::from), "rank {rank}");
    }
}

/// Reports of one hostile feed after the other, each by `run` and by a prepared call.
struct Refusals {
    sess: Session,
    counter: Variable<'static, f32>,
    fetches: (Tensor<'static, f32>, Tensor<'static, f32>),
    anchor: u32,
    told: Vec<String>,
}

impl Refusals {
    fn new(anchor: u32, fetch: Tensor<'static, f32>, counter: Variable<'static, f32>) -> Refusals {
        Refusals {
            sess: initialized(fetch.graph()),
            counter,
            fetches: (counter.assign_add(1.0), fetch),
            anchor,
            told: Vec::new(),
        }
    }

    /// Both ways refuse, in the same words; the variable stays as it was.
    fn add<'f, I, V>(&mut self, inputs: I, values: impl Fn() -> V, feeds: Feeds<'f>)
    where
        I: Inputs<'static>,
        V: Values<'f, I::Elements>,
    {
        let by_run = self.sess.run(self.fetches, feeds).map(drop).unwrap_err();
        let prepared = self.sess.prepare(self.fetches, inputs);
        let by_call = prepared
            .and_then(|call| call.run(values()))
            .map(drop)
            .unwrap_err();
        assert_eq!(by_call.to_string(), by_run.to_string());
        assert_eq!(self.sess.value(self.counter).unwrap().sum(), 0.0);
        self.told
            .push(relative(&by_run.to_string(), file!(), self.anchor));
    }

    fn check(&self, expected: &Expect) {
        expected.assert_eq(&self.told.join("\n\n"));
    }
}

#[test]
fn what_cannot_be_fed() {
    let anchor = line!();
    let (g, other) = (Graph::new().leak(), Graph::new().leak());
    let counter = g.variable("counter", 0.0_f32);
    let x = g.placeholder::<f32>("x", shape![2, ?]);
    let foreign = other.placeholder::<f32>("foreign", shape![]);
    let mut inside = x.slice(0);
    let (sums, _) = g.scan(g.zeros::<f32>([2]), x.transpose([1, 0]), |sum, row| {
        inside = sum + row;
        (inside, ())
    });
    let y = sums.reduce_sum(..);
    let good = || arr2(&[[1.0_f32], [2.0]]);
    let mut refusals = Refusals::new(anchor, y, counter);
    refusals.add((x, x), || (good(), good()), feed![x => good(), x => good()]);
    refusals.add(
        (x, inside),
        || (good(), [1.0, 2.0]),
        feed![x => good(), inside => [1.0, 2.0]],
    );
    refusals.add(
        (x, foreign),
        || (good(), 1.0),
        feed![x => good(), foreign => 1.0],
    );
    refusals.add((), || (), feed![]);
    let wide = || arr2(&[[1.0_f32], [2.0], [3.0]]);
    refusals.add(x, wide, feed![x => wide()]);
    let deep = || Array::<f32, _>::zeros(vec![1; 20]);
    refusals.add(x, deep, feed![x => deep()]);
    refusals.add(x, || 1.0, feed![x => 1.0]);
    let ragged = || vec![vec![1.0_f32], vec![]];
    refusals.add(x, ragged, feed![x => ragged()]);
    let whole = || Value::from(arr2(&[[1_i32], [2]]));
    refusals.add(x.any(), whole, feed![x.any() => whole()]);
    let one = arr2(&[[1.0_f32]]);
    let endless = || one.broadcast((2, 1 << 45)).unwrap();
    refusals.add(x, endless, feed![x => endless()]);
    refusals.check(&expect![[r#"
        feed of `x`: it is fed twice
          --> tests/hostile_feeds/feeding.rs:+3:15

        feed of `scan/add`: it belongs to the body of the scan called at tests/hostile_feeds/feeding.rs:+6:23 and cannot be fed
          --> tests/hostile_feeds/feeding.rs:+7:18, called from tests/hostile_feeds/feeding.rs:+6:23

        feed of `foreign`: it belongs to another graph than the session

        feed of `x`: no value was fed; it needs f32[2, ?]
          --> tests/hostile_feeds/feeding.rs:+3:15

        feed of `x`: it needs f32[2, ?], and was given f32[3, 1]
          --> tests/hostile_feeds/feeding.rs:+3:15

        feed of `x`: it needs f32[2, ?], and was given f32[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
          --> tests/hostile_feeds/feeding.rs:+3:15

        feed of `x`: it needs f32[2, ?], and was given f32[]
          --> tests/hostile_feeds/feeding.rs:+3:15

        feed of `x`: the rows have different lengths
          --> tests/hostile_feeds/feeding.rs:+3:15

        feed of `x`: it needs f32, not i32
          --> tests/hostile_feeds/feeding.rs:+3:15

        feed of `x`: there is not enough memory to put its elements in order
          --> tests/hostile_feeds/feeding.rs:+3:15"#]]);
    let sess = &refusals.sess;
    assert_eq!(
        sess.run(refusals.fetches, feed![x => good()])
            .unwrap()
            .1
            .sum(),
        3.0
    );
}

/// What is fed to any other tensor stands for what would compute it.
#[test]
fn tensors_that_are_no_placeholders() {
    let g = Graph::new().leak();
    let x = g.placeholder::<f32>("x", shape![?]);
    let v = g.variable("v", [1.0_f32, 2.0]);
    let constant = g.constant([3.0_f32, 4.0]);
    let (largest, places) = x.top_k(2);
    let (sum, rows) = g.scan(g.constant(0.0_f32), x, |sum, x| (sum + x, sum));
    let on = g.constant(true);
    let chosen = g.cond(on, || x * 2.0, || x * 3.0);
    let made = [
        v * 1.0,
        constant * 1.0,
        largest * 1.0,
        rows * 1.0,
        chosen * 1.0,
    ]
    .map(Tensor::any);
    let mut fetches = made.to_vec();
    fetches.extend([places.any(), sum.any()]);
    let modes = Modes::new(g, Pass::ALL.iter().copied()).initialized();
    let feeds = || feed![v => [9.0, 8.0], constant => [7.0, 6.0], largest => [5.0, 4.0], rows => [3.0, 2.0], chosen => [1.0, 0.0], x => [1.0, 5.0]];
    let found = modes
        .run(|sess| sess.run(fetches.clone(), feeds()))
        .unwrap();
    let pairs = [
        [9.0_f32, 8.0],
        [7.0, 6.0],
        [5.0, 4.0],
        [3.0, 2.0],
        [1.0, 0.0],
    ];
    let mut expected = pairs.map(|pair| Value::vector(pair.to_vec())).to_vec();
    expected.extend([Value::vector(vec![1, 0]), Value::scalar(6.0_f32)]);
    assert_eq!(found, expected);
    let value = |sess: &Session| sess.any_value(v.any()).map(|value| vec![value]);
    let kept = modes.run(value).unwrap();
    assert_eq!(kept, [Value::vector(vec![1.0_f32, 2.0])]);
}

/// A variable that is fed is written all the same; a write that is fed is none.
#[test]
fn variables_and_writes_that_are_fed() {
    let g = Graph::new().leak();
    let v = g.variable("v", [1.0_f32, 2.0]);
    let added = v.assign_add(g.constant([10.0_f32, 10.0]));
    let doubled = v.value() * 2.0;
    let modes = Modes::new(g, Pass::ALL.iter().copied()).initialized();
    let fetches = vec![doubled.any(), (added * 1.0).any()];
    let run = |sess: &Session| sess.run(fetches.clone(), feed![v => [5.0, 5.0]]);
    let found = modes.run(run).unwrap();
    assert_eq!(
        found,
        [[10.0_f32, 10.0], [11.0, 12.0]].map(|pair| Value::vector(pair.to_vec()))
    );
    let run = |sess: &Session| sess.run(fetches.clone(), feed![added => [0.0, 0.0]]);
    let found = modes.run(run).unwrap();
    assert_eq!(
        found,
        [[22.0_f32, 24.0], [0.0, 0.0]].map(|pair| Value::vector(pair.to_vec()))
    );
    modes.check_variables().unwrap();
    let sess = Session::with_options(g, SessionOptions::new());
    let unset = sess.run(doubled, feed![v => [1.0, 1.0]]).unwrap();
    assert_eq!(unset.sum(), 4.0);
}

/// What a loop in a branch in a loop needs.
#[test]
fn feeds_that_are_missing_deep_inside() {
    let anchor = line!();
    let g = Graph::new().leak();
    let counter = g.variable("counter", 0.0_f32);
    let x = g.placeholder::<f32>("x", shape![?]);
    let deep = g.placeholder::<f32>("deep", shape![]);
    let (sum, _) = g.scan(g.constant(0.0_f32), x, |sum, x| {
        let inner = g.cond(
            x.greater(0.0),
            || g.while_loop(x, |y| y.less(10.0), |y| y + deep),
            || x,
        );
        (sum + inner, ())
    });
    let mut refusals = Refusals::new(anchor, sum, counter);
    refusals.add(x, || [1.0, 2.0], feed![x => [1.0, 2.0]]);
    refusals.add(deep, || 1.0, feed![deep => 1.0]);
    refusals.check(&expect![[r#"
        feed of `deep`: no value was fed; it needs f32[]
          --> tests/hostile_feeds/feeding.rs:+4:18

        feed of `x`: no value was fed; it needs f32[?]
          --> tests/hostile_feeds/feeding.rs:+3:15"#]]);
    let run = refusals
        .sess
        .run(refusals.fetches, feed![x => [1.0, -2.0], deep => 4.0]);
    assert_eq!(run.unwrap().1.sum(), 11.0);
}

/// Nothing, of sizes that no array could have.
#[test]
fn sizes_that_no_process_has_addresses_for() {
    let anchor = line!();
    let g = Graph::new().leak();
    let counter = g.variable("counter", 0.0_f32);
    let x = g.placeholder::<f32>("x", shape![?, ?, ?]);
    let seen = g.assert(g.constant(true), &[x.any()], "x");
    let one = g.control_dependencies([seen], || g.constant(1.0_f32) * 1.0);
    let mut refusals = Refusals::new(anchor, one, counter);
    let huge = || Value::zeros(aqueduct::DType::F32, &[0, 1 << 40, 1 << 40]).unwrap();
    refusals.add(x.any(), huge, feed![x.any() => huge()]);
    refusals.check(&expect![[r#"
        feed of `x`: no process has addresses for an array of shape [0, 1099511627776, 1099511627776]
          --> tests/hostile_feeds/feeding.rs:+3:15"#]]);
    let wide = Value::zeros(aqueduct::DType::F32, &[0, 1 << 40, 8]).unwrap();
    let sess = &refusals.sess;
    let (_, sum) = sess.run(refusals.fetches, feed![x.any() => wide]).unwrap();
    assert_eq!(sum.sum(), 1.0);
}
