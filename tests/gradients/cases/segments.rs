//! Slices with equal ids put together.

use aqueduct::ir::SegmentReduction;
use aqueduct::ndarray::arr2;

use super::{Case, X, case, input};

pub(crate) fn segments() -> Vec<Case> {
    let mut cases = means();
    for reduction in SegmentReduction::ALL {
        cases.extend(of(reduction));
    }
    cases
}

fn of(reduction: SegmentReduction) -> Vec<Case> {
    let unsorted = move |x: X, ids: &[i32]| -> X {
        let ids = x.graph().constant(ids.to_vec()).any();
        x.any().unsorted_segment(reduction, ids, 5).typed()
    };
    let sorted = move |x: X, ids: &[i32]| -> X {
        let ids = x.graph().constant(ids.to_vec()).any();
        x.any().segment(reduction, ids).typed()
    };
    let name = |what: &str| format!("{reduction:?} of {what}");
    // An empty segment of an extreme has a value that no difference can be taken of.
    let used = move |y: X| y.gather(y.graph().constant([0, 2, 3]));
    vec![
        case(name("segments"), [input([6, 2])], move |x| {
            used(unsorted(x[0], &[3, 0, 2, 0, 2, 3]))
        }),
        case(name("segments, some dropped"), [input([6, 2])], move |x| {
            used(unsorted(x[0], &[3, 0, -1, 2, -7, 3]))
        }),
        case(name("segments by a table"), [input([2, 3, 2])], move |x| {
            let ids = x[0].graph().constant([[3_i64, 0, 2], [-1, 0, 3]]).any();
            used(x[0].any().unsorted_segment(reduction, ids, 5).typed())
        }),
        case(name("segments by one id"), [input([3])], move |x| {
            let ids = x[0].graph().constant(0).any();
            x[0].any().unsorted_segment(reduction, ids, 1).typed()
        }),
        case(name("segments, all dropped"), [input([2, 2])], move |x| {
            let ids = x[0].graph().constant([-1, -1]).any();
            x[0].any().unsorted_segment(reduction, ids, 0).typed()
        }),
        case(name("sorted segments"), [input([6, 2])], move |x| {
            sorted(x[0], &[0, 0, 2, 3, 3, 3])
        }),
        case(name("sorted segments, none"), [input([0, 2])], move |x| {
            sorted(x[0], &[])
        }),
    ]
}

fn means() -> Vec<Case> {
    vec![
        case("unsorted_segment_mean", [input([6, 2])], |x| {
            x[0].unsorted_segment_mean(x[0].graph().constant([3, 0, -1, 0, 2, 0]), 5)
        }),
        case("unsorted_segment_sqrt_n", [input([2, 3, 2])], |x| {
            let ids = x[0].graph().constant([[3, 0, -1], [0, 2, 0]]);
            x[0].unsorted_segment_sqrt_n(ids, 5)
        }),
        case("segment_mean", [input([6, 2])], |x| {
            x[0].segment_mean(x[0].graph().constant([0, 0, 1, 3, 3, 3]))
        }),
        products_with_zeros("unsorted_segment_prod with zeros", |x| {
            x.unsorted_segment_prod(x.graph().constant([2, 0, 0, 2, 0]), 3)
        }),
        products_with_zeros("segment_prod with zeros", |x| {
            x.segment_prod(x.graph().constant([0, 0, 1, 1, 1]))
        }),
    ]
}

/// Of segments with no zero, one, two and three.
fn products_with_zeros(name: &str, product: fn(X) -> X) -> Case {
    let mask = [
        [true, false, false],
        [true, true, false],
        [false, true, false],
        [true, false, false],
        [false, true, false],
    ];
    let inputs = [input([5, 3]), input([5, 3]).within(0.0, 0.0)];
    case(name, inputs, move |x| {
        product(x[0].graph().constant(arr2(&mask)).select(x[0], x[1]))
    })
}
