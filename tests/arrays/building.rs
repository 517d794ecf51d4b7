//! What builders take and refuse, where they do more than one op.

use aqueduct::prelude::*;
use ndarray::{arr1, arr2};

use crate::check_refused;

#[test]
fn masks_that_do_not_fit() {
    check_refused(
        |g, x| _ = x.boolean_mask(g.constant([[true; 3]])),
        "mask has shape [1, 3] but x has shape [?, 4]",
    );
    check_refused(
        |g, x| _ = x.boolean_mask_along(g.constant([[true; 4]]), 1),
        "mask has shape [1, 4] but x has shape [?, 4]",
    );
    check_refused(
        |_, x| _ = x.boolean_mask(true),
        "mask is a scalar but must have an axis",
    );
    check_refused(
        |g, x| _ = x.boolean_mask_along(g.constant([true]), 2),
        "axis 2 is out of range for rank 2",
    );
}

#[test]
fn axes_and_blocks_that_do_not_exist() {
    check_refused(
        |_, x| _ = x.reverse([0, -2]),
        "axes [0, -2] name an axis twice",
    );
    check_refused(
        |g, x| _ = x.reverse_sequence(g.constant([1, 2]), 0, -3),
        "axis -3 is out of range for rank 2",
    );
    check_refused(
        |g, _| _ = g.constant([1, 2]).one_hot_with(3, 1.0_f32, 0.0, 2),
        "axis 2 is out of range for rank 2",
    );
    check_refused(
        |_, x| _ = x.slice_sizes(&[0, 2], &[-1, 3]),
        "axis 1 of size 4 has no 3 elements from position 2 on",
    );
    check_refused(
        |_, x| _ = x.slice_sizes(&[0, 5], &[1, -1]),
        "axis 1 of size 4 has no -1 elements from position 5 on",
    );
    check_refused(
        |_, x| _ = x.slice_sizes(&[0], &[1]),
        "1 positions and 1 sizes are given but x has rank 2",
    );
    check_refused(
        |_, x| _ = x.slice(step_by(.., 0)),
        "the step of the slice is 0",
    );
}

#[test]
fn paddings_of_another_rank() {
    check_refused(
        |g, x| _ = x.pad(g.constant([[0, 1]])),
        "paddings has shape [1, 2] but x has rank 2",
    );
    check_refused(
        |_, x| _ = x.pad([[0, 1]]),
        "paddings has 2 elements but x has rank 2",
    );
}

#[test]
fn steps_run_through_a_range_in_either_direction() {
    let g = Graph::new();
    let x = g.range(6);
    let sess = Session::new(&g);
    for (bound, expected) in [
        (step_by(.., 2), vec![0, 2, 4]),
        (step_by(1.., 2), vec![1, 3, 5]),
        (step_by(1..=5, 4), vec![1, 5]),
        (step_by(..=-1, 3), vec![0, 3]),
        (step_by(.., -1), vec![5, 4, 3, 2, 1, 0]),
        (step_by(1..5, -2), vec![4, 2]),
        (step_by(0..=4, -2), vec![4, 2, 0]),
        (step_by(-5..-1, -1), vec![4, 3, 2, 1]),
        (step_by(-2.., -1), vec![5, 4]),
        (step_by(..0, -1), vec![]),
        (step_by(3..3, -1), vec![]),
        (step_by(2..100, -2), vec![5, 3]),
    ] {
        let found = sess.run(x.slice(bound), feed![]).unwrap();
        assert_eq!(found, arr1(&expected).into_dyn(), "{bound:?}");
    }
}

#[test]
fn a_block_that_only_a_run_can_refuse() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 2]);
    let block = x.slice_sizes(&[1, 0], &[2, -1]);
    assert_eq!(block.shape().to_string(), "[2, 2]");
    let sess = Session::new(&g);
    let rows = arr2(&[[0.0_f32, 1.0], [2.0, 3.0], [4.0, 5.0]]);
    let found = sess.run(block, feed![x => &rows]).unwrap();
    assert_eq!(found, arr2(&[[2.0, 3.0], [4.0, 5.0]]).into_dyn());
    let report = sess.run(block, feed![x => [[0.0, 1.0], [2.0, 3.0]]]);
    let report = report.unwrap_err().to_string();
    assert!(report.contains("have 2 and 4 elements"), "{report}");
}
