//! Ops of the user's own: what the trait promises, and closures as ops.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use aqueduct::ir::{Custom, Fact, Op, Problem};
use aqueduct::prelude::*;
use aqueduct::{
    Computation, CustomError, CustomGradient, CustomOp, GradientCheck, NameTaken,
    register_custom_op, registered_custom_op,
};
use aqueduct_tests::spread;
use ndarray::{Array1, ArrayD, ArrayViewD, arr0, arr1, arr2};

/// `x³`, with its gradient built of the op's own operand.
#[derive(Debug)]
struct Cube;

impl CustomOp for Cube {
    fn name(&self) -> &str {
        "cube"
    }

    fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
        match inputs {
            [x] if x.dtype == DType::F64 => Ok(vec![x.clone()]),
            [x] => Err(Problem::dtype(format!("x is {} but must be f64", x.dtype))),
            _ => Err(Problem::argument("cube takes one operand")),
        }
    }

    fn compute(&self, run: &mut Computation<'_>) -> Result<(), CustomError> {
        let x = run.input::<f64>(0)?;
        let mut y = run.output::<f64>(0)?;
        y.zip_mut_with(&x, |y, x| *y = x * x * x);
        Ok(())
    }

    fn gradient(&self) -> CustomGradient {
        CustomGradient::flows(|step| {
            let (x, g) = (step.operands()[0], step.grads()[0]);
            vec![Some(x.mul(x).scale(3.0).mul(g))]
        })
    }
}

fn cube<'g>(x: Tensor<'g, f64>) -> Tensor<'g, f64> {
    x.graph().custom_tensor(Arc::new(Cube), &[x.any()])
}

/// An op made of functions, for what goes wrong in each.
struct Made<I, C> {
    infer: I,
    compute: C,
    outputs: usize,
    gradient: fn() -> CustomGradient,
}

impl<I, C> std::fmt::Debug for Made<I, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Made")
    }
}

impl<I, C> CustomOp for Made<I, C>
where
    I: Fn(&[Fact]) -> Result<Vec<Fact>, Problem> + Send + Sync + 'static,
    C: Fn(&mut Computation<'_>) -> Result<(), CustomError> + Send + Sync + 'static,
{
    fn name(&self) -> &str {
        "made"
    }

    fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
        (self.infer)(inputs)
    }

    fn compute(&self, run: &mut Computation<'_>) -> Result<(), CustomError> {
        (self.compute)(run)
    }

    fn output_count(&self) -> usize {
        self.outputs
    }

    fn gradient(&self) -> CustomGradient {
        (self.gradient)()
    }
}

/// An op whose one output is as its operand.
fn made(
    compute: impl Fn(&mut Computation<'_>) -> Result<(), CustomError> + Send + Sync + 'static,
) -> Arc<dyn CustomOp> {
    Arc::new(Made {
        infer: |inputs: &[Fact]| Ok(inputs.to_vec()),
        compute,
        outputs: 1,
        gradient: || CustomGradient::none("it is only for tests"),
    })
}

/// The error of running an op on `[1.0_f32, 2.0]`, and that the session runs on after it.
fn failure(op: Arc<dyn CustomOp>) -> String {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let count = g.variable("count", 0_i64);
    let y = g.custom(op, &[x.any()]);
    g.check().unwrap();
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    let train = count.assign_add(1);
    let error = sess.run((y, train), feed![x => [1.0, 2.0]]).unwrap_err();
    assert_eq!(sess.run(count.scalar(), feed![]).unwrap(), 0, "{error}");
    sess.run(train, feed![]).unwrap();
    error.to_string()
}

#[test]
fn an_op_computes_in_place_and_late_sizes_are_known_after() {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![?, 2]);
    let y = cube(x) + 1.0;
    assert_eq!(y.shape(), x.shape());
    let sess = Session::new(&g);
    let value = sess.run(y, feed![x => [[1.0, 2.0], [3.0, -1.0]]]).unwrap();
    assert_eq!(value, arr2(&[[2.0, 9.0], [28.0, 0.0]]).into_dyn());
    let empty = sess.run(y, feed![x => ndarray::Array2::<f64>::zeros((0, 2))]);
    assert_eq!(empty.unwrap().shape(), [0, 2]);
}

/// The distinct elements, and for each element which of them it is: two outputs, of which one has
/// a size that its values tell.
#[derive(Debug)]
struct Unique;

