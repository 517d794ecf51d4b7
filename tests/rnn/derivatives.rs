//! First and second derivatives through drivers, against finite differences.

use aqueduct::prelude::*;
use aqueduct::{AnyTensor, Feeds, Value};
use aqueduct_tests::{Tolerance, central_differences, compare, spread};
use ndarray::ArrayD;

use crate::initialized;

/// What finite differences of f64 with a step of 1e-5 come to.
const DIFFERENCES: Tolerance = Tolerance {
    relative: 1e-5,
    absolute: 1e-7,
};

/// A loss that hangs on all outputs and states, by the input and every variable.
struct Network {
    session: Session,
    points: Vec<Tensor<'static, f64>>,
    values: Vec<ArrayD<f64>>,
    loss: Tensor<'static, f64>,
}

impl Network {
    fn new<C: RnnCell<'static, Element = f64>>(cell: &C, lengths: [i32; 2]) -> Network {
        let g = Graph::new().leak();
        let x = g.placeholder::<f64>("x", shape![?, ?, 2]);
        let options = RnnOptions::new().sequence_length(g.constant(lengths));
        let (outputs, last) = dynamic_rnn_with(cell, x, options);
        let mut loss = outputs.square().reduce_sum(..);
        for state in last.parts() {
            let state: Tensor<'static, f64> = state.typed();
            loss = loss + state.sin().reduce_sum(..);
        }
        g.check().unwrap();
        let variables = g.trainable_variables().into_iter();
        let variables = variables.map(|variable| variable.value().typed());
        let points: Vec<_> = std::iter::once(x).chain(variables).collect();
        let values = points.iter().enumerate().map(|(place, point)| {
            let sizes = point.shape().sizes().unwrap_or(vec![2, 3, 2]);
            spread(&sizes, (-0.7, 0.7), 37 * place)
        });
        Network {
            session: initialized(g),
            values: values.collect(),
            points,
            loss,
        }
    }

    fn feeds<'f>(&self, values: &'f [ArrayD<f64>]) -> Feeds<'f> {
        let mut feeds = Feeds::new();
        for (point, value) in self.points.iter().zip(values) {
            feeds.add(*point, value);
        }
        feeds
    }

    fn slopes(&self, of: Tensor<'static, f64>) -> Vec<Tensor<'static, f64>> {
        let found = gradients(of, &self.points);
        let slope = |found: Gradient<'static>| found.dense().map(AnyTensor::typed).unwrap();
        found.into_iter().map(slope).collect()
    }

    /// Compares the slopes of `of` with finite differences.
    fn check(&self, order: &str, of: Tensor<'static, f64>, slopes: &[Tensor<'static, f64>]) {
        let expected = central_differences(&self.values, 1e-5, |moved| {
            self.session.run(of.scalar(), self.feeds(moved)).unwrap()
        });
        let feeds = self.feeds(&self.values);
        let found = self.session.run(slopes.to_vec(), feeds).unwrap();
        for (point, (found, expected)) in self.points.iter().zip(found.into_iter().zip(expected)) {
            compare(&Value::from(found), &Value::from(expected), DIFFERENCES)
                .unwrap_or_else(|why| panic!("{order} derivative by {}: {why}", point.name()));
        }
    }
}

/// The second derivatives are those of the slopes' sum, with weights so that nothing cancels.
fn check<C: RnnCell<'static, Element = f64>>(cell: &C, lengths: [i32; 2]) {
    let network = Network::new(cell, lengths);
    let slopes = network.slopes(network.loss);
    network.check("first", network.loss, &slopes);
    let weighted = slopes.iter().enumerate().map(|(place, slope)| {
        let weights = spread(
            network.values[place].shape(),
            (-1.0, 1.0),
            1000 + 53 * place,
        );
        (*slope * slope.graph().constant(weights)).reduce_sum(..)
    });
    let sum = weighted.reduce(|sum, slope| sum + slope).unwrap();
    network.check("second", sum, &network.slopes(sum));
}

#[test]
fn of_plain_cells() {
    check(&BasicRnnCell::new(3), [3, 3]);
    check(&BasicLstmCell::new(2), [3, 1]);
    check(&GruCell::new(2), [2, 3]);
}

#[test]
fn of_an_lstm_with_everything() {
    let cell = LstmCell::new(3).use_peepholes().num_proj(2).cell_clip(5.0);
    check(&cell, [3, 0]);
}

#[test]
fn of_cells_on_top_of_each_other() {
    let residual = ResidualWrapper::new(GruCell::new(2));
    let projected = OutputProjectionWrapper::new(BasicLstmCell::new(2), 1);
    check(&MultiRnnCell::new((residual, projected)), [3, 2]);
}
