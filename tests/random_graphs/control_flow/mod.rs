//! Random programs of branches, scans, whiles and folds within each other: their values are those of
//! the same program in plain Rust, their gradients those that finite differences tell.
//!
//! The library derives loops and branches by building others that run backwards over what the first
//! ones kept, and second derivatives by doing that to those. What one construct keeps within another
//! is where mistakes hide, and there are more ways to nest them than can be written down.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod build;
mod interpret;
mod program;

use aqueduct::Value;
use aqueduct::prelude::*;
use aqueduct_tests::{Modes, spread};
use ndarray::ArrayD;
use proptest::prelude::*;

use build::Inputs;
use interpret::World;
use program::{Decisions, STEPS, TABLE, Vector, WIDTH, differentiable_programs, programs, runs};

/// How far values may be apart that are computed by the same formulas.
const ROUNDING: f64 = 1e-12;
/// How far a gradient may be from finite differences. Those of fourth order with [`STEP`] are off by
/// some 1e-13 times the fifth derivative, and by rounding some 1e-13.
const DIFFERENCE: f64 = 1e-7;
const STEP: f64 = 1e-3;

/// For each case a graph is derived twice and run at many points, so there are fewer.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 64,
        max_shrink_iters: 20_000,
        ..super::config()
    }
}

/// Values for each of [`Inputs::floats`], such that no expression of a program gets above 1.
fn points() -> Vec<ArrayD<f64>> {
    vec![
        spread(&[WIDTH], (-1.0, 1.0), 0),
        spread(&[WIDTH], (-1.0, 1.0), 10),
        spread(&[STEPS, WIDTH], (-1.0, 1.0), 20),
        spread(&[WIDTH, WIDTH], (-0.5, 0.5), 30),
        spread(&[TABLE, WIDTH], (-1.0, 1.0), 40),
    ]
}

/// A direction for each of the points, in which derivatives are taken: in these no two elements can be
/// mistaken for each other, nor do their derivatives add up to nothing.
fn directions(points: &[ArrayD<f64>]) -> Vec<ArrayD<f64>> {
    let all = points.iter().zip((100..).step_by(10));
    all.map(|(point, first)| spread(point.shape(), (0.3, 1.0), first))
        .collect()
}

/// What is derived: not linear in the result, so that the second derivative of a linear program is not
/// zero.
fn loss_of(result: [f64; WIDTH]) -> f64 {
    result.into_iter().map(f64::sin).sum()
}

/// The loss of a program and its derivatives.
struct Derived<'g> {
    loss: Tensor<'g, f64>,
    /// By each input, in its direction.
    first: Vec<Tensor<'g, f64>>,
    /// The sum of the first.
    slope: Tensor<'g, f64>,
    /// Those of the sum, likewise.
    second: Vec<Tensor<'g, f64>>,
}

impl<'g> Derived<'g> {
    fn new(inputs: &Inputs<'g>, program: &Vector, directions: &[ArrayD<f64>]) -> Derived<'g> {
        let loss = inputs.build(program).sin().reduce_sum(..);
        let first = slopes(loss, inputs, directions);
        let slope = first
            .iter()
            .copied()
            .reduce(|sum, slope| sum + slope)
            .unwrap();
        let second = slopes(slope, inputs, directions);
        Derived {
            loss,
            first,
            slope,
            second,
        }
    }
}

/// How `y` changes with each input as it moves in its direction.
fn slopes<'g>(
    y: Tensor<'g, f64>,
    inputs: &Inputs<'g>,
    directions: &[ArrayD<f64>],
) -> Vec<Tensor<'g, f64>> {
    let graph = y.graph();
    let all = gradients(y, inputs.floats().to_vec());
    let slope = |(gradient, direction): (Gradient<'g>, &ArrayD<f64>)| match gradient {
        Gradient::Dense(_) | Gradient::Sparse(_) => {
            let dense = gradient.typed::<f64>().unwrap();
            (dense * graph.constant(direction.clone())).reduce_sum(..)
        }
        Gradient::NotConnected | Gradient::NotDifferentiable { .. } => graph.constant(0.0),
        Gradient::NotDerived { reason } => panic!("{reason}"),
    };
    all.into_iter().zip(directions).map(slope).collect()
}