impl CustomOp for Unique {
    fn name(&self) -> &str {
        "unique"
    }

    fn output_count(&self) -> usize {
        2
    }

    fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
        let [x] = inputs else {
            return Err(Problem::argument("unique takes one operand"));
        };
        let distinct = Fact::new(x.dtype, shape![?]);
        Ok(vec![distinct, Fact::new(DType::I32, x.shape.clone())])
    }

    fn compute(&self, run: &mut Computation<'_>) -> Result<(), CustomError> {
        let x = run.input::<i64>(0)?;
        let mut places = run.output::<i32>(1)?;
        let mut distinct: Vec<i64> = Vec::new();
        for (place, element) in places.iter_mut().zip(x) {
            let known = distinct.iter().position(|known| known == element);
            let index = known.unwrap_or_else(|| {
                distinct.push(*element);
                distinct.len() - 1
            });
            *place = i32::try_from(index)?;
        }
        run.give(0, Array1::from(distinct))?;
        Ok(())
    }
}

#[test]
fn a_late_size_is_that_of_the_given_array() {
    let g = Graph::new();
    let x = g.placeholder::<i64>("x", shape![?]);
    let outputs = g.custom(Arc::new(Unique), &[x.any()]);
    let (distinct, places) = (outputs[0].typed::<i64>(), outputs[1].typed::<i32>());
    assert_eq!(places.shape(), x.shape());
    let restored = distinct.gather(places);
    let ones = g.ones::<i64>(sizes![distinct.size_of(0)]).reduce_sum(..);
    let sess = Session::new(&g);
    for (fed, count) in [(vec![7, 7, 3, 7], 2), (vec![1, 2, 3], 3), (vec![], 0)] {
        let fetches = (restored, ones.scalar(), distinct.size().scalar());
        let (back, ones, size) = sess.run(fetches, feed![x => &fed]).unwrap();
        assert_eq!(back, Array1::from(fed).into_dyn());
        assert_eq!((ones, size), (count, count as i32));
    }
}

#[test]
fn bodies_of_loops_and_branches_run_custom_ops() {
    let g = Graph::new();
    let xs = g.placeholder::<f64>("xs", shape![?, 2]);
    let (last, cubes) = g.scan(g.zeros([2]), xs, |sum, x| (sum + cube(x), cube(x)));
    let larger = g.cond(
        last.reduce_sum(..).greater(10.0),
        || cube(last),
        || last * 0.0,
    );
    let sess = Session::new(&g);
    let fed = [[1.0, 2.0], [2.0, 1.0]];
    let (last, cubes, larger) = sess.run((last, cubes, larger), feed![xs => fed]).unwrap();
    assert_eq!(last, arr1(&[9.0, 9.0]).into_dyn());
    assert_eq!(cubes, arr2(&[[1.0, 8.0], [8.0, 1.0]]).into_dyn());
    assert_eq!(larger, arr1(&[729.0, 729.0]).into_dyn());
}

fn distinct<'g>(x: Tensor<'g, i64>) -> Tensor<'g, i64> {
    x.graph().custom(Arc::new(Unique), &[x.any()])[0].typed()
}

#[test]
fn late_sizes_in_bodies() {
    let g = Graph::new();
    let xs = g.placeholder::<i64>("xs", shape![?, 4]);
    let (total, sums) = g.scan(g.constant(0_i64), xs, |total, x| {
        let distinct = g.custom(Arc::new(Unique), &[x.any()])[0].typed::<i64>();
        (
            total + distinct.size().cast::<i64>(),
            distinct.reduce_sum(..),
        )
    });
    let first = g.cond(true, || distinct(xs.slice(0)).size(), || g.constant(0_i32));
    let sess = Session::new(&g);
    let fed = [[1, 1, 1, 1], [1, 2, 3, 4], [5, 5, 6, 6]];
    let fetches = (total.scalar(), sums, first.scalar());
    let (total, sums, first) = sess.run(fetches, feed![xs => fed]).unwrap();
    assert_eq!((total, first), (7, 1));
    assert_eq!(sums, arr1(&[1, 10, 11]).into_dyn());
}

