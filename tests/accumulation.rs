//! Gradients added up over several runs.

use aqueduct::prelude::*;
use aqueduct_tests::{Modes, Tolerance, compare, initialized};
use ndarray::{ArrayD, arr1, arr2};

/// A loss of examples, the mean or the sum of what each has.
struct Model<'g> {
    x: Tensor<'g, f32>,
    w: Variable<'g, f32>,
    mean: Tensor<'g, f32>,
    sum: Tensor<'g, f32>,
}

fn model(g: &Graph) -> Model<'_> {
    let x = g.placeholder::<f32>("x", shape![?, 2]);
    let w = g.variable("w", [[1.0_f32], [-1.0]]);
    let losses = (x.matmul(w) - 0.5).square();
    Model {
        x,
        w,
        mean: losses.reduce_mean(..),
        sum: losses.reduce_sum(..),
    }
}

const BATCHES: [[[f32; 2]; 2]; 3] = [
    [[1.0, 2.0], [0.5, -1.0]],
    [[-3.0, 1.0], [2.0, 2.0]],
    [[0.25, 0.75], [1.0, -0.5]],
];

fn whole() -> ArrayD<f32> {
    arr2(&BATCHES.concat()).into_dyn()
}

#[test]
fn several_batches_train_as_one() {
    for total in [false, true] {
        let g = Graph::new();
        let model = model(&g);
        let loss = if total { model.sum } else { model.mean };
        let adam = AdamOptimizer::new(0.1);
        let step = get_or_create_global_step(&g);
        let pairs = adam.compute_gradients(loss, [model.w]);
        let gathered = GradientAccumulator::new(&g, &pairs);
        let gathered = if total { gathered.sum() } else { gathered };
        let (add, apply) = (gathered.add(), gathered.apply(&adam, Some(step)));
        let at_once = adam.apply_gradients(&g, &pairs, None);
        let modes = Modes::new(&g, []).initialized();
        let by_parts = |sess: &Session| {
            sess.run(g.global_variables_initializer(), feed![])?;
            for _ in 0..3 {
                for batch in BATCHES {
                    sess.run(add, feed![model.x => batch])?;
                }
                sess.run(apply, feed![])?;
            }
            Ok::<_, aqueduct::Error>(vec![sess.any_value(model.w.any())?])
        };
        let found = modes.run(by_parts).unwrap();
        let sess = initialized(&g);
        for _ in 0..3 {
            sess.run(at_once, feed![model.x => whole()]).unwrap();
        }
        let expected = sess.any_value(model.w.any()).unwrap();
        compare(&found[0], &expected, Tolerance::REFERENCE).unwrap();
    }
}

#[test]
fn applying_begins_again_and_counts_a_step() {
    let g = Graph::new();
    let model = model(&g);
    let descent = GradientDescentOptimizer::new(0.1);
    let step = get_or_create_global_step(&g);
    let pairs = descent.compute_gradients(model.mean, [model.w]);
    let gathered = GradientAccumulator::new(&g, &pairs);
    let (add, apply) = (gathered.add(), gathered.apply(&descent, Some(step)));
    let names: Vec<String> = g.global_variables().iter().map(|v| v.name()).collect();
    assert_eq!(
        names,
        ["w", "global_step", "w/GradientSum", "gradient_count"]
    );
    let sess = initialized(&g);
    let counts = || {
        sess.run((gathered.count().scalar(), step.scalar()), feed![])
            .unwrap()
    };
    for batch in BATCHES {
        sess.run(add, feed![model.x => batch]).unwrap();
    }
    assert_eq!(counts(), (3, 0));
    sess.run(apply, feed![]).unwrap();
    assert_eq!(counts(), (0, 1));
    let sum = g.global_variables()[2].typed::<f32>();
    assert_eq!(sess.value(sum).unwrap(), ArrayD::zeros(vec![2, 1]));
}

#[test]
fn applying_nothing_fails_and_changes_nothing() {
    for total in [false, true] {
        let g = Graph::new();
        let model = model(&g);
        let descent = GradientDescentOptimizer::new(0.1);
        let pairs = descent.compute_gradients(model.mean, [model.w]);
        let gathered = GradientAccumulator::new(&g, &pairs);
        let gathered = if total { gathered.sum() } else { gathered };
        let apply = gathered.apply(&descent, None);
        let modes = Modes::new(&g, []).initialized();
        let message = modes.failure(|sess| sess.run(apply, feed![])).unwrap();
        let words = "no gradients were added since the last were applied";
        assert!(message.contains(words), "{message}");
        assert!(
            !message.contains("does not hold") && !message.contains("data 0"),
            "{message}"
        );
        let sess = initialized(&g);
        sess.run(apply, feed![]).unwrap_err();
        let value = sess.value(model.w).unwrap();
        assert_eq!(value, arr2(&[[1.0], [-1.0]]).into_dyn());
    }
}

