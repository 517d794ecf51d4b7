//! Cases of family `array`.

use std::sync::Arc;

use aqueduct::Value;
use aqueduct::ir::{Bound, PadMode, SizeReason, SliceSpec};
use aqueduct::prelude::*;

use super::{Case, case, input};

pub(crate) fn arrays() -> Vec<Case> {
    let mut cases = reshaping();
    cases.extend(slices());
    cases.extend(joining_and_cutting());
    cases.extend(gathering());
    cases.extend(places());
    cases.extend(padding());
    cases
}

fn reshaping() -> Vec<Case> {
    vec![
        case("identity", [input([2, 3])], |x| x[0].identity()),
        case("placeholder_with_default", [input([2, 3])], |x| {
            let g = x[0].graph();
            g.placeholder_with_default("y", x[0], shape![?, 3]).square()
        }),
        case("ensure_shape", [input([2, 3])], |x| {
            x[0].ensure_shape(shape![?, 3]).square()
        }),
        case("ensure_size", [input([2, 3])], |x| {
            let reason = SizeReason::new("f", "x", "give three");
            let size = x[0].any().ensure_size(1, 3, reason);
            size.typed::<f64>().square()
        }),
        case("reshape", [input([2, 6])], |x| x[0].reshape([3, 4])),
        case("reshape, one size open", [input([2, 6])], |x| {
            x[0].reshape([-1, 4, 1])
        }),
        case("reshape to a scalar", [input([1, 1])], |x| x[0].reshape(())),
        case("expand_dims", [input([2, 3])], |x| x[0].expand_dims(1)),
        case("expand_dims at the end", [input([2, 3])], |x| {
            x[0].expand_dims(-1)
        }),
        case("squeeze", [input([1, 3, 1])], |x| x[0].squeeze([0, -1])),
        case("transpose", [input([2, 3, 4])], |x| {
            x[0].transpose([2, 0, 1])
        }),
        case("fill", [input([])], |x| x[0].graph().fill([2, 3], x[0])),
        case("fill like", [input([]), input([2, 3])], |x| {
            x[0].graph().fill(x[1].shape_tensor(), x[0]) * x[1]
        }),
        case("broadcast_to", [input([3, 1])], |x| {
            x[0].broadcast_to([2, 3, 4])
        }),
        case("broadcast_to like", [input([3]), input([2, 3])], |x| {
            x[0].broadcast_to(x[1].shape_tensor()) * x[1]
        }),
        case("sum_to", [input([2, 3, 4])], |x| x[0].sum_to([3, 1])),
        case("sum_to like", [input([2, 3]), input([1, 3])], |x| {
            x[0].sum_to(x[1].shape_tensor()) * x[1]
        }),
    ]
}

fn slices() -> Vec<Case> {
    let slice = |name: &str, bounds: Vec<Bound>| {
        case(format!("slice {name}"), [input([4, 5])], move |x| {
            x[0].slice(bounds.clone())
        })
    };
    let by = |step| Bound::range(None, None, step);
    vec![
        slice("of a row", vec![Bound::At(1)]),
        slice("of a column from the end", vec![by(1), Bound::At(-2)]),
        slice("of a block", vec![Bound::from(1..3), Bound::from(-3..)]),
        slice("by a step", vec![by(1), by(2)]),
        slice("backwards", vec![by(-1), by(-3)]),
        slice(
            "of a backwards range",
            vec![
                Bound::range(Some(3), Some(0), -2),
                Bound::range(Some(-2), None, -1),
            ],
        ),
        slice(
            "with new axes",
            vec![NEW_AXIS, ELLIPSIS, NEW_AXIS, Bound::from(1..)],
        ),
        slice("of nothing", vec![Bound::from(2..2)]),
        case("reverse", [input([2, 3, 2])], |x| x[0].reverse([0, -1])),
        case("slice_sizes", [input([4, 5])], |x| {
            x[0].slice_sizes(&[1, 0], &[2, -1])
        }),
        case("slice_grad", [input([2, 3])], |x| {
            let bounds = vec![Bound::range(Some(3), Some(0), -2), Bound::from(1..4)];
            x[0].any().slice_grad(SliceSpec { bounds }, [4, 5]).typed()
        }),
    ]
}

