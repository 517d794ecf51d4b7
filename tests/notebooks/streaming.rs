//! The worked example of a network on a stream.

use aqueduct::prelude::*;
use aqueduct_tests::initialized;
use example::{Model, largest_difference, model, signal, stream, train};

#[path = "../../examples/streaming.rs"]
#[allow(
    dead_code,
    reason = "the tests run the model, not the program around it"
)]
mod example;

fn seeded(g: &Graph) -> (Model<'_>, Session) {
    g.set_random_seed(0);
    let model = model(g);
    let sess = initialized(g);
    (model, sess)
}

#[test]
fn pieces_of_any_lengths_give_what_the_whole_gives() {
    let g = Graph::new();
    let (model, sess) = seeded(&g);
    let signal = signal(120, 0);
    let read = |lengths: &[usize]| {
        let lengths = lengths.iter().copied().cycle();
        stream(&sess, &model, signal.view(), lengths).unwrap()
    };
    let whole = read(&[120]);
    assert_eq!(whole.len(), 120);
    for lengths in [&[1][..], &[7], &[25, 1, 3, 40]] {
        let pieces = read(lengths);
        assert!(largest_difference(&whole, &pieces) < 1e-6, "{lengths:?}");
        assert_eq!(pieces.len(), 120);
    }
    // Had the state been lost between the pieces, it would show.
    let halves = [0, 60].map(|start| {
        let half = signal.slice(ndarray::s![start..start + 60]);
        stream(&sess, &model, half, [60]).unwrap()
    });
    let second = whole.slice(ndarray::s![60..]).to_owned();
    assert!(largest_difference(&second, &halves[1]) > 1e-3);
}

#[test]
fn training_chunk_by_chunk_learns_the_signal() {
    let g = Graph::new();
    let (model, sess) = seeded(&g);
    let losses = train(&sess, &model, signal(1000, 0).view(), 5).unwrap();
    assert_eq!(losses.len(), 5);
    assert!(losses[4] < losses[0] / 5.0, "{losses:?}");
    assert!(losses[4] < 0.02, "{losses:?}");
}

#[test]
fn training_is_the_same_however_it_is_run() {
    let g = Graph::new();
    g.set_random_seed(0);
    let model = model(&g);
    super::check_training(&g, |sess| train(sess, &model, signal(200, 0).view(), 2));
}
