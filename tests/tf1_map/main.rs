//! `docs/tf1-map.md` held against what it speaks of: TensorFlow's list of symbols on one side, the public
//! items of the library on the other.

#![expect(clippy::panic, reason = "helpers of tests fail as tests do")]

mod api;
mod map;

use std::collections::{BTreeMap, BTreeSet};

use api::Api;
use map::{Map, Status};

/// The modules of TensorFlow that the map speaks of whole, and how many symbols each has: lists that were
/// read wrongly would let anything pass.
const MODULES: [(&str, usize); 6] = [
    ("tf", 631),
    ("tf.nn", 109),
    ("tf.train", 118),
    ("tf.layers", 37),
    ("tf.losses", 17),
    ("tf.contrib.rnn", 50),
];

#[test]
fn what_is_same_or_differs_exists() {
    let api = Api::read();
    let mut wrong = Vec::new();
    for row in Map::read().rows {
        match row.status {
            Status::Same | Status::Differs if row.items.is_empty() => {
                wrong.push(format!("{}: names no item", row.symbol));
            }
            Status::Same | Status::Differs => {
                let missing = row.items.iter().filter(|item| !api.has(item));
                wrong.extend(
                    missing.map(|item| format!("{}: `{item}` is no public item", row.symbol)),
                );
            }
            Status::NotYet | Status::Absent if !row.items.is_empty() => {
                wrong.push(format!(
                    "{}: is not here, and yet names {:?}",
                    row.symbol, row.items
                ));
            }
            Status::NotYet | Status::Absent => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_differs_or_is_absent_says_how_or_why() {
    let silent: Vec<String> = Map::read()
        .rows
        .into_iter()
        .filter(|row| matches!(row.status, Status::Differs | Status::Absent) && row.note.is_empty())
        .map(|row| row.symbol)
        .collect();
    assert!(silent.is_empty(), "no word on {silent:?}");
}

#[test]
fn every_symbol_of_the_modules_has_one_row() {
    let map = Map::read();
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &map.rows {
        *times.entry(&row.symbol).or_default() += 1;
    }
    let twice: Vec<&str> = times
        .iter()
        .filter(|(_, times)| **times > 1)
        .map(|(symbol, _)| *symbol)
        .collect();
    assert!(twice.is_empty(), "more than one row: {twice:?}");
    let symbols = map::symbols();
    for (module, count) in MODULES {
        let of_module = symbols
            .iter()
            .filter(|symbol| map::module_of(symbol) == module);
        assert_eq!(of_module.count(), count, "symbols of {module}");
    }
    let missing: Vec<&String> = symbols
        .iter()
        .filter(|symbol| !times.contains_key(symbol.as_str()))
        .collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
    // Rows of other modules are welcome; those of these six must be TensorFlow's.
    let known: BTreeSet<&str> = symbols.iter().map(String::as_str).collect();
    let modules: BTreeSet<&str> = MODULES.iter().map(|(module, _)| *module).collect();
    let invented: Vec<&&str> = times
        .keys()
        .filter(|symbol| modules.contains(map::module_of(symbol)) && !known.contains(*symbol))
        .collect();
    assert!(invented.is_empty(), "TensorFlow 1.15 has no {invented:?}");
}

/// The table of operations tells TensorFlow's name of each, and cannot be behind: it is built.
#[test]
fn what_is_not_here_is_no_operation() {
    let operations = map::operations();
    let wrong: Vec<String> = Map::read()
        .rows
        .into_iter()
        .filter(|row| matches!(row.status, Status::NotYet | Status::Absent))
        .filter(|row| operations.contains(&row.symbol))
        .map(|row| row.symbol)
        .collect();
    assert!(wrong.is_empty(), "docs/ops.md has {wrong:?}");
}

#[test]
fn the_summary_counts_the_rows() {
    let map = Map::read();
    let expected: Vec<String> = MODULES
        .iter()
        .map(|(module, _)| map.summary(module))
        .collect();
    let missing: Vec<&String> = expected
        .iter()
        .filter(|line| !map.text.contains(line.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "the summary should have these lines:\n{}",
        expected.join("\n")
    );
}

/// What keeps the other tests from passing because the library was read wrongly.
#[test]
fn items_are_found_where_they_are_public_and_nowhere_else() {
    let api = Api::read();
    for item in [
        "Graph::placeholder",
        "Tensor::matmul",
        "Optimizer::minimize",
        "dynamic_rnn",
        "Variable::scatter_mul",
        "Tensor::segment_sum",
        "shape!",
        "Keys::LOSSES",
        "ir::Update::Add",
        "DType::F32",
    ] {
        assert!(api.has(item), "{item}");
    }
    for item in [
        "Graph::nonsense",
        "Store::insert_twice",
        "Tensor::binary_exact",
        "Tensor::messages",
        "matmul",
        "Nonsense",
        "losses",
    ] {
        assert!(!api.has(item), "{item}");
    }
}