#[test]
fn the_gradient_is_ordinary_graph_and_has_a_gradient() {
    let g = Graph::new();
    let x = g.placeholder::<f64>("x", shape![?, 2]);
    let loss = (cube(x) * 0.5).square().reduce_sum(..);
    let slope = gradient(loss, x);
    let change = slope.square().reduce_sum(..);
    let curvature = gradient(change, x);
    g.check().unwrap();
    let sess = Session::new(&g);
    let at = spread(&[3, 2], (-1.5, 1.5), 0);
    for (of, found) in [(loss, slope), (change, curvature)] {
        let check = GradientCheck::new(&sess, of, feed![x => &at]).wrt(x, found);
        check.run().unwrap().within(1e-9).unwrap();
    }
}

#[test]
fn an_op_without_a_gradient_says_why() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2]);
    let y = g.custom_tensor::<f32>(made(|_| Ok(())), &[x.any()]);
    let found = gradients(y, x).remove(0);
    let reason = found.why_not().unwrap();
    assert!(reason.contains("it is only for tests"), "{reason}");
    assert!(reason.contains(file!()), "{reason}");
}

#[test]
fn an_error_of_the_op_is_the_error_of_the_run() {
    let error = failure(made(|_| Err("the moon is not full".into())));
    assert!(
        error.starts_with("made failed: the moon is not full"),
        "{error}"
    );
    assert!(error.contains("f32[2]"), "{error}");
    let error = failure(made(|_| Err(Box::new("x".parse::<i32>().unwrap_err()))));
    assert!(error.contains("invalid digit"), "{error}");
}

#[test]
fn a_panic_of_the_op_is_an_error_and_the_session_lives_on() {
    let error = failure(made(|_| panic!("no {}", "way")));
    assert!(
        error.starts_with("made failed: it panicked: no way"),
        "{error}"
    );
}

#[test]
fn what_a_computation_is_not_is_an_error() {
    type Compute = fn(&mut Computation<'_>) -> Result<(), CustomError>;
    let cases: [(Compute, &str); 9] = [
        (
            |run| run.input::<i32>(0).map(drop).map_err(Into::into),
            "input 0 is f32 but was asked for as i32",
        ),
        (
            |run| run.input::<f32>(1).map(drop).map_err(Into::into),
            "input 1 was asked for but the op has 1 input",
        ),
        (
            |run| run.output::<f64>(0).map(drop).map_err(Into::into),
            "output 0 is promised as f32 but was asked for as f64",
        ),
        (
            |run| run.output::<f32>(3).map(drop).map_err(Into::into),
            "output 3 was asked for but the op has 1 output",
        ),
        (|_| Ok(()), "output 0, f32[2], was not given"),
        (
            |run| Ok(run.give(0, arr1(&[1.0_f32, 2.0, 3.0]))?),
            "output 0 was given with shape [3] but [2] was promised",
        ),
        (
            |run| Ok(run.give(0, arr1(&[1_u8, 2]))?),
            "output 0 is promised as f32 but was asked for as u8",
        ),
        (
            |run| {
                run.output::<f32>(0)?.fill(1.0);
                run.output::<f32>(0).map(drop).map_err(Into::into)
            },
            "output 0 was given twice",
        ),
        (
            |run| {
                run.give(0, arr1(&[1.0_f32, 2.0]))?;
                Ok(run.give(0, arr1(&[1.0_f32, 2.0]))?)
            },
            "output 0 was given twice",
        ),
    ];
    for (compute, message) in cases {
        let error = failure(made(compute));
        let expected = format!("made failed: {message}\n");
        assert!(error.starts_with(&expected), "{error}\nand not {expected}");
    }
}

#[test]
fn what_is_given_of_late_size_is_checked() {
    type Compute = fn(&mut Computation<'_>) -> Result<(), CustomError>;
    let cases: [(Compute, &str); 3] = [
        (
            |run| run.output::<f32>(0).map(drop).map_err(Into::into),
            "output 0, f32[?, 2], has a size that only its values tell: use `give`",
        ),
        (
            |run| Ok(run.give(0, arr2(&[[1.0_f32, 2.0, 3.0]]))?),
            "output 0 was given with shape [1, 3] but [?, 2] was promised",
        ),
        (|_| Ok(()), "output 0, f32[?, 2], was not given"),
    ];
    for (compute, message) in cases {
        let error = failure(Arc::new(Made {
            infer: |_: &[Fact]| Ok(vec![Fact::new(DType::F32, shape![?, 2])]),
            compute,
            outputs: 1,
            gradient: || CustomGradient::none(""),
        }));
        assert!(error.contains(message), "{error}\nand not {message}");
    }
}

#[test]
fn a_shape_rule_that_panics_is_a_mistake_and_the_graph_lives_on() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2]);
    let y = g.custom(
        Arc::new(Made {
            infer: |_: &[Fact]| panic!("what now"),
            compute: |_: &mut Computation<'_>| Ok(()),
            outputs: 3,
            gradient: || CustomGradient::none(""),
        }),
        &[x.any()],
    );
    assert_eq!(y.len(), 3, "a poisoned op has its outputs too");
    let report = g.check().unwrap_err().to_string();
    assert!(
        report.contains("its shape rule panicked: what now"),
        "{report}"
    );
    let doubled = x * 2.0;
    let value = Session::new(&g).run(doubled, feed![x => [1.0, 2.0]]);
    assert_eq!(value.unwrap(), arr1(&[2.0, 4.0]).into_dyn());
}

