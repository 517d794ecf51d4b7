//! What optimizers do with sparse gradients beyond the numbers of the reference files: which rows they
//! touch, what the run refuses, and that no number of distinct rows is planned anew.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use aqueduct::prelude::*;

use aqueduct::IndexedSlices;
use aqueduct_tests::initialized;
use ndarray::{ArrayD, Axis, arr1};

/// Makes the operation that trains by one optimizer.
type Trainer = for<'g> fn(Tensor<'g, f32>) -> Operation<'g>;

/// Those that touch no row but the named ones.
const TRAINERS: &[Trainer] = &[
    |loss| GradientDescent::new(0.1).minimize(loss),
    |loss| Momentum::new(0.1, 0.9).minimize(loss),
    |loss| Momentum::new(0.1, 0.9).nesterov().minimize(loss),
    |loss| Adagrad::new(0.1).minimize(loss),
    |loss| Adadelta::new(1.0).minimize(loss),
    |loss| RmsProp::new(0.1).momentum(0.5).centered().minimize(loss),
    |loss| Ftrl::new(0.1).minimize(loss),
    |loss| ProximalGradientDescent::new(0.1).minimize(loss),
    |loss| ProximalAdagrad::new(0.1).minimize(loss),
    |loss| AdagradDa::new(0.1, loss.graph().untrained_variable("step", 0_i64)).minimize(loss),
];

const START: [[f32; 2]; 4] = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]];

/// A table, of which the fed rows are used.
struct Model<'g> {
    table: Variable<'g, f32>,
    ids: Tensor<'g, i64>,
    train: Operation<'g>,
}

fn model(g: &Graph, trainer: Trainer) -> Model<'_> {
    let table = g.variable("table", START);
    let ids = g.placeholder::<i64>("ids", shape![?]);
    let train = trainer(table.gather(ids).square().reduce_sum(..));
    Model { table, ids, train }
}

/// The values of all variables: of the table and its slots.
fn state(sess: &Session, g: &Graph) -> Vec<ArrayD<f32>> {
    let variables = g.global_variables().into_iter();
    let variables = variables.filter(|variable| variable.dtype() == DType::F32);
    let values = variables.map(|variable| sess.value(variable.typed::<f32>()).unwrap());
    values.collect()
}

#[test]
fn rows_that_are_not_named_stay() {
    for trainer in TRAINERS {
        let g = Graph::new();
        let Model { ids, train, .. } = model(&g, *trainer);
        let sess = initialized(&g);
        sess.run(train, feed![ids => [0, 1, 2, 3]]).unwrap();
        let before = state(&sess, &g);
        sess.run(train, feed![ids => [2, 0, 2]]).unwrap();
        for (before, after) in before.iter().zip(state(&sess, &g)) {
            for row in 0..4 {
                let same = before.index_axis(Axis(0), row) == after.index_axis(Axis(0), row);
                assert_eq!(same, row == 1 || row == 3, "row {row} of {after}");
            }
        }
        sess.run(train, feed![ids => [0_i64; 0]]).unwrap();
    }
}

#[test]
fn a_row_named_twice_moves_as_by_a_gradient_of_both() {
    for trainer in TRAINERS {
        let states = [[1_i64, 1, 3].as_slice(), &[3, 1]].map(|rows| {
            let g = Graph::new();
            let table = g.variable("table", START);
            let ids = g.placeholder::<i64>("ids", shape![?]);
            // The one row counts twice as much.
            let weight = if rows.len() == 2 {
                [1.0, 2.0]
            } else {
                [1.0, 1.0]
            };
            let weight = g.constant(weight).gather(ids.less(2).cast::<i32>());
            let squares = table.gather(ids).square().reduce_sum(1);
            let train = trainer((squares * weight).reduce_sum(..));
            let sess = initialized(&g);
            for _ in 0..3 {
                sess.run(train, feed![ids => rows]).unwrap();
            }
            state(&sess, &g)
        });
        let [twice, once] = states;
        for (twice, once) in twice.iter().zip(&once) {
            let far = (twice - once).iter().any(|distance| distance.abs() > 1e-5);
            assert!(!far, "{twice}, not {once}");
        }
    }
}

#[test]
fn how_many_rows_are_distinct_is_not_planned_anew() {
    for trainer in TRAINERS {
        let g = Graph::new();
        let Model { ids, train, .. } = model(&g, *trainer);
        let sess = initialized(&g);
        sess.run(train, feed![ids => [0, 1, 2, 3]]).unwrap();
        let plans = sess.plan_count();
        for rows in [[0, 0, 0, 0], [1, 2, 1, 1], [3, 2, 2, 0]] {
            sess.run(train, feed![ids => rows]).unwrap();
        }
        assert_eq!(sess.plan_count(), plans);
    }
}

