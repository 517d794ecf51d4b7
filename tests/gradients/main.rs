//! Gradients against finite differences: every op with a rule, first and second order.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod bodies;
mod cases;
mod powers;
mod requests;
mod rules;
mod whiles;

use aqueduct::prelude::*;
use aqueduct::{Dim, Feeds, Shape, Value};
use aqueduct_tests::{Modes, Tolerance, central_differences, compare, report, spread};
use cases::{Case, X};
use ndarray::ArrayD;

#[test]
fn math() {
    check_all(cases::math());
}

#[test]
fn arrays() {
    check_all(cases::arrays());
}

#[test]
fn reductions() {
    check_all(cases::reductions());
}

#[test]
fn losses() {
    check_all(cases::losses());
}

#[test]
fn norms() {
    check_all(cases::norms());
}

#[test]
fn nn() {
    check_all(cases::nn());
}

#[test]
fn extensions() {
    check_all(cases::extensions());
}

#[test]
fn compositions() {
    check_all(cases::compositions());
}

#[test]
fn loops_and_branches() {
    check_all(cases::control());
}

#[test]
fn indices() {
    check_all(cases::indices());
}

#[test]
fn whiles() {
    check_all(cases::whiles());
}

/// Every case, with the sizes of its inputs known while building and not.
#[track_caller]
fn check_all(cases: Vec<Case>) {
    report(cases.iter().enumerate().flat_map(|(number, case)| {
        [false, true].map(|unknown| {
            check(case, number, unknown).map_err(|why| {
                let sizes = if unknown { "unknown" } else { "known" };
                format!("{} (sizes {sizes}): {why}", case.name)
            })
        })
    }));
}

/// The first derivative of `sum(y * weights)`, and that of `sum(first * directions)` with respect to
/// the inputs and the weights, agree with finite differences. That the first is linear in the weights
/// makes the second one test how its own ops pass gradients on, also where the op itself is linear.
fn check(case: &Case, number: usize, unknown: bool) -> Result<(), String> {
    let g = Graph::new().leak();
    let mut points = Points::new(g, case, 2 * number + usize::from(unknown));
    let xs: Vec<X> = case
        .inputs
        .iter()
        .map(|input| {
            let shape = if unknown {
                without_sizes(&input.sizes, &input.known)
            } else {
                Shape::known(&input.sizes)
            };
            points.add(shape, &input.sizes, input.range)
        })
        .collect();
    let y = (case.build)(&xs);
    g.check().map_err(|mistakes| mistakes.to_string())?;
    let sizes = points.value(y)?.shape().to_vec();
    let shape = if unknown {
        without_sizes(&sizes, &[])
    } else {
        Shape::known(&sizes)
    };
    let weights = points.add(shape, &sizes, (0.5, 1.5));

    let first = Gradients::of(y).wrt(&xs).grad_ys(weights).build();
    let first: Vec<X> = first
        .iter()
        .map(|slope| {
            let dense = slope.dense().ok_or(slope.why_not().unwrap_or_default());
            dense.map(AnyTensor::typed)
        })
        .collect::<Result<_, _>>()?;
    let loss = (y * weights).reduce_sum(..);
    points.check("first", loss, &xs, &first)?;

    let directions = case.inputs.iter().map(|input| {
        let shape = Shape::known(&input.sizes);
        points.add(shape, &input.sizes, (-1.0, 1.0))
    });
    let directions: Vec<X> = directions.collect();
    let parts = first.iter().zip(directions);
    let parts = parts.map(|(slope, direction)| (*slope * direction).reduce_sum(..));
    let change = parts.reduce(|sum, part| sum + part).ok_or("no inputs")?;
    let moved: Vec<X> = xs.iter().copied().chain([weights]).collect();
    let second = gradients(change, &moved);
    let second: Vec<X> = second
        .iter()
        .zip(&moved)
        .map(|(slope, x)| match slope {
            Gradient::NotDerived { reason } => Err(reason.clone()),
            // A linear op has no second derivative.
            slope => Ok(slope.dense().map_or(x.zeros_like(), AnyTensor::typed)),
        })
        .collect::<Result<_, _>>()?;
    points.check("second", change, &moved, &second)
}

