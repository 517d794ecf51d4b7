//! The reports of runs that fail, as a user sees them.

use aqueduct::Value;
use aqueduct::prelude::*;
use aqueduct_tests::relative;
use expect_test::{Expect, expect};
use ndarray::{Array2, ArrayD, ArrayViewD, arr1};

/// The reports of some runs, in order, and the line that their places are told from.
struct Reports {
    anchor: u32,
    texts: Vec<String>,
}

impl From<u32> for Reports {
    fn from(anchor: u32) -> Reports {
        let texts = Vec::new();
        Reports { anchor, texts }
    }
}

impl Reports {
    fn add<T>(&mut self, result: aqueduct::Result<T>) {
        let report = match result {
            Ok(_) => "no error".to_owned(),
            Err(error) => error.to_string(),
        };
        self.texts.push(relative(&report, file!(), self.anchor));
    }

    fn check(&self, expected: Expect) {
        expected.assert_eq(&self.texts.join("\n\n"));
    }
}

#[test]
fn all_feeds_that_are_wrong_or_missing_are_told_at_once() {
    let mut reports = Reports::from(line!());
    let g = Graph::new();
    let other = Graph::new();
    let batch = g.unknown_dim();
    let x = g.placeholder::<f32>("x", shape![batch, 2]);
    let y = g.placeholder::<f32>("y", shape![batch]);
    let missing = g.placeholder::<i64>("missing", shape![?, 3]);
    let wide = g.placeholder::<f32>("wide", shape![3]);
    let rows = g.placeholder::<f32>("rows", shape![?, ?]);
    let foreign = other.placeholder::<f32>("foreign", shape![]);
    let mut inside = wide;
    let (last, _) = g.scan(g.zeros::<f32>([2]), x, |h, x| {
        inside = h + x;
        (inside, ())
    });
    let fetches = (last + y.reduce_sum(..), missing, wide, rows);
    let mut feeds = feed![
        x => [[1.0, 2.0], [3.0, 4.0]],
        y => [1.0, 2.0, 3.0],
        x => [[1.0, 2.0]],
        wide => [[1.0, 2.0, 3.0]],
        rows => vec![vec![1.0], vec![2.0, 3.0]],
        foreign => 1.0,
        inside => [1.0, 2.0],
    ];
    feeds.add_any(last.any(), Value::scalar(1_i32));
    reports.add(Session::new(&g).run(fetches, feeds));
    reports.check(expect![[r#"
        feed of `foreign`: it belongs to another graph than the session
        feed of `y`: its axis 0 shares an unknown size with axis 0 of `x`, which has 2 and not 3
          --> tests/run_errors.rs:+5:15
        feed of `x`: it is fed twice
          --> tests/run_errors.rs:+4:15
        feed of `wide`: it needs f32[3], and was given f32[1, 3]
          --> tests/run_errors.rs:+7:18
        feed of `rows`: the rows have different lengths
          --> tests/run_errors.rs:+8:18
        feed of `scan/add`: it belongs to the body of the scan called at tests/run_errors.rs:+11:23 and cannot be fed
          --> tests/run_errors.rs:+12:18, called from tests/run_errors.rs:+11:23
        feed of `scan`: it needs f32, not i32
          --> tests/run_errors.rs:+11:23
        feed of `missing`: no value was fed; it needs i64[?, 3]
          --> tests/run_errors.rs:+6:21"#]]);
}

#[test]
fn placeholders_that_are_not_fed() {
    let mut reports = Reports::from(line!());
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 2]);
    let y = g.name_scope("model", || g.placeholder::<i32>("y", shape![]));
    let (last, _) = g.scan(g.zeros::<f32>([2]), x, |h, x| (h + x * y.cast::<f32>(), ()));
    reports.add(Session::new(&g).run(last, feed![]));
    reports.check(expect![[r#"
        feed of `x`: no value was fed; it needs f32[?, 2]
          --> tests/run_errors.rs:+2:15
        feed of `model/y`: no value was fed; it needs i32[]
          --> tests/run_errors.rs:+3:40"#]]);
}

#[test]
fn all_variables_without_a_value_are_told_at_once() {
    let g = Graph::new();
    let w = g.variable("w", 1.0_f32);
    let train = AdamOptimizer::new(0.1).minimize(w.square());
    let sess = Session::new(&g);
    sess.run(w.initializer(), feed![]).unwrap();
    let report = sess.run(train, feed![]).unwrap_err().to_string();
    assert!(report.contains("\n  nor have: "), "{report}");
    for variable in ["beta1_power", "beta2_power", "w/Adam", "w/Adam_1"] {
        assert!(report.contains(variable), "{variable}: {report}");
    }
}

#[test]
fn variables_without_a_value() {
    let mut reports = Reports::from(line!());
    let g = Graph::new();
    let w = g.variable_scope("layer", || g.get_variable::<f32>("w", [2]));
    let doubled = w * 2.0;
    let (last, _) = g.scan(g.zeros::<f32>([2]), g.zeros::<f32>([3, 2]), |h, x| {
        (h + x * w, ())
    });
    let sess = Session::new(&g);
    reports.add(sess.run(doubled, feed![]));
    reports.add(sess.run(w, feed![]));
    reports.add(sess.run(last, feed![]));
    reports.add(sess.run(w.assign_add(1.0), feed![]));
    reports.add(sess.value(w));
    reports.check(expect![[r#"
        variable `layer/w` has no value
          --> tests/run_errors.rs:+2:44
          read by `mul`, built at tests/run_errors.rs:+3:19
          help: run `graph.global_variables_initializer()` (or `layer/w`'s own initializer) in this session first, or restore a checkpoint that has it; for variables made after that ran (an optimizer makes some) run `graph.variables_initializer(…)` of these, as running all again would reset the others

        variable `layer/w` has no value
          --> tests/run_errors.rs:+2:44
          read by `layer/w/read`, built at tests/run_errors.rs:+2:44
          help: run `graph.global_variables_initializer()` (or `layer/w`'s own initializer) in this session first, or restore a checkpoint that has it; for variables made after that ran (an optimizer makes some) run `graph.variables_initializer(…)` of these, as running all again would reset the others

        variable `layer/w` has no value
          --> tests/run_errors.rs:+2:44
          read by `scan`, built at tests/run_errors.rs:+4:23
          help: run `graph.global_variables_initializer()` (or `layer/w`'s own initializer) in this session first, or restore a checkpoint that has it; for variables made after that ran (an optimizer makes some) run `graph.variables_initializer(…)` of these, as running all again would reset the others

        shape mismatch in assign_add: value has shape [] but the variable has shape [2]
          --> tests/run_errors.rs:+11:28        name `layer/w/AssignAdd`
          value  Const_1  f32[]  from tests/run_errors.rs:+11:28
          help: a write does not broadcast: give a value of the variable's shape

        variable `layer/w` has no value
          --> tests/run_errors.rs:+2:44
          read by `layer/w/read`, built at tests/run_errors.rs:+2:44
          help: run `graph.global_variables_initializer()` (or `layer/w`'s own initializer) in this session first, or restore a checkpoint that has it; for variables made after that ran (an optimizer makes some) run `graph.variables_initializer(…)` of these, as running all again would reset the others"#]]);
}

#[test]
fn operations_that_cannot_compute_with_the_values() {
    let mut reports = Reports::from(line!());
    let g = Graph::new();
    let sess = Session::new(&g);
    let n = g.placeholder::<i32>("n", shape![]);
    let table = g.zeros::<f32>([3, 2]).named("table");
    let picked = table.gather(g.stack(&[n, g.constant(0)], 0));
    reports.add(sess.run(picked, feed![n => 3]));
    reports.add(sess.run(g.constant([6, 7]) / n, feed![n => 0]));
    reports.add(sess.run(g.fill(sizes![2, n], 1.0_f32), feed![n => -1]));
    reports.add(sess.run(table.reshape(sizes![n, -1]), feed![n => 4]));
    reports.add(sess.run(g.random_int([1], n, 5, None), feed![n => 5]));
    let rows = g.variable("rows", g.zeros::<f32>([3]));
    sess.run(rows.initializer(), feed![]).unwrap();
    let scatter = rows.scatter_add(g.stack(&[n], 0), g.ones::<f32>([1]));
    reports.add(sess.run(scatter, feed![n => -1]));
    let labels = g.stack(&[g.constant(0), n], 0);
    let losses = sparse_softmax_cross_entropy_with_logits(labels, g.zeros::<f32>([2, 5]));
    reports.add(sess.run(losses, feed![n => 5]));
    reports.check(expect![[r#"
        gather failed: indices[0] = 3 is not in [0, 3)
          --> tests/run_errors.rs:+5:24        name `Gather`
          x        table  f32[3, 2]  from tests/run_errors.rs:+4:19
          indices  stack  i32[2]     from tests/run_errors.rs:+5:33
          help: the axis that is indexed takes 0 to 2

        div failed: division by zero at element 0
          --> tests/run_errors.rs:+7:26        name `div`
          lhs  Const_1  i32[2]  from tests/run_errors.rs:+7:28
          rhs  n        i32[]   from tests/run_errors.rs:+3:15
          help: integers have no quotient by zero: keep zeros out, as with `maximum(1)`, or cast to floats

        fill failed: sizes gives the negative size -1
          --> tests/run_errors.rs:+8:28        name `Fill`
          sizes  packed   i32[2]  from tests/run_errors.rs:+8:28
          value  Const_3  f32[]   from tests/run_errors.rs:+8:28
          help: a size is 0 or more

        reshape failed: the elements of shape [3, 2] cannot be divided over [4, -1]: 6 is not a multiple of 4
          --> tests/run_errors.rs:+9:32        name `Reshape`
          x      table     f32[3, 2]  from tests/run_errors.rs:+4:19
          shape  packed_1  i32[2]     from tests/run_errors.rs:+9:32
          help: give sizes whose product divides 6

        random_uniform_int failed: needs low < high, got low 5 and high 5
          --> tests/run_errors.rs:+10:28        name `RandomUniformInt`
          shape  shape    i32[1]  from tests/run_errors.rs:+10:28
          low    n        i32[]   from tests/run_errors.rs:+3:15
          high   Const_5  i32[]   from tests/run_errors.rs:+10:28
          help: numbers are drawn from low up to high - 1

        scatter_add failed: indices[0] = -1 is not in [0, 3)
          --> tests/run_errors.rs:+13:24        name `rows/ScatterAdd`
          indices  stack_1  i32[1]  from tests/run_errors.rs:+13:38
          updates  ones     f32[1]  from tests/run_errors.rs:+13:56
          help: indices name parts of the variable

        sparse_softmax_cross_entropy_with_logits failed: label 5 at element 1 is not in [0, 5)
          --> tests/run_errors.rs:+16:18        name `SparseSoftmaxCrossEntropyWithLogits/SparseSoftmaxCrossEntropyWithLogits`
          logits  zeros_2  f32[2, 5]  from tests/run_errors.rs:+16:69
          labels  stack_2  i32[2]     from tests/run_errors.rs:+15:20
          help: a label is the number of a class, from 0"#]]);
}

#[test]
fn checks_and_custom_code_that_fail() {
    let mut reports = Reports::from(line!());
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 2]);
    let bound = g.constant(3.0_f32).named("bound");
    let small = g.assert(x.less(bound), &[x.any(), bound.any()], "x is too large");
    let checked = x.log().check_numerics("x must be positive");
    let picky = g.closure("picky", x, x.shape(), |x: ArrayViewD<'_, f32>| {
        match x.len() {
            0..4 => Ok(x.to_owned()),
            many => Err(format!("{many} elements are too many")),
        }
    });
    let sess = Session::new(&g);
    let feeds = || feed![x => [[1.0, -2.0], [0.0, 4.0]]];
    reports.add(sess.run(small, feeds()));
    reports.add(sess.run(checked, feeds()));
    reports.add(sess.run(picky, feeds()));
    reports.check(expect![[r#"
        assert failed: x is too large; condition[1, 1] is false; data 0 = [[1 -2][0...]...]; data 1 = [3]
          --> tests/run_errors.rs:+4:19        name `Assert`
          condition  Less   bool[2, 2]  from tests/run_errors.rs:+4:28
          data 0     x      f32[2, 2]   from tests/run_errors.rs:+2:15
          data 1     bound  f32[]       from tests/run_errors.rs:+3:19

        check_numerics failed: x must be positive : Tensor had Inf and NaN values: 1 Inf and 1 NaN among 4 elements, the first is x[0, 1] = nan
          --> tests/run_errors.rs:+5:27        name `CheckNumerics`
          x  Log  f32[2, 2]  from tests/run_errors.rs:+5:21

        picky failed: 4 elements are too many
          --> tests/run_errors.rs:+6:19        name `picky`
          input  x  f32[2, 2]  from tests/run_errors.rs:+2:15"#]]);
}

#[test]
fn shapes_that_only_a_run_can_refuse() {
    let mut reports = Reports::from(line!());
    let g = Graph::new();
    let sess = Session::new(&g);
    let a = g.placeholder::<f32>("a", shape![?, ?]);
    let b = g.placeholder::<f32>("b", shape![?, ?]);
    let (two, three) = (Array2::<f32>::zeros((2, 2)), Array2::<f32>::zeros((3, 3)));
    let feeds = || feed![a => &two, b => &three];
    reports.add(sess.run(a.matmul(b), feeds()));
    reports.add(sess.run(a + b, feeds()));
    reports.add(sess.run(a.split(3, 0), feeds()));
    reports.add(sess.run(a.slice(2), feeds()));
    reports.add(sess.run(g.concat(&[a, b], 0), feeds()));
    let slope = gradient(a.matmul(b).reduce_sum(..), a);
    reports.add(sess.run(slope, feeds()));
    let (last, _) = g.scan(a, b, |h, x| (h + x, ()));
    reports.add(sess.run(last, feeds()));
    let v = g.variable("v", g.zeros::<f32>([2, 3]));
    reports.add(sess.run(v.assign(a), feeds()));
    reports.check(expect![[r#"
        matmul failed: inner dimensions 2 and 3 differ
          --> tests/run_errors.rs:+7:28        name `MatMul`
          lhs  a  f32[2, 2]  from tests/run_errors.rs:+3:15
          rhs  b  f32[3, 3]  from tests/run_errors.rs:+4:15
          help: rhs needs 2 rows

        add failed: shapes [2, 2] and [3, 3] do not broadcast: axis 0 has sizes 2 and 3
          --> tests/run_errors.rs:+8:26        name `add`
          lhs  a  f32[2, 2]  from tests/run_errors.rs:+3:15
          rhs  b  f32[3, 3]  from tests/run_errors.rs:+4:15
          help: sizes must be equal, or one of them 1

        split failed: axis 0 of size 2 does not divide into 3 equal pieces
          --> tests/run_errors.rs:+9:28        name `split`
          x  a  f32[2, 2]  from tests/run_errors.rs:+3:15
          help: give the sizes of the pieces

        slice failed: index 2 is out of range for axis 0 of size 2
          --> tests/run_errors.rs:+10:28        name `strided_slice`
          x  a  f32[2, 2]  from tests/run_errors.rs:+3:15
          help: axis 0 takes -2 to 1

        concat failed: input 1 has shape [3, 3] but the inputs before it have shape [2, 2]
          --> tests/run_errors.rs:+11:28        name `concat`
          input 0  a  f32[2, 2]  from tests/run_errors.rs:+3:15
          input 1  b  f32[3, 3]  from tests/run_errors.rs:+4:15
          help: all axes but axis 0 must agree

        matmul failed: inner dimensions 2 and 3 differ
          --> tests/run_errors.rs:+12:28        name `MatMul_1`
          lhs  a  f32[2, 2]  from tests/run_errors.rs:+3:15
          rhs  b  f32[3, 3]  from tests/run_errors.rs:+4:15
          help: rhs needs 2 rows

        add failed: shapes [2, 2] and [3] do not broadcast: axis 1 has sizes 2 and 3
          --> tests/run_errors.rs:+14:42, called from tests/run_errors.rs:+14:23        name `scan/add`
          lhs  scan/parameter    f32[2, 2]  from tests/run_errors.rs:+14:23
          rhs  scan/parameter_1  f32[3]     from tests/run_errors.rs:+14:23
          help: sizes must be equal, or one of them 1

        assign failed: value has shape [2, 2] but the variable has shape [2, 3]
          --> tests/run_errors.rs:+17:28        name `v/Assign_1`
          value  a  f32[2, 2]  from tests/run_errors.rs:+3:15
          help: a write does not broadcast: give a value of the variable's shape"#]]);
}

#[test]
fn fetches_that_cannot_be_had() {
    let mut reports = Reports::from(line!());
    let (g, other) = (Graph::new(), Graph::new());
    let sess = Session::new(&g);
    let x = g.constant([1.0_f32, 2.0]).named("x");
    reports.add(sess.run(x.scalar(), feed![]));
    reports.add(sess.run(other.constant(1.0_f32), feed![]));
    reports.add(sess.run(other.no_op(), feed![]));
    let mut inside = x;
    g.cond(
        g.constant(true),
        || {
            inside = x * 2.0;
            inside
        },
        || x,
    );
    reports.add(sess.run(inside, feed![]));
    reports.add(sess.prepare(inside, ()));
    reports.add(sess.prepare(x, inside));
    reports.add(sess.prepare(x, other.placeholder::<f32>("y", shape![])));
    reports.add(sess.prepare(x, (x, x)));
    let number: aqueduct::Result<f64> = sess.run(g.constant(1.0_f32).any().scalar(), feed![]);
    reports.add(number);
    let array: aqueduct::Result<ArrayD<i64>> = x.any().eval(&sess, feed![x => [1.0, 2.0]]);
    reports.add(array);
    reports.check(expect![[r#"
        cannot fetch `x:0`: its shape is [2], so it is not one number

        cannot fetch `Const:0`: it belongs to another graph than the session, where it was made at tests/run_errors.rs:+5:32

        cannot fetch `NoOp`: it belongs to another graph than the session, where it was made at tests/run_errors.rs:+6:32

        cannot fetch `cond/mul:0`: it belongs to the body of the cond called at tests/run_errors.rs:+8:7; return it from the body and fetch what that gives

        cannot fetch `cond/mul:0`: it belongs to the body of the cond called at tests/run_errors.rs:+8:7; return it from the body and fetch what that gives

        feed of `cond/mul`: it belongs to the body of the cond called at tests/run_errors.rs:+8:7 and cannot be fed
          --> tests/run_errors.rs:+11:22, called from tests/run_errors.rs:+8:7

        feed of `y`: it belongs to another graph than the session

        feed of `x`: it is fed twice
          --> tests/run_errors.rs:+3:15

        cannot fetch `Const_1:0`: its elements are f32, not f64

        cannot fetch `x:0`: its elements are f32, not i64"#]]);
}

#[test]
fn values_that_do_not_fit_a_variable() {
    let mut reports = Reports::from(line!());
    let (g, other) = (Graph::new(), Graph::new());
    let v = g.variable("v", [1.0_f32, 2.0]);
    let sess = Session::new(&g);
    reports.add(sess.load(v, [1.0, 2.0, 3.0]));
    reports.add(sess.load(v, vec![vec![1.0], vec![]]));
    reports.add(sess.load_value(v.any(), Value::from(arr1(&[1_i32, 2]))));
    reports.add(sess.load(other.variable("w", 1.0_f32), 2.0));
    reports.check(expect![[r#"
        cannot load f32[3] into variable `v`, which is f32[2]

        cannot load rows of different lengths into variable `v`, which is f32[2]

        cannot load i32[2] into variable `v`, which is f32[2]

        cannot load f32[] into variable `w`, which is of another graph than the session"#]]);
}

#[test]
fn integers_that_have_no_result() {
    let mut reports = Reports::from(line!());
    let g = Graph::new();
    let sess = Session::new(&g);
    let n = g.placeholder::<i32>("n", shape![2]);
    reports.add(sess.run(g.constant([2, 3]).pow(n), feed![n => [2, -1]]));
    reports.add(sess.run(g.constant([[6], [7]]).floordiv(n), feed![n => [3, 0]]));
    reports.add(sess.run(n.floormod(n), feed![n => [3, 0]]));
    reports.check(expect![[r#"
        pow failed: negative power of an integer at element 1
          --> tests/run_errors.rs:+4:45        name `Pow`
          lhs  Const  i32[2]  from tests/run_errors.rs:+4:28
          rhs  n      i32[2]  from tests/run_errors.rs:+3:15
          help: cast to floats, which have such powers: `.cast::<f32>()`

        floordiv failed: division by zero at element 1
          --> tests/run_errors.rs:+5:49        name `floordiv`
          lhs  Const_1  i32[2, 1]  from tests/run_errors.rs:+5:28
          rhs  n        i32[2]     from tests/run_errors.rs:+3:15
          help: integers have no quotient by zero: keep zeros out, as with `maximum(1)`, or cast to floats

        floormod failed: division by zero at element 1
          --> tests/run_errors.rs:+6:28        name `FloorMod`
          lhs  n  i32[2]  from tests/run_errors.rs:+3:15
          rhs  n  i32[2]  from tests/run_errors.rs:+3:15
          help: integers have no quotient by zero: keep zeros out, as with `maximum(1)`, or cast to floats"#]]);
}

#[test]
fn nothing_is_the_largest_of_no_elements() {
    let mut reports = Reports::from(line!());
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2, ?]);
    let places = x.argmax(-1);
    let sess = Session::new(&g);
    reports.add(sess.run(places, feed![x => Array2::<f32>::zeros((2, 0))]));
    reports.check(expect![[r#"
        argmax failed: axis 1 of x has size 0: it has no largest element
          --> tests/run_errors.rs:+3:20        name `ArgMax`
          x  x  f32[2, 0]  from tests/run_errors.rs:+2:15
          help: give the axis a size of 1 or more"#]]);
}

#[test]
fn lengths_of_another_batch() {
    let mut reports = Reports::from(line!());
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, ?, 2]);
    let lengths = g.placeholder::<i32>("lengths", shape![?]);
    let options = RnnOptions::new().sequence_length(lengths);
    let (outputs, _) = dynamic_rnn_with(&GruCell::new(3), x, options);
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    reports.add(sess.run(outputs, feed![x => [[[1.0, 2.0]]], lengths => [1, 1]]));
    reports.check(expect![[r#"
        dynamic_rnn failed: sequence_length has shape [2] but must have [1]
          --> tests/run_errors.rs:+5:24        name `CheckSeqLen/EnsureSize`
          sequence_length  lengths                    i32[2]  from tests/run_errors.rs:+3:21
          size             CheckSeqLen/strided_slice  i32[]   from tests/run_errors.rs:+5:24
          help: give one length for each row of the batch"#]]);
}

#[test]
fn loops_that_cannot_go_on() {
    let mut reports = Reports::from(line!());
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let limit = g.placeholder::<i64>("limit", shape![]);
    let left = g.while_loop(x, |_| true, |x| x.boolean_mask(x.greater(0.0)));
    let options = ScanOptions::new().limit(limit);
    let (_, limited) = g.scan_with(options, (), x, |(), x| ((), x * 2.0));
    let from_first = g.foldl_from_first(x, |sum, x| sum + x);
    let from_last = g.foldr_from_last(x, |sum, x| sum + x);
    let sess = Session::new(&g);
    reports.add(sess.run(left, feed![x => [1.0, -2.0]]));
    reports.add(sess.run(limited, feed![x => [1.0, -2.0], limit => 3]));
    reports.add(sess.run(limited, feed![x => [1.0, -2.0], limit => -1]));
    let none: [f32; 0] = [];
    reports.add(sess.run(from_first, feed![x => &none[..]]));
    reports.add(sess.run(from_last, feed![x => &none[..]]));
    reports.check(expect![[r#"
        while_loop failed: state 0 has the new shape [1] after step 0
          --> tests/run_errors.rs:+4:18        name `while`
          state 0  x  f32[2]  from tests/run_errors.rs:+2:15
          help: the state of a loop keeps its shape: pad it, or keep the size fixed

        scan failed: limit is 3 but the loop has 2 steps
          --> tests/run_errors.rs:+6:26        name `scan`
          sequence 0  x      f32[2]  from tests/run_errors.rs:+2:15
          limit       limit  i64[]   from tests/run_errors.rs:+3:19
          help: a limit is from 0 to the number of steps

        scan failed: limit is -1 but the loop has 2 steps
          --> tests/run_errors.rs:+6:26        name `scan`
          sequence 0  x      f32[2]  from tests/run_errors.rs:+2:15
          limit       limit  i64[]   from tests/run_errors.rs:+3:19
          help: a limit is from 0 to the number of steps

        slice failed: index 0 is out of range for axis 0 of size 0
          --> tests/run_errors.rs:+7:24        name `first_element`
          x  x  f32[0]  from tests/run_errors.rs:+2:15
          help: take a range, which may be empty, or feed at least one

        slice failed: index -1 is out of range for axis 0 of size 0
          --> tests/run_errors.rs:+8:23        name `last_element`
          x  x  f32[0]  from tests/run_errors.rs:+2:15
          help: take a range, which may be empty, or feed at least one"#]]);
}

/// With no row there is no first one; what is not run does not mind.
#[test]
fn what_is_not_run_refuses_nothing() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 2]);
    let on = g.placeholder::<bool>("on", shape![]);
    let first = || x.slice(0);
    let chosen = g.cond(on, first, || g.zeros::<f32>([2]));
    let (steps, _) = g.scan_with(
        ScanOptions::new()
            .length(g.constant(3))
            .limit(on.cast::<i32>()),
        g.zeros::<f32>([2]),
        (),
        |sum, ()| (sum + first(), ()),
    );
    let repeated = g.while_loop(g.zeros::<f32>([2]), |_| on, |sum| sum + first());
    let all = [chosen, steps, repeated];
    let sess = Session::new(&g);
    let none = Array2::<f32>::zeros((0, 2));
    for found in sess.run(all, feed![x => &none, on => false]).unwrap() {
        assert_eq!(found, arr1(&[0.0, 0.0]).into_dyn());
    }
    for tensor in all {
        let error = sess.run(tensor, feed![x => &none, on => true]).unwrap_err();
        assert!(error.to_string().starts_with("slice failed"), "{error}");
    }
    let found = sess.run(chosen, feed![x => [[1.0, 2.0]], on => true]);
    assert_eq!(found.unwrap(), arr1(&[1.0, 2.0]).into_dyn());
}

/// So much memory that no system gives it.
#[test]
fn memory_that_is_not_there_names_what_asks_for_it() {
    let mut reports = Reports::from(line!());
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let count = g.placeholder::<i64>("count", shape![2]);
    let v = g.variable("v", [1.0_f32, 2.0]);
    let filled = g.fill(count, 1.0_f32) + v.assign_add(g.constant([1.0, 1.0])).reduce_sum(..);
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    reports.add(sess.run(filled, feed![count => [1_i64 << 31, 1 << 12]]));
    reports.add(sess.run(filled, feed![count => [1_i64 << 62, 1 << 62]]));
    let one = ndarray::arr0(1.0_f32);
    let many = one.broadcast([1_usize << 45]).unwrap();
    reports.add(sess.run(x, feed![x => many]));
    assert_eq!(
        sess.value(v).unwrap(),
        ndarray::arr1(&[1.0, 2.0]).into_dyn()
    );
    assert_eq!(
        sess.run(filled, feed![count => [1, 2]]).unwrap().sum(),
        12.0
    );
    reports.check(expect![[r#"
        not enough memory: the intermediate results of this run would take 35184372088896 bytes
          --> tests/run_errors.rs:+5:18
          most of it, 35184372088832 bytes, is for `add`
          help: feed less at once, or look at the sizes that this operation is given

        fill failed: a result of shape [4611686018427387904, 4611686018427387904] is larger than any memory
          --> tests/run_errors.rs:+5:20        name `Fill`
          sizes  count    i64[2]  from tests/run_errors.rs:+3:19
          value  Const_1  f32[]   from tests/run_errors.rs:+5:20
          help: look at the sizes that this operation is given

        feed of `x`: there is not enough memory to put its elements in order
          --> tests/run_errors.rs:+2:15"#]]);
}
