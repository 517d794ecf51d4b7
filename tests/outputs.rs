//! Runs that write their results to memory of the caller.

use aqueduct::Value;
use aqueduct::prelude::*;
use ndarray::{Array1, Array2, Array3, ArrayD, ArrayView1, Axis, array};

fn message<T>(result: Result<T, aqueduct::Error>) -> String {
    match result {
        Ok(_) => String::from("no error"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn arrays_views_slices_and_numbers_are_written() {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![?, 2]);
    let count = x.shape_tensor();
    let fetches = (
        x * 2.0,
        [x + 1.0, x - 1.0],
        x.reduce_sum(..).scalar(),
        count,
    );
    let sess = Session::new(&g);
    let call = sess.prepare(fetches, x).unwrap();
    let mut whole = Array3::zeros((2, 2, 2));
    let (mut doubled, mut sum, mut sizes) = (Array2::zeros((2, 2)), 0.0, [0; 2]);
    let (up, down) = whole.view_mut().split_at(Axis(0), 1);
    let parts = [up.remove_axis(Axis(0)), down.remove_axis(Axis(0))];
    let outputs = (&mut doubled, parts, &mut sum, &mut sizes[..]);
    call.run_into([[1.0, 2.0], [3.0, 4.0]], outputs).unwrap();
    assert_eq!(doubled, array![[2.0, 4.0], [6.0, 8.0]]);
    let shifted = array![[[2.0, 3.0], [4.0, 5.0]], [[0.0, 1.0], [2.0, 3.0]]];
    assert_eq!((whole, sum), (shifted, 10.0));
    assert_eq!(sizes, [2, 2]);
}

#[test]
fn states_operations_and_untyped_values_are_written() {
    let g = Graph::new();
    let v = g.variable("v", 1.0_f32);
    let state = LstmState {
        c: v.value() * 2.0,
        h: v.value() * 3.0,
    };
    let fetches = (v.assign_add(1.0).op(), state, v.value().any());
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    let call = sess.prepare(fetches, ()).unwrap();
    let (mut c, mut h) = (ArrayD::zeros(vec![]), ArrayD::zeros(vec![]));
    let mut before = Value::scalar(0.0_f32);
    let state = LstmState {
        c: &mut c,
        h: &mut h,
    };
    call.run_into((), ((), state, &mut before)).unwrap();
    assert_eq!((c.sum(), h.sum()), (2.0, 3.0));
    assert_eq!(before, Value::scalar(1.0_f32));
    assert_eq!(sess.value(v).unwrap().sum(), 2.0);
}

/// Checks the beginning of a message, which ends with where the result was made.
#[track_caller]
fn assert_starts(message: &str, start: &str) {
    let site = "; it was made at tests/outputs.rs:";
    assert!(message.starts_with(&format!("{start}{site}")), "{message}");
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_written() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let total = g.variable("total", 0.0_f32);
    let add = total.assign_add(x.reduce_sum(..));
    let doubled = (x * 2.0).named("doubled");
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    let call = sess.prepare((add.op(), x, doubled), x).unwrap();
    let (mut first, mut second) = (Array1::zeros(2), Array2::zeros((2, 1)));
    let refused = call.run_into([1.0, 2.0], ((), &mut first, &mut second));
    assert!(matches!(refused, Err(aqueduct::Error::Output { .. })));
    assert_starts(
        &message(refused),
        "cannot write `doubled:0`, which is f32[2], to f32[2, 1]",
    );
    let mut few = [0.0; 1];
    let refused = call.run_into([1.0, 2.0], ((), &mut first, &mut few[..]));
    assert_starts(
        &message(refused),
        "cannot write `doubled:0`, which is f32[2], to 1 of f32",
    );
    let mut table = Array2::zeros((2, 2));
    let column = table.column_mut(0);
    let refused = call.run_into([1.0, 2.0], ((), &mut first, column));
    assert_starts(
        &message(refused),
        "cannot write `doubled:0`, which is f32[2], to an array that does not lie row by row in memory",
    );
    assert_eq!(first, array![0.0, 0.0]);
    assert_eq!(
        sess.value(total).unwrap().sum(),
        0.0,
        "nothing was committed"
    );
}

#[test]
fn a_run_that_fails_writes_nothing() {
    let g = Graph::new();
    let rows = g.placeholder::<i32>("rows", shape![?]);
    let table = g.constant([1.0_f32, 2.0]);
    let sess = Session::new(&g);
    let call = sess
        .prepare((table * 3.0, table.gather(rows)), rows)
        .unwrap();
    let (mut tripled, mut taken) = ([7.0; 2], [7.0; 1]);
    let refused = call.run_into([2], (&mut tripled[..], &mut taken[..]));
    assert!(matches!(refused, Err(aqueduct::Error::Operation(_))));
    assert_eq!((tripled, taken), ([7.0; 2], [7.0]));
    call.run_into([1], (&mut tripled[..], &mut taken[..]))
        .unwrap();
    assert_eq!((tripled, taken), ([3.0, 6.0], [2.0]));
}

#[test]
fn outputs_are_written_anew_by_each_run() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let sess = Session::new(&g);
    let call = sess.prepare(x.square(), x).unwrap();
    for values in [&[1.0, 2.0][..], &[3.0, 4.0, 5.0], &[6.0]] {
        let mut squares = vec![0.0; values.len()];
        call.run_into(values, &mut squares[..]).unwrap();
        assert_eq!(
            ArrayView1::from(&squares),
            ArrayView1::from(values).mapv(|v| v * v)
        );
    }
}
