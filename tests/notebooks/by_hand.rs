//! Notebook 002: two steps by hand.

use aqueduct::prelude::*;
use rnn_scratch::{largest_difference, matrix};

#[path = "../../examples/rnn_scratch.rs"]
#[allow(
    dead_code,
    reason = "the tests run the model, not the program around it"
)]
mod rnn_scratch;

#[test]
fn rnn_scratch_with_the_notebooks_weights_gives_its_table() {
    let g = Graph::new();
    let model = rnn_scratch::model(&g);
    let sess = Session::new(&g);
    let inputs = rnn_scratch::x0_batch();
    let feeds = feed![model.x0 => &inputs, model.wx => rnn_scratch::NOTEBOOK_WX];
    let y0 = matrix(sess.run(model.y0, feeds).unwrap()).unwrap();
    assert!(largest_difference(&y0, &rnn_scratch::notebook_y0()) < 1e-6);
}

#[test]
fn rnn_scratch_draws_weights_anew_in_every_run_and_once_a_run() {
    let g = Graph::new();
    let model = rnn_scratch::model(&g);
    let sess = Session::new(&g);
    sess.run(g.global_variables_initializer(), feed![]).unwrap();
    let inputs = rnn_scratch::x0_batch();
    let draw = || {
        let (wx, y0) = sess
            .run((model.wx, model.y0), feed![model.x0 => &inputs])
            .unwrap();
        (matrix(wx).unwrap(), matrix(y0).unwrap())
    };
    let (first_weights, outputs) = draw();
    let (second_weights, _) = draw();
    assert_ne!(first_weights, second_weights);
    let expected = inputs.dot(&first_weights).mapv(f32::tanh);
    assert!(largest_difference(&outputs, &expected) < 1e-6);
}

#[test]
fn rnn_scratch_is_the_same_however_it_is_run() {
    let g = Graph::new();
    g.set_random_seed(3);
    let model = rnn_scratch::model(&g);
    let inputs = rnn_scratch::x0_batch();
    super::check_training(&g, |sess| {
        let y0 = sess.run(model.y0, feed![model.x0 => &inputs])?;
        Ok(y0.into_iter().collect())
    });
}