/// While building sizes may be unknown; a rule that then says something else must not get away.
#[test]
fn a_shape_rule_that_uses_a_graph_is_a_mistake_and_waits_for_nothing() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let same = g.clone();
    let op = Made {
        infer: move |inputs: &[Fact]| {
            same.constant(1.0_f32);
            Ok(inputs.to_vec())
        },
        compute: |_: &mut Computation<'_>| Ok(()),
        outputs: 1,
        gradient: || CustomGradient::none("it is only for tests"),
    };
    g.custom(Arc::new(op), &[x.any()]);
    let report = g.check().unwrap_err().to_string();
    assert!(
        report.contains("it uses a graph, which is held"),
        "{report}"
    );
}

/// An op that says another number of outputs each time, and more than there can be at last.
#[derive(Debug, Default)]
struct Growing(AtomicUsize);

impl CustomOp for Growing {
    fn name(&self) -> &str {
        "growing"
    }

    fn output_count(&self) -> usize {
        match self.0.fetch_add(1, Ordering::Relaxed) {
            0 => 1,
            _ => usize::MAX >> 8,
        }
    }

    fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
        Ok(inputs.to_vec())
    }

    fn compute(&self, run: &mut Computation<'_>) -> Result<(), CustomError> {
        let x = run.input::<f32>(0)?.to_owned();
        Ok(run.give(0, x)?)
    }
}

#[test]
fn how_many_outputs_an_op_has_is_asked_once_and_too_many_are_a_mistake() {
    let g = Graph::new();
    let x = g.constant([1.0_f32, 2.0]);
    let op = Arc::new(Growing::default());
    let y = g.custom_tensor::<f32>(op.clone(), &[x.any()]);
    let value = Session::new(&g).run(y, feed![]).unwrap();
    assert_eq!(value, arr1(&[1.0, 2.0]).into_dyn());
    g.custom(op, &[x.any()]);
    let report = g.check().unwrap_err().to_string();
    assert!(report.contains("its shape rule gives 1 output"), "{report}");
}

#[test]
fn a_writing_run_within_a_writing_run_is_an_error() {
    let g = Graph::new();
    let count = g.variable("count", 0.0_f32);
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    let (inner_graph, inner) = (g.clone(), sess.clone());
    let run_again = made(move |run| {
        let x = run.input::<f32>(0)?.to_owned();
        run.give(0, x)?;
        Ok(inner.run(inner_graph.global_variables_initializer(), feed![])?)
    });
    let one = g.custom_tensor::<f32>(run_again, &[g.constant(1.0_f32).any()]);
    let error = sess.run(count.assign_add(one), feed![]).unwrap_err();
    assert!(error.to_string().contains("within another one"), "{error}");
    // A run that only reads holds no other up.
    assert_eq!(sess.run(one.scalar(), feed![]).unwrap(), 1.0);
    let error = sess.run(count.assign_add(one), feed![]).unwrap_err();
    assert!(error.to_string().contains("within another one"), "{error}");
    assert_eq!(sess.run(count.scalar(), feed![]).unwrap(), 0.0);
}

