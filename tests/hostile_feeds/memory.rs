//! Variables so large that there is no memory for a copy.

use aqueduct::prelude::*;
use aqueduct::{DType, Error, SessionOptions, Value};
use aqueduct_tests::hostile::within_kilobytes;
use aqueduct_tests::relative;
use expect_test::expect;

/// Of 512 MiB, of which the process may take 900.
const COUNT: usize = 1 << 27;

#[test]
fn a_copy_of_a_variable_that_does_not_fit() {
    let test = "memory::a_copy_of_a_variable_that_does_not_fit";
    if let Some(printed) = within_kilobytes(900 << 10, test, copies) {
        assert!(printed.contains("1 passed"), "{printed}");
    }
}

fn copies() {
    let anchor = line!();
    let g = Graph::new();
    let small = g.variable("small", [1.0_f32, 2.0]);
    let large = g.variable::<f32>("large", zeros([COUNT]));
    let sess = Session::with_options(&g, SessionOptions::new().threads(1));
    sess.run(small.initializer(), feed![]).unwrap();
    sess.load_value(large.any(), Value::zeros(DType::F32, &[COUNT]).unwrap())
        .unwrap();
    let told = |error: Error| relative(&error.to_string(), file!(), anchor);
    let report = told(sess.any_value(large.any()).unwrap_err());
    expect![[r#"
        not enough memory: a value of a variable would take 536870912 bytes
          --> tests/hostile_feeds/memory.rs:+3:19
          most of it, 536870912 bytes, is for `large`
          help: feed less at once, or look at the sizes that this operation is given"#]]
    .assert_eq(&report);
    assert_eq!(told(sess.value(large).unwrap_err()), report);
    let fetched = told(sess.run(large, feed![]).unwrap_err());
    expect![[r#"
        not enough memory: a copy of a result would take 536870912 bytes
          --> tests/hostile_feeds/memory.rs:+3:19
          most of it, 536870912 bytes, is for `large/read`
          help: feed less at once, or look at the sizes that this operation is given"#]]
    .assert_eq(&fetched);
    let half = vec![0.0_f32; 4];
    let many = ndarray::ArrayView1::from(&half);
    let many = many.broadcast((COUNT / 4, 4)).unwrap();
    let matrix = g.variable::<f32>("matrix", zeros([COUNT / 4, 4]));
    expect!["cannot load more elements than there is memory for into variable `matrix`, which is f32[33554432, 4]"].assert_eq(&told(sess.load(matrix, many).unwrap_err()));
    assert_eq!(sess.value(small).unwrap().sum(), 3.0);
    let first = sess.run(large.value().slice(..2), feed![]).unwrap();
    assert_eq!(first.sum(), 0.0);
}
