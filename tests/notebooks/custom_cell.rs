//! The worked example of a cell of one's own.

use aqueduct::prelude::*;
use aqueduct_tests::{central_differences, initialized, spread};
use example::MinimalGatedUnit;
use ndarray::ArrayD;

#[path = "../../examples/custom_cell.rs"]
#[allow(
    dead_code,
    reason = "the tests run the cell, not the program around it"
)]
mod example;

const VARIABLES: [(&str, &[usize]); 4] = [
    ("rnn/minimal_gated_unit/forget/kernel", &[5, 3]),
    ("rnn/minimal_gated_unit/forget/bias", &[3]),
    ("rnn/minimal_gated_unit/candidate/kernel", &[5, 3]),
    ("rnn/minimal_gated_unit/candidate/bias", &[3]),
];

#[test]
fn its_gradient_through_a_loop_is_that_of_finite_differences() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2, ?, 2]);
    let (outputs, last) = dynamic_rnn(&MinimalGatedUnit::new(3), x);
    let loss = (outputs.square().reduce_sum(..) + last.sin().reduce_sum(..)) * 0.5;
    let variables = g.trainable_variables();
    let names: Vec<String> = variables.iter().map(|variable| variable.name()).collect();
    assert_eq!(names, VARIABLES.map(|(name, _)| name));
    let points: Vec<Tensor<'_, f32>> = variables.iter().map(|v| v.typed().value()).collect();
    let slopes: Vec<Tensor<'_, f32>> = points.iter().map(|point| gradient(loss, *point)).collect();
    let of_x = gradient(loss, x);

    let sess = Session::new(&g);
    let sizes = VARIABLES
        .iter()
        .map(|(_, sizes)| *sizes)
        .chain([&[2, 4, 2][..]]);
    let at: Vec<ArrayD<f64>> = (0..)
        .zip(sizes)
        .map(|(place, sizes)| spread(sizes, (-1.0, 1.0), 100 * place))
        .collect();
    let feeds = |at: &[ArrayD<f64>]| {
        let (values, input) = at.split_at(points.len());
        let single = |value: &ArrayD<f64>| value.mapv(|number| number as f32);
        let values: Vec<ArrayD<f32>> = values.iter().map(single).collect();
        feed![x => single(&input[0])].with_all(&points, values)
    };
    let (mut found, of_x) = sess.run((slopes, of_x), feeds(&at)).unwrap();
    found.push(of_x);
    // Of losses in f32, a wide step keeps rounding out of sight.
    let expected = central_differences(&at, 3e-3, |at| {
        f64::from(sess.run(loss.scalar(), feeds(at)).unwrap())
    });
    for (found, expected) in found.iter().zip(&expected) {
        let differences = (found.mapv(f64::from) - expected).mapv(f64::abs);
        assert!(
            differences.iter().all(|&difference| difference < 2e-4),
            "{differences}"
        );
        assert!(expected.iter().any(|slope| slope.abs() > 1e-2));
    }
}

#[test]
fn an_unrolled_network_gives_what_a_loop_gives() {
    let g = Graph::new();
    g.set_random_seed(1);
    let x = g.placeholder::<f32>("x", shape![?, 4, 2]);
    let lengths = g.placeholder::<i32>("lengths", shape![?]);
    let options = || RnnOptions::new().sequence_length(lengths);
    let cell = MinimalGatedUnit::new(3);
    let (outputs, last) = dynamic_rnn_with(&cell, x, options());
    let (listed, last_of_list) = static_rnn_with(&cell, &x.unstack(4, 1), options());
    assert_eq!(g.trainable_variables().len(), 4);
    let sess = initialized(&g);
    let fed = spread(&[2, 4, 2], (-1.0, 1.0), 0).mapv(|x| x as f32);
    let fetches = ((outputs, last), (g.stack(&listed, 1), last_of_list));
    let (by_loop, unrolled) = sess
        .run(fetches, feed![x => fed, lengths => [4, 2]])
        .unwrap();
    // The optimiser sums the two in other orders.
    let near = |a: &ArrayD<f32>, b: &ArrayD<f32>| {
        a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6) && a.shape() == b.shape()
    };
    assert!(near(&by_loop.0, &unrolled.0), "{by_loop:?} {unrolled:?}");
    assert!(near(&by_loop.1, &unrolled.1), "{by_loop:?} {unrolled:?}");
}

#[test]
fn it_goes_into_wrappers_and_stacks() {
    let g = Graph::new();
    g.set_random_seed(1);
    let x = g.placeholder::<f32>("x", shape![?, 4, 2]);
    let layer = |units| DropoutWrapper::new(MinimalGatedUnit::new(units)).output_keep_prob(0.5);
    let stacked = MultiRnnCell::new([layer(5), layer(3)]);
    let (outputs, last) = dynamic_rnn(&stacked, x);
    let (forward, _) = bidirectional_dynamic_rnn(&MinimalGatedUnit::new(3), &GruCell::new(2), x);
    let train = AdamOptimizer::new(0.1).minimize(outputs.square().reduce_mean(..));
    g.check().unwrap();
    let sess = initialized(&g);
    let feeds = || feed![x => [[[0.5; 2]; 4]; 3]];
    let ((outputs, _), [first, second]) = sess.run((forward, last), feeds()).unwrap();
    assert_eq!(outputs.shape(), [3, 4, 3]);
    assert_eq!((first.shape(), second.shape()), (&[3, 5][..], &[3, 3][..]));
    sess.run(train, feeds()).unwrap();
}

#[test]
fn training_is_the_same_however_it_is_run() {
    let g = Graph::new();
    g.set_random_seed(1);
    let x = g.placeholder::<f32>("x", shape![?, 4, 2]);
    let cell = DropoutWrapper::new(MinimalGatedUnit::new(5)).output_keep_prob(0.5);
    let (outputs, _) = dynamic_rnn(&cell, x);
    let loss = outputs.square().reduce_mean(..);
    let train = AdamOptimizer::new(0.1).minimize(loss);
    let fed = spread(&[3, 4, 2], (-1.0, 1.0), 0).mapv(|x| x as f32);
    super::check_training(&g, |sess| {
        let step = |_| Ok(sess.run((loss.scalar(), train), feed![x => &fed])?.0);
        (0..4).map(step).collect()
    });
}