#[test]
fn a_shape_rule_may_not_change_its_mind() {
    let rule = |rank: usize| {
        move |inputs: &[Fact]| {
            let building = inputs.iter().any(|fact| !fact.shape.is_known());
            let rank = if building { 1 } else { rank };
            Ok(vec![Fact::new(DType::F32, vec![2_usize; rank])])
        }
    };
    let error = failure(Arc::new(Made {
        infer: rule(2),
        compute: |run: &mut Computation<'_>| Ok(run.give(0, arr2(&[[0.0_f32; 2]; 2]))?),
        outputs: 1,
        gradient: || CustomGradient::none(""),
    }));
    let expected = "its shape rule gives f32[2, 2] for output 0 but gave f32[2] while building";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn threads_share_an_op() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let counted = made(|run| {
        RUNS.fetch_add(1, Ordering::Relaxed);
        let x = run.input::<f32>(0)?;
        run.output::<f32>(0)?.assign(&x);
        Ok(())
    });
    let y = g.custom_tensor::<f32>(counted, &[x.any()]).reduce_sum(..);
    let sess = Session::new(&g);
    thread::scope(|scope| {
        for length in 1..=8 {
            let sess = &sess;
            scope.spawn(move || {
                for _ in 0..20 {
                    let sum = sess.run(y.scalar(), feed![x => vec![1.0; length]]);
                    assert_eq!(sum.unwrap(), length as f32);
                }
            });
        }
    });
    assert_eq!(RUNS.load(Ordering::Relaxed), 160);
}

/// Counts its runs, and passes its operand on.
#[derive(Debug, Default)]
struct Counting(AtomicUsize);

impl CustomOp for Counting {
    fn name(&self) -> &str {
        "counting"
    }

    fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
        Ok(inputs.to_vec())
    }

    fn compute(&self, run: &mut Computation<'_>) -> Result<(), CustomError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let x = run.input::<f32>(0)?;
        run.output::<f32>(0)?.assign(&x);
        Ok(())
    }

    fn is_stateful(&self) -> bool {
        true
    }

    fn gradient(&self) -> CustomGradient {
        CustomGradient::flows(|step| {
            let (y, g) = (step.outputs()[0], step.grads()[0]);
            vec![Some(y.mul(y).mul(g))]
        })
    }
}

#[test]
fn a_gradient_runs_no_stateful_op_again() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let counting = Arc::new(Counting::default());
    let drawn = x * random_uniform(sizes![x.size_of(0)], 1.0, 2.0).tensor(&g);
    let y = g.custom_tensor::<f32>(counting.clone(), &[drawn.any()]);
    let before = g.operation_count();
    let slope = gradient(y.square().reduce_sum(..).print("loss "), x);
    let curvature = gradient(slope.square().reduce_sum(..), x);
    let view = g.view();
    let added = view.node_ids().skip(before);
    let stateful = added.filter(|id| view.node(*id).op.is_stateful());
    let names: Vec<&str> = stateful.map(|id| view.node(id).op.type_name()).collect();
    assert_eq!(names, ["Print"], "the user's own");
    drop(view);
    let sess = Session::new(&g);
    let fetches = (y, slope, curvature);
    sess.run(fetches, feed![x => [1.0, 2.0]]).unwrap();
    assert_eq!(counting.0.load(Ordering::Relaxed), 1);
}