#[test]
fn sparse_gradients_are_added_to_their_rows() {
    let g = Graph::new();
    let table = g.variable(
        "table",
        [[1.0_f32, 1.0], [2.0, 2.0], [3.0, 3.0], [4.0, 4.0]],
    );
    let rows = g.placeholder::<i32>("rows", shape![?]);
    let descent = GradientDescentOptimizer::new(1.0);
    let pairs = descent.compute_gradients(table.gather(rows), [table]);
    let gathered = GradientAccumulator::new(&g, &pairs).sum();
    let (add, apply) = (gathered.add(), gathered.apply(&descent, None));
    let sess = initialized(&g);
    sess.run(add, feed![rows => [0, 2, 2]]).unwrap();
    sess.run(add, feed![rows => [2]]).unwrap();
    sess.run(apply, feed![]).unwrap();
    let expected = arr2(&[[0.0, 0.0], [2.0, 2.0], [0.0, 0.0], [4.0, 4.0]]);
    assert_eq!(sess.value(table).unwrap(), expected.into_dyn());
    sess.run(add, feed![rows => [4]]).unwrap_err();
    assert_eq!(sess.run(gathered.count().scalar(), feed![]).unwrap(), 0);
}

#[test]
fn the_last_batch_may_be_added_and_applied_in_one_run() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2]);
    let w = g.variable("w", [0.0_f32, 0.0]);
    let descent = GradientDescentOptimizer::new(1.0);
    let pairs = descent.compute_gradients(w * x, [w]);
    let gathered = GradientAccumulator::new(&g, &pairs);
    let add = gathered.add();
    let last = g.control_dependencies([add], || gathered.apply(&descent, None));
    let sess = initialized(&g);
    sess.run(add, feed![x => [1.0, 2.0]]).unwrap();
    sess.run(last, feed![x => [3.0, 6.0]]).unwrap();
    assert_eq!(sess.value(w).unwrap(), arr1(&[-2.0, -4.0]).into_dyn());
    assert_eq!(sess.run(gathered.count().scalar(), feed![]).unwrap(), 0);
}

#[test]
fn what_was_added_may_be_clipped_before_it_is_applied() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2]);
    let w = g.variable("w", [0.0_f32, 0.0]);
    let descent = GradientDescentOptimizer::new(1.0);
    let pairs = descent.compute_gradients(w * x, [w]);
    let gathered = GradientAccumulator::new(&g, &pairs);
    let add = gathered.add();
    let mut mean = gathered.gradients();
    for (gradient, _) in &mut mean {
        let clipped = gradient.typed::<f32>().unwrap().clip_by_value(-1.0, 1.0);
        *gradient = clipped.into();
    }
    let train = gathered.clear_after(descent.apply_gradients(&g, &mean, None));
    let sess = initialized(&g);
    for fed in [[0.25, 4.0], [0.75, -10.0]] {
        sess.run(add, feed![x => fed]).unwrap();
    }
    sess.run(train, feed![]).unwrap();
    assert_eq!(sess.value(w).unwrap(), arr1(&[-0.5, 1.0]).into_dyn());
}

#[test]
fn a_checkpoint_keeps_what_was_added() {
    let folder = tempfile::tempdir().unwrap();
    let g = Graph::new();
    let model = model(&g);
    let descent = GradientDescentOptimizer::new(0.1);
    let pairs = descent.compute_gradients(model.mean, [model.w]);
    let gathered = GradientAccumulator::new(&g, &pairs);
    let (add, apply) = (gathered.add(), gathered.apply(&descent, None));
    let saver = Saver::new(&g);
    let sess = initialized(&g);
    let later = Session::new(&g);
    let [first, second, _] = BATCHES;
    sess.run(add, feed![model.x => first]).unwrap();
    let path = saver.save(&sess, folder.path().join("model")).unwrap();
    saver.restore(&later, path).unwrap();
    for sess in [&sess, &later] {
        sess.run(add, feed![model.x => second]).unwrap();
        sess.run(apply, feed![]).unwrap();
    }
    assert_eq!(later.value(model.w).unwrap(), sess.value(model.w).unwrap());
}

#[test]
fn variables_without_a_gradient_stay_and_that_none_has_one_is_a_mistake() {
    let g = Graph::new();
    let (w, unused) = (g.variable("w", 1.0_f32), g.variable("unused", 1.0_f32));
    let descent = GradientDescentOptimizer::new(0.5);
    let pairs = descent.compute_gradients(w.value(), [w, unused]);
    let gathered = GradientAccumulator::new(&g, &pairs);
    let (add, apply) = (gathered.add(), gathered.apply(&descent, None));
    g.check().unwrap();
    let sess = initialized(&g);
    sess.run(add, feed![]).unwrap();
    sess.run(apply, feed![]).unwrap();
    let values = sess.run((w.scalar(), unused.scalar()), feed![]).unwrap();
    assert_eq!(values, (0.5, 1.0));

    let none = descent.compute_gradients(w.value(), [unused]);
    let _ = GradientAccumulator::new(&g, &none).apply(&descent, None);
    let report = g.check().unwrap_err().to_string();
    assert!(
        report.contains("no gradients provided for any variable"),
        "{report}"
    );
}