fn joining_and_cutting() -> Vec<Case> {
    let pair = || [input([2, 3]), input([2, 3])];
    vec![
        case("stack", pair(), |x| x[0].graph().stack(x, 0)),
        case("stack of one twice, inside", pair(), |x| {
            x[0].graph().stack(&[x[0], x[1], x[0]], 1)
        }),
        case("unstack, all used", [input([3, 2])], |x| {
            let [a, b, c] = x[0].unstack(3, 0).try_into().unwrap();
            a * b + c.square()
        }),
        case("unstack, some unused", [input([2, 3])], |x| {
            x[0].unstack(3, -1)[1].square()
        }),
        case(
            "concat",
            [input([2, 3]).known(0), input([1, 3]).known(0)],
            |x| x[0].graph().concat(x, 0),
        ),
        case(
            "concat, one size open",
            [
                input([2, 3]).known(1),
                input([2, 2]),
                input([2, 1]).known(1),
            ],
            |x| x[0].graph().concat(x, -1),
        ),
        case(
            "concat, several sizes open",
            [
                input([2, 3]).known(0),
                input([2, 2]).known(0),
                input([2, 1]).known(0),
            ],
            |x| x[0].graph().concat(x, 1).square(),
        ),
        case("concat of what is picked", [input([6]), input([6])], |x| {
            let picked = [x[0], x[1]].map(|x| x.boolean_mask(x.greater(0.0)));
            let g = x[0].graph();
            g.concat(&[picked[0], picked[1] * 2.0], 0).exp().cumsum(0)
        }),
        case(
            "concat of several sizes in a scan",
            [input([3, 2]).known(0), input([2]).known(0), input([1])],
            |x| {
                let (g, other) = (x[0].graph(), x[2]);
                let (last, _) = g.scan(x[1], x[0], |h, x| {
                    let both = g.concat(&[h * x, other, x], 0);
                    (h + both.square().reduce_sum(..).tanh(), ())
                });
                last
            },
        ),
        case("concat of one twice", [input([2, 3])], |x| {
            x[0].graph().concat(&[x[0], x[0].square()], 1)
        }),
        case("split, some unused", [input([2, 6])], |x| {
            let pieces = x[0].split(3, 1);
            pieces[0] * pieces[2]
        }),
        case("split of given sizes, some unused", [input([4, 3])], |x| {
            x[0].split_sizes(&[1, 2, 1], 0)[1].square()
        }),
    ]
}

fn gathering() -> Vec<Case> {
    vec![
        case("gather of repeated rows", [input([4, 3])], |x| {
            x[0].gather(x[0].graph().constant([2_i32, 0, 2, 3]))
        }),
        case("gather of one row", [input([4, 3])], |x| x[0].gather(1_i64)),
        case("gather by a table", [input([4, 3])], |x| {
            x[0].gather(x[0].graph().constant([[3_i64, 1], [1, 0]]))
        }),
        case("gather of nothing", [input([4, 3])], |x| {
            x[0].gather(x[0].graph().constant(Vec::<i32>::new()))
        }),
        case("gather twice", [input([4, 3])], |x| {
            let g = x[0].graph();
            x[0].gather(g.constant([2_i32, 0])) * x[0].gather(g.constant([2_i64, 1]))
        }),
        case("gather along axis 1", [input([2, 4, 3])], |x| {
            x[0].gather_along(x[0].graph().constant([3_i32, 0, 3]), 1)
        }),
        case(
            "gather along the last axis by a table",
            [input([2, 4])],
            |x| x[0].gather_along(x[0].graph().constant([[3_i32, 0, 3], [1, 1, 1]]), -1),
        ),
        case("gather one along axis 1", [input([2, 4, 3])], |x| {
            x[0].gather_along(2_i32, 1)
        }),
    ]
}

