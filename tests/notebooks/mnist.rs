//! Notebooks 001 and 004: an LSTM that reads MNIST, by `static_rnn` and by `dynamic_rnn`.

use aqueduct::prelude::*;
use aqueduct_examples::{Curves, Mnist, MnistModel, rows_as_steps};
use aqueduct_tests::{Modes, initialized};
use ndarray::{Array2, ArrayView1};

#[path = "../../examples/mnist_dynamic_rnn.rs"]
#[allow(
    dead_code,
    reason = "the tests run the model, not the program around it"
)]
mod mnist_dynamic_rnn;
#[path = "../../examples/mnist_static_rnn.rs"]
#[allow(
    dead_code,
    reason = "the tests run the model, not the program around it"
)]
mod mnist_static_rnn;

/// Images of a step of a short training.
const BATCH: usize = 64;
/// Test images that a short training is judged by.
const TESTED: usize = 500;

#[test]
fn data_sets_are_split_as_tensorflow_does() {
    let mut mnist = mnist();
    assert_eq!(mnist.train.images_shape(), (55_000, 784));
    assert_eq!(mnist.train.labels_shape(), (55_000, 10));
    assert_eq!(mnist.validation.images_shape(), (5_000, 784));
    assert_eq!(mnist.test.labels_shape(), (10_000, 10));
    // The first images of the training file are for validation.
    let first = digits(&mnist.validation.labels(0..10));
    assert_eq!(first, [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);

    let (images, labels) = mnist.train.next_batch(128);
    assert_eq!((images.dim(), labels.dim()), ((128, 784), (128, 10)));
    assert_eq!(images.fold(0.0, |most, pixel| f32::max(most, *pixel)), 1.0);
    assert_eq!(labels.sum(), 128.0);
    assert_ne!(digits(&labels), digits(&mnist.train.labels(0..128)));
}

#[test]
fn static_and_dynamic_are_one_model() {
    let unrolled = Graph::new();
    let looped = Graph::new();
    let static_model = mnist_static_rnn::model(&unrolled);
    let dynamic_model = mnist_dynamic_rnn::model(&looped);
    let static_sess = initialized(&unrolled);
    let dynamic_sess = Session::new(&looped);

    // The variables have the same names, so that one takes the other's checkpoint.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let path = Saver::new(&unrolled).save(&static_sess, path).unwrap();
    let saver = Saver::new(&looped).strict(true);
    saver.restore(&dynamic_sess, path).unwrap();

    let images = rows_as_steps(mnist().test.images(0..64)).unwrap();
    let static_feeds = feed![static_model.x => &images];
    let dynamic_feeds = feed![dynamic_model.x => &images];
    let expected = static_sess.run(static_model.pred, static_feeds).unwrap();
    let logits = dynamic_sess.run(dynamic_model.pred, dynamic_feeds).unwrap();
    assert!(expected.iter().any(|logit| logit.abs() > 0.1));
    let differences = (logits - expected).mapv(f32::abs);
    let largest = differences.fold(0.0, |most, difference| f32::max(most, *difference));
    assert!(largest < 1e-5, "{largest}");
}

#[test]
fn static_rnn_learns_digits() {
    let g = Graph::new();
    check_learning(&g, mnist_static_rnn::model, mnist_static_rnn::train);
}

#[test]
fn dynamic_rnn_learns_digits() {
    let g = Graph::new();
    check_learning(&g, mnist_dynamic_rnn::model, mnist_dynamic_rnn::train);
}

/// Takes 30 steps. With ten seeds, the loss of the last batch was below 1.45, less by 0.31 than that of
/// the tenth, and 47% of the tested images were told right.
#[track_caller]
fn check_learning<'g>(
    g: &'g Graph,
    model: fn(&'g Graph) -> MnistModel<'g>,
    train: fn(&Session, &MnistModel<'_>, &mut Mnist, usize, usize) -> anyhow::Result<Curves>,
) {
    g.set_random_seed(0);
    let model = model(g);
    let sess = initialized(g);
    let mut mnist = mnist();
    let curves = train(&sess, &model, &mut mnist, 30 * BATCH + 1, BATCH).unwrap();

    let losses: Vec<f64> = curves.losses.iter().map(|(_, loss)| *loss).collect();
    assert_eq!(losses.len(), 3, "one every ten steps");
    assert!(
        losses[2] < 1.6 && losses[2] < losses[0] - 0.15,
        "{losses:?}"
    );
    let accuracy = model.test_accuracy(&sess, &mnist.test, TESTED).unwrap();
    assert!(accuracy > 0.4, "{accuracy}");
}

fn mnist() -> Mnist {
    Mnist::read_data_sets(&Mnist::shipped(), 0).unwrap()
}

fn digits(labels: &Array2<f32>) -> Vec<usize> {
    let digit = |label: ArrayView1<'_, f32>| label.iter().position(|is| *is == 1.0);
    labels.rows().into_iter().filter_map(digit).collect()
}

#[test]
fn training_is_the_same_however_it_is_run() {
    let models: [for<'g> fn(&'g Graph) -> MnistModel<'g>; 2] =
        [mnist_static_rnn::model, mnist_dynamic_rnn::model];
    for model in models {
        let g = Graph::new();
        g.set_random_seed(0);
        let model = model(&g);
        super::check_training_in(Modes::new(&g, []), |sess| {
            let mut mnist = mnist();
            let step = |_| {
                let (images, labels) = mnist.train.next_batch(BATCH);
                let feeds = feed![model.x => rows_as_steps(images)?, model.y => labels];
                Ok(sess.run((model.cost.scalar(), model.optimizer), feeds)?.0)
            };
            (0..3).map(step).collect()
        });
    }
}
