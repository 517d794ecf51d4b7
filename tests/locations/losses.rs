//! Losses, and layers that normalise.

use aqueduct::losses::{self, LossOptions, Reduction, SequenceLossOptions, TotalLossOptions};
use aqueduct::prelude::*;

pub(crate) fn losses<'g>(g: &'g Graph, x: Tensor<'g, f32>) {
    let options = || {
        LossOptions::new()
            .weights(g.ones::<f32>([1, 4]))
            .scope("loss")
    };
    let _ = (
        losses::mean_squared_error(x, x * 2.0),
        losses::mean_squared_error_with(x, x, options().reduction(Reduction::Mean)),
        losses::absolute_difference(x, x),
        losses::absolute_difference_with(x, x, options()),
        losses::huber_loss(x, x),
        losses::huber_loss_with(x, x, 2.0, options().weights(x)),
        losses::hinge_loss(x, x),
        losses::hinge_loss_with(x, x, options().weights(2.0)),
        losses::log_loss(x, x),
        losses::log_loss_with(x, x, 0.1, options().weights(g.constant(true))),
    );
    let _ = (
        losses::cosine_distance(x, x, 1),
        losses::cosine_distance_with(x, x, 1, LossOptions::new()),
        losses::mean_pairwise_squared_error(x, x),
        losses::mean_pairwise_squared_error_with(x, x, options()),
        losses::compute_weighted_loss(x),
        losses::compute_weighted_loss_with(x, options()),
        losses::sigmoid_cross_entropy(x, x),
        losses::sigmoid_cross_entropy_with(x, x, 0.1, options()),
        losses::softmax_cross_entropy(x, x),
        losses::softmax_cross_entropy_with(x, x, 0.1, LossOptions::new()),
    );
    let classes = g.placeholder::<i64>("classes", shape![?, 1]);
    let _ = (
        losses::sparse_softmax_cross_entropy(classes, x),
        losses::sparse_softmax_cross_entropy_with(classes, x, LossOptions::new().weights(classes)),
    );
    let (logits, steps) = (
        x.expand_dims(0),
        g.placeholder::<i64>("steps", shape![1, ?]),
    );
    let weights = steps.reduce_sum(0).sequence_mask_as::<f32>(3);
    let all = SequenceLossOptions::new();
    let _ = (
        losses::sequence_loss(logits, steps, steps.cast()),
        losses::sequence_loss_with(logits, steps, weights, all.average_across_batch(false)),
        losses::get_total_loss_with::<f32>(g, TotalLossOptions::new().scope("loss_1")),
    );
}

#[test]
fn wrong_losses_and_layers_name_the_users_lines() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 4]);
    let steps = g.placeholder::<i64>("steps", shape![1, ?]);
    let all = SequenceLossOptions::new();
    let _ = (
        losses::get_total_loss::<f32>(&g),
        losses::sequence_loss_with(x, steps, x, all),
        losses::sequence_loss_with(x.expand_dims(0), steps, x, all.sum_over_batch(true)),
        losses::mean_squared_error_with(x, x, LossOptions::new().weights(g.ones::<f32>([4]))),
        losses::mean_squared_error(x, g.ones([3])),
        losses::huber_loss_with(x, x, -1.0, LossOptions::new()),
        losses::hinge_loss_with(x, x, LossOptions::new().scope("no name")),
        losses::get_total_loss::<f64>(&g),
        BatchNormalization::new().axis(0).apply(x),
        BatchNormalization::new().momentum(-1.0).apply(x),
        LayerNorm::new().begin_params_axis(0).apply(x),
        g.map_fn(x, |x| {
            BatchNormalization::new()
                .training(true)
                .apply(x.expand_dims(0))
        }),
    );
    assert!(g.check().is_err());
    super::assert_all_here(&g);
}

pub(crate) fn normalisation<'g>(g: &'g Graph, x: Tensor<'g, f32>) {
    let (mean, variance) = x.moments(0);
    let _ = (
        x.batch_normalization(mean, variance, Some(mean), Some(mean), 1e-3),
        BatchNormalization::new().training(true).apply(x),
        LayerNorm::new().activation(|x| x.tanh() * 2.0).apply(x),
    );
    let training = g.placeholder::<bool>("training", shape![]);
    let layer = BatchNormalization::new().training(training);
    let y = layer.apply(x.expand_dims(0).expand_dims(0));
    let _ = gradient(y, x);
    let steps = g.placeholder::<f32>("steps", shape![?, ?, 3]);
    let cell = LayerNormBasicLstmCell::new(4).dropout_keep_prob(0.5);
    let (outputs, _) = dynamic_rnn(&cell, steps);
    let plain = LayerNormBasicLstmCell::new(4)
        .layer_norm(false)
        .name("plain");
    let _ = (gradient(outputs, steps), dynamic_rnn(&plain, steps));
}