#[test]
fn a_row_that_does_not_exist_changes_nothing() {
    for trainer in TRAINERS {
        let g = Graph::new();
        let Model { table, ids, train } = model(&g, *trainer);
        let sess = initialized(&g);
        let before = state(&sess, &g);
        let error = sess.run(train, feed![ids => [0, 4]]).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("indices[1] = 4 is not in [0, 4)"), "{error}");
        assert_eq!(state(&sess, &g), before, "{table}");
    }
}

/// Of slices that no gradient of the library has: in TensorFlow too every optimizer refuses them.
#[test]
fn an_index_that_no_gradient_has_changes_nothing() {
    type Apply = for<'g> fn(&'g Graph, &[(Gradient<'g>, AnyVariable<'g>)]) -> Operation<'g>;
    const ALL: [Apply; 8] = [
        |g, pairs| GradientDescent::new(0.1).apply_gradients(g, pairs, None),
        |g, pairs| Momentum::new(0.1, 0.9).apply_gradients(g, pairs, None),
        |g, pairs| Adagrad::new(0.1).apply_gradients(g, pairs, None),
        |g, pairs| Adadelta::new(1.0).apply_gradients(g, pairs, None),
        |g, pairs| RmsProp::new(0.1).apply_gradients(g, pairs, None),
        |g, pairs| Ftrl::new(0.1).apply_gradients(g, pairs, None),
        |g, pairs| Adam::new(0.1).apply_gradients(g, pairs, None),
        |g, pairs| AdamWOptimizer::new(0.01, 0.1).apply_gradients(g, pairs, None),
    ];
    for apply in ALL {
        let g = Graph::new();
        let table = g.variable("table", START);
        let ids = g.placeholder::<i64>("ids", shape![?]);
        let slices = IndexedSlices {
            values: table.gather(ids.zeros_like()).any(),
            indices: ids.any(),
            rows: g.constant(4).any(),
        };
        let train = apply(&g, &[(Gradient::Sparse(slices), table.any())]);
        let sess = initialized(&g);
        let before = state(&sess, &g);
        for (id, place) in [(-1, "= -1 is not in [0, 4)"), (4, "= 4 is not in [0, 4)")] {
            let error = sess.run(train, feed![ids => [0, id]]).unwrap_err();
            assert!(error.to_string().contains(place), "{error}");
            assert_eq!(state(&sess, &g), before);
        }
        sess.run(train, feed![ids => [0, 3]]).unwrap();
        assert_ne!(state(&sess, &g), before);
    }
}

#[test]
fn two_trainings_in_one_run_both_move_the_rows() {
    let g = Graph::new();
    let w = g.variable("w", [10.0_f32, 20.0]);
    let rows = w.gather(g.constant([1, 1]));
    let moves = [
        Momentum::new(1.0, 0.0).minimize(rows),
        Momentum::new(2.0, 0.0).minimize(rows),
    ];
    let sess = initialized(&g);
    sess.run(g.group(moves), feed![]).unwrap();
    // Each subtracts its rate times the gradient, 2.
    assert_eq!(sess.value(w).unwrap(), arr1(&[10.0, 14.0]).into_dyn());
}

/// The gradient of a loop has as many rows as the loop may have iterations.
#[test]
fn iterations_that_were_not_run_name_no_row_of_their_own() {
    for trainer in TRAINERS {
        let g = Graph::new();
        let table = g.variable("table", START);
        let count = g.placeholder::<i32>("count", shape![]);
        let options = WhileOptions::new().maximum_iterations(5);
        let start = (g.constant(0_i32), g.constant(0.0_f32));
        let (_, sum) = g.while_loop_with(
            options,
            start,
            |(step, _)| step.less(count),
            |(step, sum)| {
                let row = table.gather(step + 1);
                (step + 1, sum + row.square().reduce_sum(..))
            },
        );
        let train = trainer(sum);
        let sess = initialized(&g);
        sess.run(train, feed![count => 3]).unwrap();
        let before = state(&sess, &g);
        sess.run(train, feed![count => 2]).unwrap();
        for (before, after) in before.iter().zip(state(&sess, &g)) {
            for row in [0, 3] {
                assert_eq!(
                    before.index_axis(Axis(0), row),
                    after.index_axis(Axis(0), row)
                );
            }
            assert_ne!(before.index_axis(Axis(0), 2), after.index_axis(Axis(0), 2));
        }
    }
}
