//! The table of operations, `docs/ops.md`: each row is built, so that what it says of element types and
//! gradients is what the library does, and no op is left out.
//!
//! `UPDATE_EXPECT=1 cargo test -p aqueduct-tests --test ops` writes the table anew.

#![expect(clippy::panic, reason = "helpers of tests fail as tests do")]

#[macro_use]
mod row;

mod rows;
mod variants;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use aqueduct::ir::{
    Accumulation, Activation, Array, Binary, Compare, Control, Convolution, Debug, Distribution,
    Extreme, Logical, Math, Nn, Op, PadMode, PartUpdate, Pooling, Reduce, Reduction,
    SegmentReduction, State, Test, Unary, Update,
};
use aqueduct::prelude::Padding;
use expect_test::expect_file;
use variants::variants;

#[test]
fn the_table_is_what_the_library_does() {
    let mut text = String::from(INTRODUCTION);
    for (title, rows) in rows::all() {
        let _ = write!(
            text,
            "\n## {title}\n\n| call | shapes | element types of `x` | gradient | TensorFlow |\n\
             |---|---|---|---|---|\n"
        );
        for row in rows {
            text.push_str(&row.line());
        }
    }
    assert!(
        !text.contains(".rs:"),
        "a reason tells of a place in the tests"
    );
    // The whole path: to look for the root of the workspace may find one further out.
    expect_file![concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/ops.md")].assert_eq(&text);
}

const INTRODUCTION: &str = "\
# Operations

What can be built, and what TensorFlow 1 calls it. `x` is the tensor that a method is called on; `[a, …]` stands for any axes,
`[]` for a scalar. Shapes broadcast as NumPy's do where two are joined by \"with\". A gradient is of `x`, and can be differentiated
again; \"sparse\" ones are rows with their indices. The rustdoc of each method says more. All of it comes with
`use aqueduct::prelude::*;`, but for what stands in `aqueduct::ir`: `PartUpdate`, `PadMode`.

This table is written by a test (`tests/ops`), which builds every row: element types and gradients are what the library says, and an
operation without a row fails it.
";

/// Every variant of every enum that ops are made of is used by some row.
#[test]
fn no_operation_is_left_out() {
    let mut used = BTreeSet::new();
    for row in rows::all().into_iter().flat_map(|(_, rows)| rows) {
        for op in row.ops() {
            variants::collect(&op, &mut used);
        }
    }
    let mut all: Vec<&str> = Vec::new();
    all.extend(variants::<Op>());
    all.extend(variants::<Math>());
    all.extend(variants::<Unary>());
    all.extend(variants::<Binary>());
    all.extend(variants::<Compare>());
    all.extend(variants::<Test>());
    all.extend(variants::<Logical>());
    all.extend(variants::<Array>());
    all.extend(variants::<PadMode>());
    all.extend(variants::<SegmentReduction>());
    all.extend(variants::<Reduce>());
    all.extend(variants::<Reduction>());
    all.extend(variants::<Extreme>());
    all.extend(variants::<Accumulation>());
    all.extend(variants::<Nn>());
    all.extend(variants::<Activation>());
    all.extend(variants::<Convolution>());
    all.extend(variants::<Pooling>());
    all.extend(variants::<Padding>());
    all.extend(variants::<Distribution>());
    all.extend(variants::<State>());
    all.extend(variants::<Update>());
    all.extend(variants::<PartUpdate>());
    all.extend(variants::<Control>());
    all.extend(variants::<Debug>());
    let left_out: Vec<&str> = all
        .into_iter()
        .filter(|name| !used.contains(*name))
        .collect();
    assert!(left_out.is_empty(), "no row uses {left_out:?}");
}
