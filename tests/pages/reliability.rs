//! `docs/reliability.md`, and the tests that it names.

use crate::{quoted, read, rows};

/// Whether a file has a test of this name that runs without being asked for.
fn has_test(file: &str, name: &str) -> bool {
    let text = read(file);
    let head = format!("fn {name}(");
    let Some((before, _)) = text.split_once(&head) else {
        return false;
    };
    let attributes = before
        .lines()
        .rev()
        .map(str::trim)
        .take_while(|line| !line.is_empty() && *line != "}");
    let attributes: Vec<&str> = attributes.collect();
    attributes.contains(&"#[test]") && !attributes.iter().any(|line| line.starts_with("#[ignore"))
}

#[test]
fn every_row_names_a_test_that_runs() {
    let page = read("docs/reliability.md");
    let (in_ci, _) = page.split_once("\n## Longer\n").unwrap();
    let all = rows(in_ci);
    assert!(all.len() > 20, "only {} rows could be read", all.len());
    for row in all {
        let [what, test, figure, ..] = row[..] else {
            panic!("{row:?} has no figure");
        };
        assert!(!what.is_empty() && !figure.is_empty(), "{row:?}");
        let [file, names @ ..] = &quoted(test)[..] else {
            panic!("{row:?} names no file");
        };
        assert!(!names.is_empty(), "{row:?} names no test");
        for name in names {
            assert!(has_test(file, name), "{file} has no test {name}");
        }
    }
}