#[test]
fn ops_are_saved_by_their_registered_names() {
    #[derive(Debug)]
    struct Named(&'static str);
    impl CustomOp for Named {
        fn name(&self) -> &str {
            self.0
        }
        fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
            Ok(inputs.to_vec())
        }
        fn compute(&self, _: &mut Computation<'_>) -> Result<(), CustomError> {
            Ok(())
        }
    }
    let op: Arc<dyn CustomOp> = Arc::new(Named("saved"));
    let node = Op::Custom(Custom::new(op.clone()));
    let unregistered = serde_json::to_string(&node).unwrap_err().to_string();
    assert!(
        unregistered.contains("`saved` is not registered"),
        "{unregistered}"
    );
    let unknown = serde_json::from_str::<Op>(r#"{"Custom":"saved"}"#);
    let unknown = unknown.unwrap_err().to_string();
    assert!(
        unknown.contains("no custom op is registered as `saved`"),
        "{unknown}"
    );

    register_custom_op(op.clone()).unwrap();
    register_custom_op(op.clone()).unwrap();
    let text = serde_json::to_string(&node).unwrap();
    assert_eq!(text, r#"{"Custom":"saved"}"#);
    assert_eq!(serde_json::from_str::<Op>(&text).unwrap(), node);

    let other: Arc<dyn CustomOp> = Arc::new(Named("saved"));
    let name = "saved".to_owned();
    assert_eq!(register_custom_op(other.clone()), Err(NameTaken { name }));
    let other = Op::Custom(Custom::new(other));
    assert_ne!(other, node);
    let refused = serde_json::to_string(&other).unwrap_err().to_string();
    assert!(refused.contains("another op is registered"), "{refused}");
    assert!(registered_custom_op("never registered").is_none());
}

// ---- closures ----

#[test]
fn closures_of_one_to_four_inputs() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let n = g.constant(3_i32);
    let on = g.constant(true);
    let one = g.closure("one", x, x.shape(), |x: ArrayViewD<'_, f32>| {
        Ok::<_, CustomError>(x.mapv(|x| x + 1.0))
    });
    let two = g.closure(
        "two",
        (x, n),
        shape![?],
        |x: ArrayViewD<'_, f32>, n: ArrayViewD<'_, i32>| {
            let n = n.first().copied().ok_or("n is missing")?;
            Ok::<_, &str>(
                x.iter()
                    .map(|x| x * n as f32)
                    .collect::<Array1<f32>>()
                    .into_dyn(),
            )
        },
    );
    let four = g.closure(
        "four",
        (x, n, on, n),
        (),
        |x: ArrayViewD<'_, f32>,
         n: ArrayViewD<'_, i32>,
         on: ArrayViewD<'_, bool>,
         m: ArrayViewD<'_, i32>| {
            let all = x.len() + n.len() + on.len() + m.len();
            Ok::<_, std::num::TryFromIntError>(arr0(i64::try_from(all)?).into_dyn())
        },
    );
    assert_eq!(one.name(), "one:0");
    let sess = Session::new(&g);
    let fetches = (one, two, four.scalar());
    let (one, two, four) = sess.run(fetches, feed![x => [1.0, 2.0]]).unwrap();
    assert_eq!(one, arr1(&[2.0, 3.0]).into_dyn());
    assert_eq!(two, arr1(&[3.0, 6.0]).into_dyn());
    assert_eq!(four, 5);
}

/// A size of an input ends no plan: what uses the result is planned with it.
#[test]
fn a_size_of_an_input_is_no_late_size() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let square = |x: ArrayViewD<'_, f32>| Ok::<_, CustomError>(x.mapv(|x| x * x));
    let same = g.closure("same", x, x.shape(), square);
    let late = g.closure("late", x, shape![?, 3], square);
    assert!((same + x).shape().same(&x.shape()));
    let sess = Session::new(&g);
    for (tensor, plans) in [(same * 2.0, 1), (late * 2.0, 3)] {
        sess.run(tensor, feed![x => [[1.0, 2.0, 3.0]]]).unwrap();
        assert_eq!(sess.plan_count(), plans, "{tensor}");
    }
}

#[test]
fn a_closure_that_breaks_its_word_is_an_error() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let wrong = g.closure("wrong", x, [2], |x: ArrayViewD<'_, f32>| {
        Ok::<_, CustomError>(x.to_owned())
    });
    let fails = g.closure("fails", x, [2], |_: ArrayViewD<'_, f32>| {
        Err::<ArrayD<f32>, _>("out of ink")
    });
    let sess = Session::new(&g);
    let error = |tensor, fed: &[f32]| {
        let result = sess.run(tensor, feed![x => fed]);
        result.unwrap_err().to_string()
    };
    let report = error(wrong, &[1.0]);
    assert!(
        report.contains("output 0 was given with shape [1] but [2] was promised"),
        "{report}"
    );
    assert!(sess.run(wrong, feed![x => [1.0, 2.0]]).is_ok());
    let report = error(fails, &[1.0]);
    assert!(report.starts_with("fails failed: out of ink"), "{report}");
}

#[test]
fn a_closure_has_no_gradient_and_is_not_saved() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let y = g.closure("twice", x, x.shape(), |x: ArrayViewD<'_, f32>| {
        Ok::<_, CustomError>(x.mapv(|x| 2.0 * x))
    });
    let found = gradients(y, x).remove(0);
    assert!(
        found.why_not().unwrap().contains("a Rust closure"),
        "{found:?}"
    );
    let view = g.view();
    let op = &view.node(y.id().node).op;
    assert!(op.is_stateful());
    let refused = serde_json::to_string(op).unwrap_err().to_string();
    assert!(
        refused.contains("`twice` is a Rust closure, which cannot be saved"),
        "{refused}"
    );
}
