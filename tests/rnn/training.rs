//! Training through a driver.

use aqueduct::prelude::*;
use aqueduct_tests::{Reference, Tolerance, compare};

/// TensorFlow trains a loop; here the steps are unrolled, which computes the same.
#[test]
fn an_lstm_learns_as_in_tensorflow() {
    let reference = Reference::open("train_lstm_adam_20steps.npz");
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 6, 3]);
    let y = g.placeholder::<f32>("y", shape![?, 4]);
    let (outputs, _) = dynamic_rnn(&BasicLstmCell::new(5), x);
    let w = g.get_variable::<f32>("W", [5, 4]);
    let b = g.get_variable::<f32>("b", [4]);
    let logits = outputs.slice((.., 5)).matmul(w) + b;
    let loss = softmax_cross_entropy_with_logits(y, logits).reduce_mean(..);
    let trained = g.trainable_variables();
    let train = AdamOptimizer::new(0.05).minimize(loss);

    let sess = super::initialized(&g);
    let array = |key: &str| reference.value(key).clone().into_array::<f32>().unwrap();
    let key = |role: &str, v: AnyVariable<'_>| format!("{role}:{}", v.name().replace('/', "."));
    for variable in &trained {
        let start = array(&key("start", *variable));
        sess.load(variable.typed::<f32>(), &start).unwrap();
    }
    let losses = array("loss_0_to_20");
    let feeds = || feed![x => array("in:x"), y => array("in:y")];
    for (step, expected) in losses.iter().enumerate() {
        let loss = sess.run(loss.scalar(), feeds()).unwrap();
        let difference = (loss - expected).abs();
        assert!(
            difference <= 1e-5 * expected.abs(),
            "step {step}: {loss}, not {expected}"
        );
        if step < 20 {
            sess.run(train, feeds()).unwrap();
        }
    }
    // Twenty steps of Adam amplify the last bit of small gradients.
    let tolerance = Tolerance {
        relative: 1e-4,
        absolute: 1e-4,
    };
    for variable in trained {
        let value = sess.run(variable.value(), feed![]).unwrap();
        compare(
            &value,
            reference.value(&key("after20", variable)),
            tolerance,
        )
        .unwrap();
    }
}
