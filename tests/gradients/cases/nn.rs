//! Cases of family `nn`.

use aqueduct::prelude::*;

use super::{Case, X, case, input};

pub(crate) fn nn() -> Vec<Case> {
    let mut cases = activations();
    cases.extend(softmaxes());
    cases.extend(losses());
    cases.extend(vec![
        case("bias_add", [input([2, 3]), input([3])], |x| {
            x[0].bias_add(x[1])
        }),
        case("bias_add of rank 3", [input([2, 2, 3]), input([3])], |x| {
            x[0].bias_add(x[1])
        }),
        case("embedding_lookup", [input([4, 2])], |x| {
            let ids = x[0].graph().constant([[0_i32, 3, 0], [2, 3, 3]]);
            embedding_lookup(x[0], ids)
        }),
    ]);
    cases
}

fn activations() -> Vec<Case> {
    type Function = fn(X) -> X;
    type Ranges = &'static [(f64, f64)];
    const POSITIVE: (f64, f64) = (0.5, 2.0);
    const NEGATIVE: (f64, f64) = (-2.0, -0.5);
    const SIDES: Ranges = &[POSITIVE, NEGATIVE];
    let functions: [(&str, Function, Ranges); 7] = [
        ("relu", Tensor::relu, SIDES),
        ("relu6", Tensor::relu6, &[POSITIVE, NEGATIVE, (6.5, 8.0)]),
        ("leaky_relu", |x| x.leaky_relu(0.3), SIDES),
        ("elu", Tensor::elu, SIDES),
        ("selu", Tensor::selu, SIDES),
        ("softplus", Tensor::softplus, &[(-2.0, 2.0)]),
        ("softsign", Tensor::softsign, SIDES),
    ];
    let mut cases = Vec::new();
    for (name, function, ranges) in functions {
        for (low, high) in ranges {
            let name = format!("{name} within {low}..{high}");
            let input = input([2, 3]).within(*low, *high);
            cases.push(case(name, [input], move |x| function(x[0])));
        }
    }
    cases
}

fn softmaxes() -> Vec<Case> {
    vec![
        case("softmax", [input([2, 4])], |x| x[0].softmax()),
        case("softmax of one row", [input([4])], |x| x[0].softmax()),
        case("softmax of one class", [input([3, 1])], |x| x[0].softmax()),
        case("softmax along axis 0", [input([3, 2])], |x| {
            x[0].softmax_along(0)
        }),
        case("softmax along the middle", [input([2, 3, 2])], |x| {
            x[0].softmax_along(-2)
        }),
        case("log_softmax", [input([2, 2, 3])], |x| x[0].log_softmax()),
        case("log_softmax along axis 0", [input([3, 2])], |x| {
            x[0].log_softmax_along(0)
        }),
    ]
}

fn losses() -> Vec<Case> {
    vec![
        // The derivative by the logits is right only for labels that add up to 1.
        case("softmax cross entropy", [input([2, 3])], |x| {
            let labels = x[0].graph().constant([[0.25, 0.5, 0.25], [0.0, 0.0, 1.0]]);
            softmax_cross_entropy_with_logits(labels, x[0])
        }),
        case(
            "softmax cross entropy, by the labels too",
            [input([2, 3]), input([2, 3])],
            |x| softmax_cross_entropy_with_logits_v2(x[1].softmax(), x[0]),
        ),
        case(
            "softmax cross entropy of rank 3",
            [input([2, 2, 3]), input([2, 2, 3])],
            |x| softmax_cross_entropy_with_logits_v2(x[1].softmax(), x[0]),
        ),
        case("sparse softmax cross entropy", [input([3, 4])], |x| {
            let labels = x[0].graph().constant([3_i64, 0, 3]);
            sparse_softmax_cross_entropy_with_logits(labels, x[0])
        }),
        case(
            "sparse softmax cross entropy of rank 3",
            [input([2, 2, 3])],
            |x| {
                let labels = x[0].graph().constant([[1_i32, 0], [2, 1]]);
                sparse_softmax_cross_entropy_with_logits(labels, x[0])
            },
        ),
        case(
            "sigmoid cross entropy",
            [input([2, 3]), input([2, 3]).within(0.0, 1.0)],
            |x| sigmoid_cross_entropy_with_logits(x[1], x[0]),
        ),
        case("l2_loss", [input([2, 3])], |x| l2_loss(x[0])),
    ]
}