/// A shape of these sizes that says only those of the axes listed.
fn without_sizes(sizes: &[usize], known: &[usize]) -> Shape {
    let dims = sizes.iter().enumerate().map(|(axis, size)| {
        if known.contains(&axis) {
            Dim::Known(*size)
        } else {
            Dim::UNKNOWN
        }
    });
    Shape::new(dims.collect())
}

/// Placeholders with the values that they are fed.
struct Points {
    graph: &'static Graph,
    /// For the many values that finite differences take.
    session: Session,
    modes: Modes,
    step: f64,
    tolerance: Tolerance,
    fed: Vec<(X, ArrayD<f64>)>,
}

impl Points {
    fn new(graph: &'static Graph, case: &Case, number: usize) -> Points {
        Points {
            graph,
            session: Session::new(graph),
            modes: Modes::of_case(graph, number),
            step: case.step,
            tolerance: case.tolerance,
            fed: Vec::new(),
        }
    }

    fn add(&mut self, shape: Shape, sizes: &[usize], range: (f64, f64)) -> X {
        let placeholder = self.graph.placeholder::<f64>("x", shape);
        let taken = self.fed.iter().map(|(_, value)| value.len()).sum();
        self.fed.push((placeholder, spread(sizes, range, taken)));
        placeholder
    }

    fn feeds(&self) -> Feeds<'_> {
        let mut feeds = Feeds::new();
        for (placeholder, value) in &self.fed {
            feeds.add(*placeholder, value);
        }
        feeds
    }

    /// The tensor's value, which must have the sizes that were known before.
    fn value(&self, tensor: X) -> Result<Value, String> {
        let run = |sess: &Session| sess.run(vec![tensor.any()], self.feeds());
        let value = self.modes.run(run)?.remove(0);
        let shape = tensor.shape();
        if shape.compatible(&Shape::known(value.shape())) {
            Ok(value)
        } else {
            Err(format!("{shape} became {:?}", value.shape()))
        }
    }

    /// Compares the slopes of `of` with finite differences.
    fn check(&self, order: &str, of: X, xs: &[X], slopes: &[X]) -> Result<(), String> {
        self.graph
            .check()
            .map_err(|mistakes| mistakes.to_string())?;
        let is_moved = |(x, _): &&(X, ArrayD<f64>)| xs.contains(x);
        let starts = self.fed.iter().filter(is_moved);
        let starts: Vec<ArrayD<f64>> = starts.map(|(_, value)| value.clone()).collect();
        let expected = central_differences(&starts, self.step, |moved| {
            let mut feeds = Feeds::new();
            for (tensor, value) in &self.fed {
                let place = xs.iter().position(|x| x == tensor);
                feeds.add(*tensor, place.map_or(value, |place| &moved[place]));
            }
            self.session.run(of.scalar(), feeds).unwrap()
        });
        for (place, (slope, expected)) in slopes.iter().zip(expected).enumerate() {
            let value = self.value(*slope)?;
            compare(&value, &Value::from(expected), self.tolerance)
                .map_err(|why| format!("{order} derivative by input {place} {why}"))?;
        }
        Ok(())
    }
}

const ROUNDING: Tolerance = Tolerance {
    relative: 1e-12,
    absolute: 1e-12,
};

/// Fails if values differ by more than rounding.
#[track_caller]
fn assert_near(actual: &[Value], expected: &[Value]) {
    assert_eq!(actual.len(), expected.len());
    for (place, (actual, expected)) in actual.iter().zip(expected).enumerate() {
        compare(actual, expected, ROUNDING).unwrap_or_else(|why| panic!("value {place} {why}"));
    }
}
