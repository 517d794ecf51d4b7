//! A checkpoint is read by another process than wrote it.

use std::path::Path;

use aqueduct::prelude::*;
use ndarray::ArrayD;
use tempfile::tempdir;

use crate::children::this_test;

/// Tells the test's own program, started anew, which checkpoint to go on from.
const CHECKPOINT: &str = "AQUEDUCT_TEST_CHECKPOINT";

/// A recurrent network with dropout, so that its training draws random numbers.
struct Network {
    graph: &'static Graph,
    session: Session,
    x: Tensor<'static, f32>,
    outputs: Tensor<'static, f32>,
    train: Operation<'static>,
}

impl Network {
    fn new() -> Network {
        let graph = Graph::new().leak();
        graph.set_random_seed(5);
        let x = graph.placeholder::<f32>("x", shape![?, ?, 2]);
        let cell = DropoutWrapper::new(GruCell::new(3)).output_keep_prob(0.5);
        let (outputs, _) = dynamic_rnn(&cell, x);
        let loss = (outputs - 0.3).square().reduce_mean(..);
        let train = AdamOptimizer::new(0.1).minimize(loss);
        Network {
            graph,
            session: Session::new(graph),
            x,
            outputs,
            train,
        }
    }

    fn feeds(&self) -> aqueduct::Feeds<'static> {
        feed![self.x => [[[0.5, -1.0], [2.0, 0.25], [1.0, 1.0]]]]
    }

    /// Trains on, and gives the bits of all variables and of one more run.
    fn go_on(&self) -> Vec<Vec<u32>> {
        for _ in 0..5 {
            self.session.run(self.train, self.feeds()).unwrap();
        }
        let variables = self.graph.global_variables().into_iter();
        let values = variables.map(|variable| self.session.value(variable.typed::<f32>()).unwrap());
        let mut all: Vec<ArrayD<f32>> = values.collect();
        all.push(self.session.run(self.outputs, self.feeds()).unwrap());
        let bits = |array: ArrayD<f32>| array.iter().map(|number| number.to_bits()).collect();
        all.into_iter().map(bits).collect()
    }
}

#[test]
fn another_process_goes_on_with_the_same_bits() {
    const RESULT: &str = "went on to ";
    let network = Network::new();
    let saver = Saver::new(network.graph);
    if let Some(path) = std::env::var_os(CHECKPOINT) {
        saver.restore(&network.session, Path::new(&path)).unwrap();
        println!("{RESULT}{:?}", network.go_on());
        return;
    }
    let folder = tempdir().unwrap();
    let initialize = network.graph.global_variables_initializer();
    network.session.run(initialize, feed![]).unwrap();
    network.go_on();
    let path = saver
        .save(&network.session, folder.path().join("m"))
        .unwrap();
    let expected = format!("{RESULT}{:?}", network.go_on());

    let output = this_test("processes::another_process_goes_on_with_the_same_bits")
        .env(CHECKPOINT, path)
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains(&expected), "{printed}");
}
