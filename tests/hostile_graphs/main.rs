//! Graphs built by calls that nobody would make, run with values that nobody should feed: no panic, no abort,
//! no hang, and after each failure a session that works with variables as they were.
//!
//! To look further than the test does:
//! `PROPTEST_CASES=20000 PROPTEST_RNG_SEED=7 cargo test -p aqueduct-tests --test hostile_graphs -- --nocapture`.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do"
)]
#![expect(
    clippy::print_stdout,
    reason = "the process of the cases tells its figures"
)]

mod builders;
mod coverage;
mod runs;
mod scene;

use aqueduct::Graph;
use aqueduct_tests::hostile::{Watch, within_limits};
use builders::FAMILIES;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use runs::Figures;
use scene::Scene;

/// The cases run in a process of their own.
#[test]
fn hostile_graphs() {
    if let Some(printed) = within_limits("hostile_graphs", all_cases) {
        assert!(printed.contains("cases:"), "{printed}");
        println!("{printed}");
    }
}

/// One call: which builder, and what decides its arguments.
type Call = (usize, Vec<u32>);

#[derive(Clone, Debug)]
struct Case {
    furniture: Vec<u32>,
    calls: Vec<Call>,
    feeds: Vec<u32>,
}

fn cases() -> impl Strategy<Value = Case> {
    let choices = |most| prop::collection::vec(any::<u32>(), 0..most);
    let calls = prop::collection::vec((any::<prop::sample::Index>(), choices(60)), 1..16);
    (choices(120), calls, choices(200)).prop_map(|(furniture, calls, feeds)| Case {
        furniture,
        calls: calls
            .into_iter()
            .map(|(place, choices)| (place.index(builder_count()), choices))
            .collect(),
        feeds,
    })
}

fn builder_count() -> usize {
    FAMILIES.iter().map(|family| family.len()).sum()
}

fn all_cases() {
    let default = ProptestConfig::default();
    let config = ProptestConfig {
        // What fails is written out, and becomes a test of its own.
        failure_persistence: None,
        rng_seed: match default.rng_seed {
            RngSeed::Random => RngSeed::Fixed(1),
            asked_for => asked_for,
        },
        ..default
    };
    let figures = Figures::default();
    let watch = Watch::start();
    let result = TestRunner::new(config).run(&cases(), |case| {
        watch.begin(&case);
        let outcome = run_case(&case, &figures);
        watch.end();
        outcome.map_err(TestCaseError::fail)
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    println!("{figures}");
}

fn run_case(case: &Case, figures: &Figures) -> Result<(), String> {
    let (graph, other) = (Graph::new(), Graph::new());
    graph.set_random_seed(1);
    let scene = Scene::new(&graph, &other, case.furniture.clone());
    for (builder, choices) in &case.calls {
        scene.choose_by(choices.clone());
        if let Some(build) = FAMILIES.iter().copied().flatten().nth(*builder) {
            build(&scene);
        }
    }
    scene.choose_by(case.feeds.clone());
    runs::check(&scene, figures)
}
