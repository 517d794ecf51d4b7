//! Cases of convolutions and pooling.

use aqueduct::ir::{Sliding, Windows};
use aqueduct::prelude::*;

use super::{Case, X, case, input};

pub(crate) fn images() -> Vec<Case> {
    let mut cases = convolutions();
    cases.extend(gradients_of_convolutions());
    cases.extend(pooling());
    cases
}

fn options() -> Vec<(&'static str, ConvOptions)> {
    let around = Padding::Explicit([[2, 0], [1, 1]]);
    vec![
        ("same", ConvOptions::new(1, Padding::Same)),
        ("valid", ConvOptions::new(1, Padding::Valid)),
        ("same, strides", ConvOptions::new([2, 3], Padding::Same)),
        ("valid, strides", ConvOptions::new(2, Padding::Valid)),
        (
            "dilations",
            ConvOptions::new(1, Padding::Same).dilations([1, 2]),
        ),
        (
            "explicit, strides, dilations",
            ConvOptions::new([1, 2], around).dilations([2, 1]),
        ),
    ]
}

fn convolutions() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, options) in options() {
        let inputs = [input([2, 4, 5, 2]), input([2, 3, 2, 2])];
        let name = format!("conv2d, {name}");
        cases.push(case(name, inputs, move |x| x[0].conv2d_with(x[1], options)));
    }
    let inputs = [input([2, 5, 2]), input([3, 2, 3])];
    cases.push(case("conv1d", inputs, |x| {
        x[0].conv1d(x[1], 2, Padding::Same)
    }));
    cases
}

fn gradients_of_convolutions() -> Vec<Case> {
    let sliding = Sliding {
        strides: [2, 1],
        dilations: [1, 2],
        padding: Padding::Same,
    };
    let typed = |tensor: AnyTensor<'static>| -> X { tensor.typed() };
    vec![
        case(
            "conv2d_transpose",
            [input([2, 2, 3, 2]), input([2, 3, 1, 2])],
            |x| {
                let sizes = sizes![x[0].size_of(0), 4, 5, 1];
                x[0].conv2d_transpose(x[1], sizes, ConvOptions::new(2, Padding::Same))
            },
        ),
        case(
            "gradient of a filter",
            [input([2, 3, 4, 2]), input([2, 2, 4, 1])],
            move |x| {
                let slope = x[0]
                    .any()
                    .conv2d_filter_grad(x[1].any(), [2, 2, 2, 1], sliding);
                typed(slope)
            },
        ),
    ]
}

fn pooling() -> Vec<Case> {
    let windows = Windows {
        size: [2, 3],
        sliding: Sliding {
            strides: [2, 1],
            dilations: [1, 1],
            padding: Padding::Same,
        },
    };
    // Small differences must not change which cell is the largest.
    let numbered = |x: X| -> X {
        let order: Vec<f64> = (0..24).map(|n| f64::from(n * 7 % 24)).collect();
        let order = ndarray::Array::from_shape_vec((1, 3, 4, 2), order).unwrap();
        x * 0.25 + x.graph().constant(order)
    };
    let images = || input([1, 3, 4, 2]);
    let pooled = || input([1, 2, 4, 2]);
    vec![
        case("max_pool2d", [images()], move |x| {
            numbered(x[0]).max_pool2d([2, 3], [2, 1], Padding::Same)
        }),
        case("avg_pool2d", [images()], |x| {
            x[0].avg_pool2d([2, 3], [2, 1], Padding::Same)
        }),
        case("avg_pool2d, valid", [input([2, 3, 4, 1])], |x| {
            x[0].avg_pool2d(2, 1, Padding::Valid)
        }),
        case("max_pool1d", [input([1, 4, 6])], move |x| {
            let x = numbered(x[0].reshape([1, 3, 4, 2])).reshape([1, 4, 6]);
            x.max_pool1d(2, 2, Padding::Valid)
        }),
        case("avg_pool1d", [input([1, 4, 2])], |x| {
            x[0].avg_pool1d(3, 2, Padding::Same)
        }),
        case("max_pool_grad", [images(), pooled()], move |x| {
            let slope = numbered(x[0]).any().max_pool_grad(x[1].any(), windows);
            slope.typed()
        }),
        case("max_pool_grad_grad", [images(), images()], move |x| {
            let x0 = numbered(x[0]).any();
            x0.max_pool_grad_grad(x[1].any(), windows).typed()
        }),
        case("avg_pool_grad", [pooled()], move |x| {
            let slope = x[0].any().avg_pool_grad([1, 3, 4, 2], windows);
            slope.typed()
        }),
    ]
}
