//! Slices with equal ids put together.

use aqueduct::ir::SegmentReduction;
use aqueduct::prelude::*;

use super::{Build, Inputs, check, outputs};

#[test]
fn segments() {
    let build: Build = |case, inputs| {
        let name = case.split(' ').next().unwrap_or_default();
        match name.strip_prefix("unsorted_segment_") {
            Some(reduction) => unsorted(reduction, inputs),
            None => sorted(name.strip_prefix("segment_")?, inputs),
        }
    };
    check("segments.npz", build);
}

fn unsorted<'g>(reduction: &str, inputs: &Inputs<'g>) -> Option<Vec<AnyTensor<'g>>> {
    let (x, ids) = (inputs.x(0), inputs.ints(1));
    Some(outputs([match reduction {
        "sum" => x.unsorted_segment_sum(ids, 5),
        "prod" => x.unsorted_segment_prod(ids, 5),
        "max" => x.unsorted_segment_max(ids, 5),
        "min" => x.unsorted_segment_min(ids, 5),
        "mean" => x.unsorted_segment_mean(ids, 5),
        "sqrt_n" => x.unsorted_segment_sqrt_n(ids, 5),
        _ => return None,
    }]))
}

fn sorted<'g>(reduction: &str, inputs: &Inputs<'g>) -> Option<Vec<AnyTensor<'g>>> {
    // The operand is of floats or of integers.
    let (x, ids) = (inputs.0[0], inputs.0[1]);
    Some(vec![match reduction {
        "sum" => x.segment(SegmentReduction::Sum, ids),
        "prod" => x.segment(SegmentReduction::Prod, ids),
        "max" => x.segment(SegmentReduction::Max, ids),
        "min" => x.segment(SegmentReduction::Min, ids),
        "mean" => x.segment_mean(ids),
        _ => return None,
    }])
}
