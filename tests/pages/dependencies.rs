//! `docs/dependencies.md`, and what Cargo resolves.

use std::collections::BTreeSet;
use std::process::Command;

use crate::{path_of, quoted, read, rows, section};

type Names = BTreeSet<String>;

/// The crates that a section of the page lists, each with one line on why it is there.
fn listed(heading: &str) -> Names {
    let page = read("docs/dependencies.md");
    let mut names = Names::new();
    for row in rows(section(&page, heading)) {
        let name = quoted(row[0]);
        assert_eq!(name.len(), 1, "{row:?}");
        assert!(row[1..].iter().all(|cell| !cell.is_empty()), "{row:?}");
        assert!(names.insert(name[0].to_owned()), "{} twice", name[0]);
    }
    names
}

/// The packages that Cargo's tree of a package has, but for those of the workspace.
fn tree(package: &str, arguments: &[&str]) -> Names {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--prefix", "none", "--format", "{p}"])
        .args(["--package", package])
        .args(arguments)
        .current_dir(path_of("."))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let names = text.lines().filter_map(|line| line.split(' ').next());
    names
        .filter(|name| !name.is_empty() && !name.starts_with("aqueduct"))
        .map(str::to_owned)
        .collect()
}

/// What packages of the workspace name themselves.
fn direct(packages: &[&str], edges: &str) -> Names {
    let trees = packages
        .iter()
        .map(|package| tree(package, &["--depth", "1", "--edges", edges]));
    trees.flatten().collect()
}

const CORE: [&str; 4] = [
    "aqueduct",
    "aqueduct-graph",
    "aqueduct-optimizer",
    "aqueduct-session",
];

// Other systems have other crates below `getrandom`.
#[cfg(target_os = "linux")]
#[test]
fn a_program_takes_in_what_the_page_lists() {
    let asked = listed("What we ask for");
    assert_eq!(asked, direct(&CORE, "normal,build"));
    let indirect: Names = tree("aqueduct", &["--edges", "normal,build"])
        .difference(&asked)
        .cloned()
        .collect();
    assert_eq!(listed("What comes with them"), indirect);
    let page = read("docs/dependencies.md");
    let counts = format!(
        "{} crates that we ask for and {} that come with them",
        asked.len(),
        indirect.len()
    );
    assert!(page.contains(&counts), "{counts}");
}

#[test]
fn the_rest_is_for_examples_tests_and_benchmarks() {
    let mut all = direct(
        &["aqueduct-examples", "aqueduct-tests", "aqueduct-benches"],
        "normal,build,dev",
    );
    all.extend(direct(&CORE, "dev"));
    let asked = listed("What we ask for");
    let rest: Names = all.difference(&asked).cloned().collect();
    assert_eq!(listed("Examples, tests and benchmarks only"), rest);
}
