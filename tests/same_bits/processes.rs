//! Digests of processes that are alike in nothing but the program.

#![expect(clippy::print_stdout, reason = "the processes tell each other by it")]

use std::collections::BTreeMap;
use std::process::Command;

use aqueduct::SessionOptions;
use aqueduct::prelude::*;

use crate::programs;

/// Tells the test's own program, started anew, how to run: `plain`, `strict` or `optimised`, and the
/// number of threads.
const WAY: &str = "AQUEDUCT_TEST_WAY";
const TEST: &str = "processes::digests_do_not_depend_on_threads_or_processes";
const MARK: &str = "digest of ";

type Digests = BTreeMap<String, String>;

/// A process in which all programs are run.
struct Process {
    way: &'static str,
    environment: &'static [(&'static str, &'static str)],
}

const fn process(way: &'static str) -> Process {
    let environment = &[];
    Process { way, environment }
}

/// The C library has functions for several levels of processors, of which it chooses: here those for
/// processors that multiply and add in two steps.
const WITHOUT_FMA: Process = Process {
    way: "optimised 2",
    environment: &[(
        "GLIBC_TUNABLES",
        "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-FMA,-FMA_Usable,-FMA4,-AVX512F",
    )],
};

#[test]
fn digests_do_not_depend_on_threads_or_processes() {
    if let Ok(way) = std::env::var(WAY) {
        return print_digests(&way);
    }
    let optimised = digests(&process("optimised 1"));
    assert_eq!(optimised.len(), 12);
    for way in ["optimised 2", "optimised 8"] {
        check(&process(way), &optimised);
    }
    check_of_f32(&digests(&WITHOUT_FMA), &optimised);
    let plain = digests(&process("plain 1"));
    check(&process("strict 2"), &plain);
}

#[track_caller]
fn check(process: &Process, expected: &Digests) {
    let Process { way, environment } = process;
    assert_eq!(digests(process), *expected, "{way} {environment:?}");
}

/// Compares what the C library's functions of `f64` have no part in: the sine of a double and what is
/// drawn of them may differ in the last bit.
#[track_caller]
fn check_of_f32(found: &Digests, expected: &Digests) {
    for (program, digest) in expected {
        if !["draws", "reductions"].contains(&program.as_str()) {
            assert_eq!(found.get(program), Some(digest), "{program}");
        }
    }
}

fn print_digests(way: &str) {
    let (kind, threads) = way.split_once(' ').unwrap();
    let options = SessionOptions::new().threads(threads.parse().unwrap());
    let options = match kind {
        "plain" => options.optimize(false),
        "strict" => options.strict(true),
        _ => options,
    };
    for program in programs::all() {
        let sess = Session::with_options(program.graph, options);
        program.initialize(&sess);
        println!("{MARK}{}: {:016x}", program.name, program.digest(&sess));
    }
}

/// What a process of its own prints.
fn digests(process: &Process) -> Digests {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", TEST])
        .env(WAY, process.way)
        .envs(process.environment.iter().copied())
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    // The harness writes before the first line.
    let lines = printed.lines().filter_map(|line| line.split_once(MARK));
    let pairs = lines.filter_map(|(_, digest)| digest.split_once(": "));
    pairs
        .map(|(name, digest)| (name.to_owned(), digest.to_owned()))
        .collect()
}
