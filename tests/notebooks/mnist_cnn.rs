//! The worked example of a convolutional network.

use aqueduct::prelude::*;
use aqueduct_examples::Mnist;
use aqueduct_tests::initialized;
use example::{drawn, network, train};

#[path = "../../examples/mnist_cnn.rs"]
#[allow(
    dead_code,
    reason = "the tests run the network, not the program around it"
)]
mod example;

fn mnist() -> Mnist {
    Mnist::read_data_sets(&Mnist::shipped(), 0).unwrap()
}

#[test]
fn a_convolutional_network_learns_digits() {
    let g = Graph::new();
    g.set_random_seed(0);
    let network = network(&g);
    let sess = initialized(&g);
    let mut mnist = mnist();
    train(&sess, &network, &mut mnist, 25).unwrap();
    let digits = &network.digits;
    let accuracy = digits.test_accuracy(&sess, &mnist.test, 200).unwrap();
    assert!(accuracy > 0.4, "{accuracy}");
}

#[test]
fn training_is_the_same_however_it_is_run() {
    let g = Graph::new();
    g.set_random_seed(0);
    let network = network(&g);
    super::check_training(&g, |sess| {
        let mut mnist = mnist();
        train(sess, &network, &mut mnist, 1)?;
        let digits = &network.digits;
        Ok(vec![digits.test_accuracy(sess, &mnist.test, 20)?])
    });
}

#[test]
fn an_image_is_drawn_row_by_row() {
    let mut pixels = ndarray::Array1::<f32>::zeros(28 * 28);
    pixels[28] = 1.0;
    let text = drawn(pixels.view());
    let rows: Vec<&str> = text.split('\n').collect();
    assert_eq!(rows.len(), 28);
    assert_eq!(rows[1].trim_end(), "#");
}
