//! Notebook 000, first half: the parity of bits.

use std::collections::BTreeSet;

use aqueduct::Philox;
use aqueduct::prelude::*;
use aqueduct_tests::initialized;
use ndarray::{Array3, ArrayView1, arr2, s};

#[path = "../../examples/xor.rs"]
#[allow(
    dead_code,
    reason = "the tests run the model, not the program around it"
)]
mod example;

#[test]
fn labels_are_those_of_the_notebooks_example() {
    let number = |bits: [f32; 5]| Array3::from_shape_fn((1, 5, 1), |(_, bit, _)| bits[bit]);
    let data = number([1.0, 0.0, 1.0, 1.0, 0.0]);
    assert_eq!(example::labels(&data), arr2(&[[1, 1, 0, 1, 1]]));
}

#[test]
fn dataset_has_each_number_once_with_its_labels() {
    let (data, output) = example::create_dataset(4096, &mut Philox::new(0, 0)).unwrap();
    assert_eq!(data.dim(), (4096, 12, 1));
    assert_eq!(output.dim(), (4096, 12));
    let rows = || numbers(&data).into_iter().zip(output.rows());
    let distinct: BTreeSet<usize> = rows().map(|(number, _)| number).collect();
    assert!(distinct.into_iter().eq(0..4096));
    let check = |number: usize, labels: [i64; 12]| {
        let row = rows().find(|(other, _)| *other == number);
        assert_eq!(row.unwrap().1.to_vec(), labels, "labels of {number:012b}");
    };
    check(0b0000_0000_0000, [0; 12]);
    check(0b1111_1111_1111, [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]);
    check(0b1000_0000_0000, [1; 12]);
    check(0b0000_0110_0001, [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
    check(0b1100_1010_0111, [1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 1]);
}

#[test]
fn dataset_is_shuffled_anew_and_the_same_from_the_same_seed() {
    let order = |rng: &mut Philox| numbers(&example::create_dataset(64, rng).unwrap().0);
    let mut rng = Philox::new(7, 0);
    let (first, second) = (order(&mut rng), order(&mut rng));
    assert_ne!(first, second);
    assert_eq!(order(&mut Philox::new(7, 0)), first);
}

#[test]
fn dataset_has_no_number_of_more_bits() {
    assert!(example::create_dataset(4097, &mut Philox::new(0, 0)).is_err());
}

/// With a sixteenth of the numbers, to be quick.
#[test]
fn learns_the_parity_of_bits() {
    let g = Graph::new();
    g.set_random_seed(1);
    let model = example::model(&g);
    let sess = initialized(&g);
    let mut rng = Philox::new(1, 0);
    let costs = example::train(&sess, &model, &mut rng, 100, 256).unwrap();
    assert_eq!(costs.len(), 100);
    assert!(costs[0] > 0.6, "{}", costs[0]); // Guessing costs ln 2 = 0.69.
    assert!(costs[99] < 0.05, "{}", costs[99]);

    let (data, output) = example::create_dataset(256, &mut rng).unwrap();
    let feeds = feed![model.input_data => data, model.output_data => output];
    let accuracy = sess.run(model.accuracy.scalar(), feeds).unwrap();
    assert!(accuracy > 0.99, "{accuracy}");
}

#[test]
fn reads_numbers_of_any_length() {
    let g = Graph::new();
    g.set_random_seed(0);
    let model = example::model(&g);
    let sess = initialized(&g);
    for (num_samples, length) in [(1, 16), (3, 5)] {
        let data = Array3::<f32>::ones((num_samples, length, 1));
        let pred = sess.run(model.pred, feed![model.input_data => data]);
        assert_eq!(pred.unwrap().shape(), [num_samples, length]);
    }
}

/// The numbers in the order of their rows.
fn numbers(data: &Array3<f32>) -> Vec<usize> {
    let append = |number, &bit: &f32| 2 * number + usize::from(bit == 1.0);
    let number = |bits: ArrayView1<'_, f32>| bits.iter().fold(0, append);
    let bits = data.slice(s![.., .., 0]);
    bits.rows().into_iter().map(number).collect()
}

#[test]
fn training_is_the_same_however_it_is_run() {
    let g = Graph::new();
    g.set_random_seed(1);
    let model = example::model(&g);
    super::check_training(&g, |sess| {
        example::train(sess, &model, &mut Philox::new(1, 0), 3, 64)
    });
}
