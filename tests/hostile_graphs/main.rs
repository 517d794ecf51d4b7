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
    clippy::print_stderr,
    reason = "the process of the cases tells its figures, and its last words"
)]

mod builders;
mod coverage;
mod runs;
mod scene;
mod watch;

use std::process::Command;

use aqueduct::Graph;
use builders::FAMILIES;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use runs::Figures;
use scene::Scene;

/// Tells the test's own program, started anew, to run the cases.
const WITHIN_LIMITS: &str = "AQUEDUCT_TEST_WITHIN_LIMITS";

/// The cases run in a process of their own that may take little memory. So a size of gigabytes is refused by
/// the system, as one of terabytes is everywhere, and an abort fails the test rather than ending it.
#[test]
fn hostile_graphs() {
    const KILOBYTES: u32 = 3_000_000;
    if std::env::var_os(WITHIN_LIMITS).is_some() {
        return all_cases();
    }
    let program = std::env::current_exe().unwrap();
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!(
            "ulimit -v {KILOBYTES}; exec \"$0\" --exact --nocapture hostile_graphs"
        ))
        .arg(program)
        .env(WITHIN_LIMITS, "1")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}\n{printed}\n{complaints}",
        output.status
    );
    assert!(printed.contains("cases:"), "{printed}");
    println!("{printed}");
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
    let watch = watch::start();
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
