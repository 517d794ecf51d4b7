//! Notebook 000, second half: the next value of a curve.

use aqueduct::prelude::*;
use aqueduct_tests::initialized;
use ndarray::Axis;

#[path = "../../examples/regression.rs"]
#[allow(
    dead_code,
    reason = "the tests run the model, not the program around it"
)]
mod example;

#[test]
fn dataset_is_the_curve_in_sequences_of_ten() {
    let (data, output) = example::create_dataset(1000).unwrap();
    assert_eq!(data.dim(), (100, 10, 1));
    assert_eq!(output.dim(), (100, 10));
    // Of x = 20 i / 999, computed apart.
    let check = |i: usize, value: f32| {
        let actual = data[[i / 10, i % 10, 0]];
        assert!((actual - value).abs() < 1e-5, "{i}: {actual}, not {value}");
    };
    check(0, 0.0);
    check(1, 0.020_404_75);
    check(10, 0.224_178_28);
    check(500, -1.628_313_4);
    check(990, 9.189_852);
    check(999, 4.920_143_6);
}

#[test]
fn dataset_wants_the_next_value_and_the_last_one_again() {
    let (data, output) = example::create_dataset(1000).unwrap();
    let values: Vec<f32> = data.into_iter().collect();
    let targets: Vec<f32> = output.into_iter().collect();
    assert_eq!(targets[..999], values[1..]);
    assert_eq!(targets[999], values[999]);
}

#[test]
fn dataset_has_no_sequence_of_another_length() {
    assert!(example::create_dataset(1005).is_err());
}

#[test]
fn learns_the_curve() {
    let g = Graph::new();
    g.set_random_seed(0);
    let model = example::model(&g);
    let sess = initialized(&g);
    let costs = example::train(&sess, &model, 100, 1000).unwrap();
    assert_eq!(costs.len(), 100);
    assert!(costs[0] > 100.0, "{}", costs[0]); // The curve's variance is 140.
    assert!(costs[99] < 2.0, "{}", costs[99]);

    // From the first value of a sequence alone, nobody can tell whether the curve rises or falls.
    let (data, output) = example::create_dataset(1000).unwrap();
    let pred = sess.run(model.pred, feed![model.input_data => data]);
    let errors = (pred.unwrap() - output).mapv(|error| error * error);
    let by_place: Vec<f32> = errors.axis_iter(Axis(1)).map(|of| of.sum()).collect();
    let after_the_first = by_place[1..].iter().copied().fold(0.0, f32::max);
    assert!(by_place[0] > 1.5 * after_the_first, "{by_place:?}");
}

/// Squeezing drops the axis that is known to have size 1, and no other that turns out to have it.
#[test]
fn predicts_one_sequence_too() {
    let g = Graph::new();
    g.set_random_seed(0);
    let model = example::model(&g);
    let sess = initialized(&g);
    let pred = sess.run(model.pred, feed![model.input_data => [[[0.5]]]]);
    assert_eq!(pred.unwrap().shape(), [1, 1]);
}

#[test]
fn training_is_the_same_however_it_is_run() {
    let g = Graph::new();
    g.set_random_seed(0);
    let model = example::model(&g);
    super::check_training(&g, |sess| example::train(sess, &model, 4, 1000));
}
