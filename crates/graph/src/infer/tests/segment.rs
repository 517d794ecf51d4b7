//! Reductions of segments: what takes the place of the axes of the ids, and which ids are refused.

use super::{check, check_problem};
use crate::op::{Array, SegmentReduction};

fn segment(sorted: bool) -> Array {
    let reduction = SegmentReduction::Max;
    Array::Segment { reduction, sorted }
}

#[test]
fn segments_take_the_place_of_the_axes_of_the_ids() {
    check(segment(false), "f32[a, 4]; i32[b]; i32=10", "f32[10, 4]");
    check(segment(false), "f64[3]; i32[3]; i64=c", "f64[c]");
    check(segment(false), "u8[2, a, 4]; i64[2, 3]; i32[]", "u8[?, 4]");
    check(segment(false), "i32[2, 4]; i32[]; i32=0", "i32[0, 2, 4]");
    check(segment(false), "f32[]; i32[]; i32=3", "f32[3]");
    check(segment(true), "f32[a, 4]; i64[a]; i64=3", "f32[3, 4]");
}

#[test]
fn ids_that_do_not_fit() {
    for sorted in [false, true] {
        check_problem(
            segment(sorted),
            "f32[3, 4]; i32[2]; i32=10",
            "shape: ids has shape [2], which x of shape [3, 4] does not begin with | give one id for each slice of x along its first axes",
        );
        check_problem(
            segment(sorted),
            "f32[3]; f32[3]; i32=10",
            "dtype: ids is f32 but must be i32 or i64 | cast it: `.cast::<i32>()`",
        );
        check_problem(
            segment(sorted),
            "f32[2]; i32[2]; i32=-1",
            "shape: num_segments gives the negative size -1 | a size is 0 or more",
        );
        check_problem(
            segment(sorted),
            "bool[2]; i32[2]; i32=1",
            "dtype: x is bool but must be f32, f64, i32, i64 or u8 | cast it: `.cast::<f32>()`",
        );
    }
    check_problem(
        segment(false),
        "f32[3]; i32[3, 1]; i32=10",
        "shape: ids has shape [3, 1], which x of shape [3] does not begin with | give one id for each slice of x along its first axes",
    );
    check_problem(
        segment(true),
        "f32[2, 3]; i32[2, 3]; i32=10",
        "shape: ids has shape [2, 3] but must be a vector | reshape ids to rank 1",
    );
}
