//! Pages that make claims about the project, held against the project.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do"
)]

mod dependencies;
mod reliability;

use std::fs;
use std::path::PathBuf;

/// The path of a file of the repository.
fn path_of(file: &str) -> PathBuf {
    PathBuf::from(format!("{}/../{file}", env!("CARGO_MANIFEST_DIR")))
}

fn read(file: &str) -> String {
    fs::read_to_string(path_of(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The part of a page below a heading.
fn section<'p>(page: &'p str, heading: &str) -> &'p str {
    let start = format!("\n## {heading}\n");
    let Some((_, rest)) = page.split_once(&start) else {
        panic!("the page has no section {heading}");
    };
    rest.split("\n## ").next().unwrap_or(rest)
}

/// The rows of all tables of a text, cell by cell, without those that head them.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let is_ruler = |line: &&str| line.starts_with("|-");
    let lines: Vec<&str> = text.lines().collect();
    let heads = lines.windows(2).filter(|pair| is_ruler(&pair[1]));
    let heads: Vec<&str> = heads.map(|pair| pair[0]).collect();
    let of_tables = lines.into_iter().filter(|line| line.starts_with('|'));
    of_tables
        .filter(|line| !is_ruler(line) && !heads.contains(line))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// What stands between backquotes.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}
