//! Notebook 003: an RNN and an LSTM from scratch.

use std::collections::BTreeMap;

use aqueduct::prelude::*;
use aqueduct_examples::{Sequences, general};
use aqueduct_tests::{Modes, initialized};
use lstm_from_scratch::ForgetGate;
use serde::Deserialize;

#[path = "../../examples/lstm_from_scratch.rs"]
#[allow(
    dead_code,
    reason = "the tests run the model, not the program around it"
)]
mod lstm_from_scratch;
#[path = "../../examples/rnn_from_scratch.rs"]
#[allow(
    dead_code,
    reason = "the tests run the model, not the program around it"
)]
mod rnn_from_scratch;

#[test]
fn rnn_from_scratch_is_tensorflows() {
    let g = Graph::new();
    let model = rnn_from_scratch::model(&g);
    let trained = Trained::new(&g, model.seq_input, model.loss, |sess, data, steps| {
        rnn_from_scratch::train(sess, &model, data, steps)
    });
    trained.check(include_str!("../../examples/data/notebook003_rnn.json"));
    assert_eq!(general(trained.test_loss, 6), "0.206641");
}

#[test]
fn lstm_from_scratch_as_printed_is_tensorflows() {
    let g = Graph::new();
    let trained = trained_lstm(&g, ForgetGate::AsPrinted);
    trained.check(include_str!(
        "../../examples/data/notebook003_lstm_bug.json"
    ));
    assert_eq!(general(trained.test_loss, 6), "0.118942");
}

#[test]
fn lstm_from_scratch_as_in_the_formulas_is_tensorflows() {
    let g = Graph::new();
    let trained = trained_lstm(&g, ForgetGate::AsInTheFormulas);
    trained.check(include_str!(
        "../../examples/data/notebook003_lstm_fixed.json"
    ));
}

#[test]
fn adam_has_slots_for_variables_with_a_gradient_only() {
    let without_slots = |forget_gate| {
        let g = Graph::new();
        let _model = lstm_from_scratch::model(&g, forget_gate);
        let all: Vec<String> = g.global_variables().iter().map(|v| v.name()).collect();
        // The optimizer is made in the variable scope `learning`.
        let has = |variable: &str, slot: &str| all.contains(&format!("learning/{variable}/{slot}"));
        let trainable: Vec<String> = g.trainable_variables().iter().map(|v| v.name()).collect();
        assert_eq!(trainable.len(), 14);
        let without = trainable.into_iter();
        without
            .filter(|name| !has(name, "Adam") && !has(name, "Adam_1"))
            .collect::<Vec<String>>()
    };
    let forget_gate = ["weights/W_fx", "weights/W_fh", "weights/b_f"];
    assert_eq!(without_slots(ForgetGate::AsPrinted), forget_gate);
    assert!(without_slots(ForgetGate::AsInTheFormulas).is_empty());
}

#[test]
fn training_leaves_variables_without_a_gradient_alone() {
    let g = Graph::new();
    let model = lstm_from_scratch::model(&g, ForgetGate::AsPrinted);
    let sess = initialized(&g);
    let before = trainable_values(&g, &sess);
    lstm_from_scratch::train(&sess, &model, &Sequences::load().unwrap(), 3).unwrap();
    let after = trainable_values(&g, &sess);
    let unchanged = before
        .iter()
        .filter(|(name, value)| after[*name] == **value);
    let unchanged: Vec<&str> = unchanged.map(|(name, _)| name.as_str()).collect();
    assert_eq!(unchanged, ["weights/W_fh", "weights/W_fx", "weights/b_f"]);
}

fn trained_lstm(g: &Graph, forget_gate: ForgetGate) -> Trained {
    let model = lstm_from_scratch::model(g, forget_gate);
    Trained::new(g, model.seq_input, model.loss, |sess, data, steps| {
        lstm_from_scratch::train(sess, &model, data, steps)
    })
}

/// A model of notebook 003 after its 100 steps, and what was seen on the way.
struct Trained {
    start: Values,
    loss_before: f32,
    losses: Vec<f32>,
    test_loss: f32,
}