fn places() -> Vec<Case> {
    vec![
        case("gather_nd of elements", [input([2, 3])], |x| {
            x[0].gather_nd(x[0].graph().constant([[1, 2], [0, 0], [1, 2]]))
        }),
        case("gather_nd of parts", [input([2, 3, 4])], |x| {
            let places = ndarray::arr3(&[[[1_i64, 2]], [[1, 0]]]);
            x[0].gather_nd(x[0].graph().constant(places))
        }),
        case("gather_nd of rows", [input([4, 3])], |x| {
            x[0].gather_nd(x[0].graph().constant([[3], [1], [3]]))
        }),
        case("gather_nd of all", [input([2, 3])], |x| {
            x[0].gather_nd(x[0].graph().constant(ndarray::Array2::<i32>::zeros((2, 0))))
        }),
        case("gather_nd of nothing", [input([2, 3])], |x| {
            x[0].gather_nd(x[0].graph().constant(ndarray::Array2::<i32>::zeros((0, 2))))
        }),
        case("scatter_nd", [input([3, 2])], |x| {
            let g = x[0].graph();
            g.scatter_nd(g.constant([[3], [0], [3]]), x[0], [4, 2])
        }),
        case("scatter_nd like", [input([3]), input([2, 3])], |x| {
            let g = x[0].graph();
            let places = g.constant([[1_i64, 2], [0, 0], [1, 2]]);
            g.scatter_nd(places, x[0], x[1].shape_tensor()) * x[1]
        }),
        case("reverse_sequence", [input([3, 4, 2])], |x| {
            x[0].reverse_sequence(x[0].graph().constant([4, 0, 3]), 1, 0)
        }),
        case("reverse_sequence, batch inside", [input([3, 2, 2])], |x| {
            x[0].reverse_sequence(x[0].graph().constant([2_i64, 3]), 0, -1)
        }),
        case("boolean_mask of rows", [input([4, 3])], |x| {
            x[0].boolean_mask(x[0].graph().constant([true, false, true, true]))
        }),
        case("boolean_mask of elements", [input([2, 3])], |x| {
            x[0].square().boolean_mask(x[0].greater(-0.2))
        }),
        case("unique", [input([4])], |x| {
            let doubled = x[0].graph().concat(&[x[0], x[0]], 0);
            let (values, places, counts) = doubled.unique_with_counts();
            values.gather(places) * doubled + (values * counts.cast()).reduce_sum(..)
        }),
        case("boolean_mask of nothing", [input([2, 3])], |x| {
            x[0].boolean_mask(x[0].greater(2.0))
        }),
        case("boolean_mask along axis 1", [input([2, 3, 2])], |x| {
            x[0].boolean_mask_along(x[0].graph().constant([true, false, true]), 1)
        }),
        case("boolean_mask of inner axes", [input([2, 3, 2])], |x| {
            let mask = [[true, false], [true, true], [false, false]];
            x[0].boolean_mask_along(x[0].graph().constant(mask), -2)
        }),
    ]
}

fn padding() -> Vec<Case> {
    let mode = |name: &str, mode: PadMode, sizes: [usize; 2], paddings: [[i64; 2]; 2]| {
        let inside = input(sizes);
        let padded = input([0, 1].map(|axis: usize| {
            let added: i64 = paddings[axis].iter().sum();
            sizes[axis] + added as usize
        }));
        let grad_mode = mode.clone();
        [
            case(format!("pad {name}"), [inside], move |x| {
                x[0].any().pad(paddings, mode.clone()).typed()
            }),
            case(format!("pad_grad {name}"), [padded], move |x| {
                x[0].any().pad_grad(paddings, grad_mode.clone()).typed()
            }),
        ]
    };
    let value = PadMode::Constant(Arc::new(Value::scalar(3.0_f64)));
    let mut cases = Vec::new();
    cases.extend(mode("with a value", value, [2, 3], [[1, 2], [0, 1]]));
    cases.extend(mode("reflect", PadMode::Reflect, [3, 4], [[2, 1], [0, 3]]));
    cases.extend(mode(
        "reflect, last axis whole",
        PadMode::Reflect,
        [3, 2],
        [[2, 2], [0, 0]],
    ));
    cases.extend(mode(
        "symmetric",
        PadMode::Symmetric,
        [2, 3],
        [[2, 1], [3, 3]],
    ));
    cases.extend([
        case("pad by a tensor", [input([2, 3])], |x| {
            x[0].pad(x[0].graph().constant([[1, 0], [0, 2]]))
        }),
        case("pad_reflect by late numbers", [input([3, 2])], |x| {
            let more = x[0].size_of(1);
            x[0].pad_reflect([sizes![0, more], sizes![1, 1]])
        }),
        case("tile", [input([2, 1, 3])], |x| x[0].tile([2, 3, 1])),
        case("tile of nothing", [input([2, 3])], |x| x[0].tile([0, 2])),
        case("tile of a scalar", [input([])], |x| x[0].tile(())),
        case("tile by late numbers", [input([2, 3])], |x| {
            x[0].tile(x[0].shape_tensor())
        }),
    ]);
    cases
}
