//! Losses with weights, reduced in every way.

use aqueduct::losses::{self, LossOptions, Reduction, SequenceLossOptions};
use aqueduct::prelude::*;

use super::{Build, Inputs, check, outputs};

#[test]
fn weighted_losses() {
    let build: Build = |case, inputs| {
        let (loss, settings) = case.split_once(' ')?;
        let loss = match loss {
            "compute_weighted_loss" => {
                let options = options(settings, inputs, 1);
                losses::compute_weighted_loss_with(inputs.x(0), options)
            }
            "mean_pairwise_squared_error" => {
                let options = weighted(inputs, 2);
                losses::mean_pairwise_squared_error_with(inputs.x(0), inputs.x(1), options)
            }
            "sequence_loss" => sequence_loss(settings, inputs),
            _ => loss_of_pair(loss, inputs, options(settings, inputs, 2))?,
        };
        Some(outputs([loss]))
    };
    check("losses_weighted.npz", build);
}

/// Settings of the reduction that comes first in a name, with weights if there is such an input.
fn options<'g>(settings: &str, inputs: &Inputs<'g>, weights: usize) -> LossOptions<'g> {
    let reduction = match settings.split(' ').next() {
        Some("none") => Reduction::None,
        Some("sum") => Reduction::Sum,
        Some("mean") => Reduction::Mean,
        Some("batch") => Reduction::SumOverBatchSize,
        Some("nonzero") => Reduction::SUM_BY_NONZERO_WEIGHTS,
        other => panic!("{other:?} is no reduction"),
    };
    weighted(inputs, weights).reduction(reduction)
}

fn weighted<'g>(inputs: &Inputs<'g>, place: usize) -> LossOptions<'g> {
    match inputs.0.get(place) {
        Some(weights) => LossOptions::new().weights(*weights),
        None => LossOptions::new(),
    }
}

fn loss_of_pair<'g>(
    loss: &str,
    inputs: &Inputs<'g>,
    options: LossOptions<'g>,
) -> Option<Tensor<'g, f32>> {
    let (labels, predictions) = (|| inputs.x(0), inputs.x(1));
    Some(match loss {
        "absolute_difference" => losses::absolute_difference_with(labels(), predictions, options),
        "cosine_distance" => losses::cosine_distance_with(labels(), predictions, 1, options),
        "hinge_loss" => losses::hinge_loss_with(labels(), predictions, options),
        "huber_loss" => losses::huber_loss_with(labels(), predictions, 1.0, options),
        "huber_loss(0.5)" => losses::huber_loss_with(labels(), predictions, 0.5, options),
        "log_loss" => losses::log_loss_with(labels(), predictions, 1e-7, options),
        "log_loss(0.01)" => losses::log_loss_with(labels(), predictions, 0.01, options),
        "mean_squared_error" => losses::mean_squared_error_with(labels(), predictions, options),
        "sigmoid_cross_entropy" => {
            losses::sigmoid_cross_entropy_with(labels(), predictions, 0.0, options)
        }
        "sigmoid_cross_entropy(0.2)" => {
            losses::sigmoid_cross_entropy_with(labels(), predictions, 0.2, options)
        }
        "softmax_cross_entropy" => {
            losses::softmax_cross_entropy_with(labels(), predictions, 0.0, options)
        }
        "softmax_cross_entropy(0.2)" => {
            losses::softmax_cross_entropy_with(labels(), predictions, 0.2, options)
        }
        "sparse_softmax_cross_entropy" | "sparse_softmax_cross_entropy(rank3)" => {
            losses::sparse_softmax_cross_entropy_with(inputs.ints(0), predictions, options)
        }
        _ => return None,
    })
}

fn sequence_loss<'g>(settings: &str, inputs: &Inputs<'g>) -> Tensor<'g, f32> {
    let (averages, sums) = match settings.split(['(', ')']).collect::<Vec<_>>()[..] {
        ["average", axes, _] => (axes, ""),
        ["sum", axes, _] => ("", axes),
        _ => panic!("{settings} is no way to reduce a sequence"),
    };
    let options = SequenceLossOptions::new()
        .average_across_timesteps(averages.contains("time"))
        .average_across_batch(averages.contains("batch"))
        .sum_over_timesteps(sums.contains("time"))
        .sum_over_batch(sums.contains("batch"));
    losses::sequence_loss_with(inputs.x(0), inputs.ints(1), inputs.x(2), options)
}