impl Trained {
    fn new(
        g: &Graph,
        seq_input: Tensor<'_, f32>,
        loss: Tensor<'_, f32>,
        train: impl FnOnce(&Session, &Sequences, usize) -> anyhow::Result<Vec<f32>>,
    ) -> Trained {
        let data = Sequences::load().unwrap();
        let sess = initialized(g);
        let start = trainable_values(g, &sess);
        let loss_of = |sequences| {
            sess.run(loss.scalar(), feed![seq_input => sequences])
                .unwrap()
        };
        let loss_before = loss_of(&data.train);
        let losses = train(&sess, &data, 100).unwrap();
        let test_loss = loss_of(&data.test);
        Trained {
            start,
            loss_before,
            losses,
            test_loss,
        }
    }

    /// Checks the start to the bit, and the losses within what rounding makes of 100 steps.
    #[track_caller]
    fn check(&self, tensorflow: &str) {
        let tensorflow: TensorFlow = serde_json::from_str(tensorflow).unwrap();
        assert_eq!(bits(&self.start), bits(&tensorflow.start()));
        assert_close(
            "loss before training",
            self.loss_before,
            tensorflow.loss_before,
        );
        assert_eq!(self.losses.len(), 100);
        assert_eq!(tensorflow.losses.len(), 100);
        for (step, (&loss, &expected)) in (1..).zip(self.losses.iter().zip(&tensorflow.losses)) {
            assert_close(&format!("loss of step {step}"), loss, expected);
        }
        assert_close("test loss", self.test_loss, tensorflow.test_loss);
    }
}

/// Variables by name, each row by row.
type Values = BTreeMap<String, Vec<f32>>;

fn trainable_values(g: &Graph, sess: &Session) -> Values {
    let variables = g.trainable_variables().into_iter();
    let values = variables.map(|variable| {
        let value = sess.value(variable.typed::<f32>()).unwrap();
        (variable.name(), value.into_iter().collect())
    });
    values.collect()
}

/// The same with the bits of each number: equal only if no bit differs.
fn bits(values: &Values) -> BTreeMap<&str, Vec<u32>> {
    let of = |row: &[f32]| row.iter().map(|number| number.to_bits()).collect();
    values
        .iter()
        .map(|(name, row)| (name.as_str(), of(row)))
        .collect()
}

#[track_caller]
fn assert_close(what: &str, value: f32, expected: f64) {
    let difference = (f64::from(value) - expected).abs() / expected.abs();
    assert!(difference < 1e-4, "{what}: {value} instead of {expected}");
}

/// What TensorFlow gives for a model of notebook 003.
#[derive(Deserialize)]
struct TensorFlow {
    /// The values at first, of variables by the names of their tensors: `weights/W_gx:0`.
    init: BTreeMap<String, Rows>,
    loss_before: f64,
    losses: Vec<f64>,
    test_loss: f64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Rows {
    Vector(Vec<f64>),
    Matrix(Vec<Vec<f64>>),
}

impl TensorFlow {
    fn start(&self) -> Values {
        let named = |(name, rows): (&String, &Rows)| {
            (name.trim_end_matches(":0").to_owned(), rows.numbers())
        };
        self.init.iter().map(named).collect()
    }
}

impl Rows {
    /// The numbers in a row, as the f32 that they were before they were written.
    fn numbers(&self) -> Vec<f32> {
        let number = |&number: &f64| number as f32;
        match self {
            Rows::Vector(vector) => vector.iter().map(number).collect(),
            Rows::Matrix(rows) => rows.iter().flatten().map(number).collect(),
        }
    }
}

#[test]
fn training_is_the_same_however_it_is_run() {
    let data = Sequences::load().unwrap();
    let g = Graph::new();
    let model = rnn_from_scratch::model(&g);
    super::check_training_in(Modes::new(&g, []), |sess| {
        rnn_from_scratch::train(sess, &model, &data, 4)
    });
    for forget_gate in [ForgetGate::AsPrinted, ForgetGate::AsInTheFormulas] {
        let g = Graph::new();
        let model = lstm_from_scratch::model(&g, forget_gate);
        super::check_training_in(Modes::new(&g, []), |sess| {
            lstm_from_scratch::train(sess, &model, &data, 4)
        });
    }
}