/// The points, one of them moved in its direction.
fn moved(
    points: &[ArrayD<f64>],
    input: usize,
    direction: &ArrayD<f64>,
    by: f64,
) -> Vec<ArrayD<f64>> {
    let mut moved = points.to_vec();
    moved[input].scaled_add(by, direction);
    moved
}

/// The finite difference of fourth order at 0.
fn difference(f: impl Fn(f64) -> f64) -> f64 {
    let across = |step: f64| f(step) - f(-step);
    (8.0 * across(STEP) - across(2.0 * STEP)) / (12.0 * STEP)
}

fn assert_near(actual: f64, expected: f64, tolerance: f64, what: &str) {
    let bound = tolerance * expected.abs().max(1.0);
    let distance = (actual - expected).abs();
    assert!(distance <= bound, "{what} is {actual}, not {expected}");
}

fn scalar(value: &Value) -> f64 {
    value.as_slice::<f64>().unwrap()[0]
}

/// Checks the derivatives in a run with these decisions.
fn check_derivatives(
    derived: &Derived<'_>,
    (modes, sess, inputs): (&Modes, &Session, &Inputs<'_>),
    (program, decisions): (&Vector, &Decisions),
    directions: &[ArrayD<f64>],
) {
    let points = points();
    let all = [derived.loss].into_iter();
    let all = all
        .chain(derived.first.clone())
        .chain(derived.second.clone());
    let fetches: Vec<AnyTensor<'_>> = all.map(Tensor::any).collect();
    let run = |sess: &Session| sess.run(fetches.clone(), inputs.feeds(&points, decisions));
    let found: Vec<f64> = modes.run(run).unwrap().iter().map(scalar).collect();
    let (first, second) = found[1..].split_at(derived.first.len());
    let loss_at = |points: &[ArrayD<f64>]| loss_of(World::new(points, decisions).run(program));
    let slope_at = |points: &[ArrayD<f64>]| {
        let slope = sess.run(derived.slope.scalar(), inputs.feeds(points, decisions));
        slope.unwrap()
    };
    assert_near(
        found[0],
        loss_at(&points),
        ROUNDING,
        "the value beside gradients",
    );
    for (input, (direction, tensor)) in directions.iter().zip(inputs.floats()).enumerate() {
        let along = |by: f64| moved(&points, input, direction, by);
        let expected = difference(|by| loss_at(&along(by)));
        let what = format!("the first derivative by {tensor}");
        assert_near(first[input], expected, DIFFERENCE, &what);
        let expected = difference(|by| slope_at(&along(by)));
        let what = format!("the second derivative by {tensor}");
        assert_near(second[input], expected, DIFFERENCE, &what);
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn programs_have_the_values_they_have_in_plain_rust(
        program in programs(),
        runs in runs(),
    ) {
        let graph = Graph::new();
        let inputs = Inputs::new(&graph, program.known_width);
        let result = inputs.build(&program.result);
        let (modes, points) = (Modes::of_case(&graph, graph.view().node_count()), points());
        for decisions in &runs {
            let run = |sess: &Session| {
                sess.run(vec![result.any()], inputs.feeds(&points, decisions))
            };
            let actual = modes.run(run).unwrap().remove(0);
            let expected = World::new(&points, decisions).run(&program.result);
            assert_eq!(actual.shape(), [WIDTH]);
            for (actual, expected) in actual.as_slice::<f64>().unwrap().iter().zip(expected) {
                assert_near(*actual, expected, ROUNDING, "an element");
            }
        }
    }

    /// The first ones by differences of the program in plain Rust, the second by differences of the
    /// first.
    #[test]
    fn programs_have_the_derivatives_that_finite_differences_tell(
        program in differentiable_programs(),
        runs in runs(),
    ) {
        let graph = Graph::new();
        let inputs = Inputs::new(&graph, program.known_width);
        let directions = directions(&points());
        let derived = Derived::new(&inputs, &program.result, &directions);
        graph.check().unwrap();
        let sess = Session::new(&graph);
        let modes = Modes::of_case(&graph, graph.view().node_count());
        for decisions in &runs {
            check_derivatives(&derived, (&modes, &sess, &inputs), (&program.result, decisions), &directions);
        }
    }
}
