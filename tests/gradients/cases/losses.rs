//! Cases of losses and of normalisation.

use aqueduct::losses::{self, LossOptions, Reduction, SequenceLossOptions};

use super::{Case, X, case, input};

pub(crate) fn losses() -> Vec<Case> {
    let mut cases = of_pairs();
    cases.extend(weighted());
    cases.extend(of_sequences());
    cases.extend(normalized());
    cases
}

fn of_pairs() -> Vec<Case> {
    type Function = fn(X, X) -> X;
    let functions: [(&str, Function, (f64, f64)); 8] = [
        (
            "mean_squared_error",
            losses::mean_squared_error,
            (-2.0, 2.0),
        ),
        (
            "absolute_difference",
            losses::absolute_difference,
            (3.0, 4.0),
        ),
        ("huber_loss, near", losses::huber_loss, (-0.1, 0.1)),
        ("huber_loss, far", losses::huber_loss, (3.0, 4.0)),
        ("hinge_loss", losses::hinge_loss, (3.0, 4.0)),
        ("log_loss", losses::log_loss, (0.2, 0.8)),
        (
            "cosine_distance",
            |y, x| losses::cosine_distance(y, x, 1),
            (-2.0, 2.0),
        ),
        (
            "mean_pairwise_squared_error",
            losses::mean_pairwise_squared_error,
            (-2.0, 2.0),
        ),
    ];
    let cases = functions.into_iter().map(|(name, function, (low, high))| {
        let label = if low < 1.0 { (low, high) } else { (0.8, 1.0) };
        let inputs = [
            input([2, 3]).within(label.0, label.1),
            input([2, 3]).within(low, high),
        ];
        case(name, inputs, move |x| function(x[0], x[1]))
    });
    let smoothed = [
        case(
            "sigmoid_cross_entropy, smoothed",
            [input([2, 3]).within(0.0, 1.0), input([2, 3])],
            |x| losses::sigmoid_cross_entropy_with(x[0], x[1], 0.2, LossOptions::new()),
        ),
        case("softmax_cross_entropy, smoothed", [input([2, 3])], |x| {
            let labels = x[0].graph().constant([[0.0, 1.0, 0.0], [0.5, 0.0, 0.5]]);
            losses::softmax_cross_entropy_with(labels, x[0], 0.2, LossOptions::new())
        }),
    ];
    cases.chain(smoothed).collect()
}

/// By the losses and by the weights.
fn weighted() -> Vec<Case> {
    let reductions = [
        Reduction::None,
        Reduction::Sum,
        Reduction::Mean,
        Reduction::SumOverBatchSize,
        Reduction::SumOverNonzeroWeights,
    ];
    let weights: [&[usize]; 3] = [&[], &[2, 1], &[2, 3]];
    let mut cases = Vec::new();
    for reduction in reductions {
        for sizes in weights {
            let weights = aqueduct::Shape::known(sizes);
            let name = format!("compute_weighted_loss {reduction:?} of weights {weights}");
            let weights = super::Input {
                sizes: sizes.to_vec(),
                ..input([1]).within(0.5, 2.0)
            };
            cases.push(case(name, [input([2, 3]), weights], move |x| {
                let options = LossOptions::new().weights(x[1]).reduction(reduction);
                losses::compute_weighted_loss_with(x[0], options)
            }));
        }
    }
    cases
}

fn of_sequences() -> Vec<Case> {
    let sums = SequenceLossOptions::new()
        .average_across_timesteps(false)
        .average_across_batch(false)
        .sum_over_timesteps(true);
    let options = [
        ("sequence_loss", SequenceLossOptions::new()),
        (
            "sequence_loss of each sequence",
            SequenceLossOptions::new().average_across_batch(false),
        ),
        ("sequence_loss, summed", sums),
    ];
    let cases = options.map(|(name, options)| {
        let inputs = [input([2, 2, 3]), input([2, 2]).within(0.5, 2.0)];
        case(name, inputs, move |x| {
            let targets = x[0].graph().constant([[0_i32, 2], [1, 1]]);
            losses::sequence_loss_with(x[0], targets, x[1], options)
        })
    });
    cases.into()
}

fn normalized() -> Vec<Case> {
    vec![
        case(
            "batch_normalization",
            [
                input([3, 2]),
                input([2]),
                input([2]).within(0.5, 2.0),
                input([2]),
                input([2]),
            ],
            |x| x[0].batch_normalization(x[1], x[2], Some(x[3]), Some(x[4]), 0.1),
        ),
        case(
            "batch_normalization by its own moments",
            [input([3, 2])],
            |x| {
                let (mean, variance) = x[0].moments(0);
                x[0].batch_normalization(mean, variance, None, None, 0.1)
            },
        ),
    ]
}
