//! Rows of family `nn`, losses and layers.

use aqueduct::losses::{self, LossOptions, Reduction};
use aqueduct::prelude::*;

use crate::row::Row;

pub(crate) fn networks() -> Vec<Row> {
    vec![
        row!(Float "x.relu()", "any", "tf.nn.relu", |x: [2, 3]| x.relu()),
        row!(Float "x.relu6()", "any", "tf.nn.relu6", |x: [2, 3]| x.relu6()),
        row!(Float "x.leaky_relu(alpha)", "any", "tf.nn.leaky_relu", |x: [2, 3]| x.leaky_relu(0.2)),
        row!(Float "x.elu()", "any", "tf.nn.elu", |x: [2, 3]| x.elu()),
        row!(Float "x.selu()", "any", "tf.nn.selu", |x: [2, 3]| x.selu()),
        row!(Float "x.softplus()", "any", "tf.nn.softplus", |x: [2, 3]| x.softplus()),
        row!(Float "x.softsign()", "any", "tf.nn.softsign", |x: [2, 3]| x.softsign()),
        row!(Float "x.swish()", "any", "tf.nn.swish", |x: [2, 3]| x.swish()),
        row!(Float "x.crelu(axis)", "[…, a, …] → […, 2a, …]", "tf.nn.crelu", |x: [2, 3]| x.crelu(-1)),
        row!(Float "x.softmax()", "[…, classes]", "tf.nn.softmax", |x: [2, 3]| x.softmax()),
        row!(Float "x.softmax_along(axis)", "[…, classes, …]", "tf.nn.softmax(axis)", |x: [2, 3]| x.softmax_along(0)),
        row!(Float "x.log_softmax()", "[…, classes]", "tf.nn.log_softmax", |x: [2, 3]| x.log_softmax()),
        row!(Float "x.bias_add(b)", "[…, c] with [c]", "tf.nn.bias_add", |x: [2, 3]| x.bias_add(x.reduce_sum(0))),
        row!(Float "x.dropout(keep_prob)", "any", "tf.nn.dropout", |x: [2, 3]| x.dropout(0.5)),
        row!(Float "x.dropout_with(keep_prob, options)", "any; noise [sizes]", "tf.nn.dropout(noise_shape, seed)", |x: [2, 3]| {
            x.dropout_with(0.5, DropoutOptions::new().seed(1).noise_shape([2, 1]))
        }),
        row!(Float "Dense::new(units).apply(x)", "[…, n] → […, units]", "tf.layers.dense", |x: [2, 3]| Dense::new(4).apply(x)),
        row!(Float "x.batch_normalization(mean, variance, offset, scale, epsilon)", "any; the others broadcast", "tf.nn.batch_normalization", |x: [2, 3]| {
            let (mean, variance) = x.moments(0);
            x.batch_normalization(mean, variance, None, Some(variance), 1e-3)
        }),
        row!(Float "BatchNormalization::new().training(flag).apply(x)", "[…, channels]", "tf.layers.batch_normalization", |x: [2, 3]| {
            BatchNormalization::new().training(x.graph().constant(true)).apply(x)
        }),
        row!(Float "LayerNorm::new().apply(x)", "[batch, …]", "tf.contrib.layers.layer_norm", |x: [2, 3]| LayerNorm::new().apply(x)),
        row!(Float "embedding_lookup(x, ids)", "[rows, …] by int [i, …] → [i, …, …]", "tf.nn.embedding_lookup", |x: [4, 3]| {
            embedding_lookup(x, x.graph().constant([1_i32, 0]))
        }),
    ]
}

pub(crate) fn losses() -> Vec<Row> {
    vec![
        row!(Float "mean_squared_error(labels, x)", "[…], […] → []", "tf.losses.mean_squared_error", |x: [2, 3]| {
            mean_squared_error(x.zeros_like(), x)
        }),
        row!(Float "losses::mean_squared_error_with(labels, x, options)", "[…], […] → []", "tf.losses.mean_squared_error(weights, reduction)", |x: [2, 3]| {
            let options = LossOptions::new().weights(x.square()).reduction(Reduction::Mean);
            losses::mean_squared_error_with(x.zeros_like(), x, options)
        }),
        row!(Float "losses::absolute_difference(labels, x)", "[…], […] → []", "tf.losses.absolute_difference", |x: [2, 3]| {
            losses::absolute_difference(x.zeros_like(), x)
        }),
        row!(Float "losses::huber_loss(labels, x)", "[…], […] → []", "tf.losses.huber_loss", |x: [2, 3]| {
            losses::huber_loss(x.zeros_like(), x)
        }),
        row!(Float "losses::hinge_loss(labels, x)", "[…], […] → []", "tf.losses.hinge_loss", |x: [2, 3]| {
            losses::hinge_loss(x.zeros_like(), x)
        }),
        row!(Float "losses::log_loss(labels, x)", "[…], […] → []", "tf.losses.log_loss", |x: [2, 3]| {
            losses::log_loss(x.zeros_like(), x)
        }),
        row!(Float "losses::cosine_distance(labels, x, axis)", "[…], […] → []", "tf.losses.cosine_distance", |x: [2, 3]| {
            losses::cosine_distance(x.zeros_like(), x, 1)
        }),
        row!(Float "losses::mean_pairwise_squared_error(labels, x)", "[batch, …], [batch, …] → []", "tf.losses.mean_pairwise_squared_error", |x: [2, 3]| {
            losses::mean_pairwise_squared_error(x.zeros_like(), x)
        }),
        row!(Float "losses::sigmoid_cross_entropy(labels, x)", "[…], […] → []", "tf.losses.sigmoid_cross_entropy", |x: [2, 3]| {
            losses::sigmoid_cross_entropy(x.zeros_like(), x)
        }),
        row!(Float "losses::softmax_cross_entropy(labels, x)", "[…, classes], […, classes] → []", "tf.losses.softmax_cross_entropy", |x: [2, 3]| {
            losses::softmax_cross_entropy(x.zeros_like(), x)
        }),
        row!(Float "losses::sparse_softmax_cross_entropy(labels, x)", "int […], […, classes] → []", "tf.losses.sparse_softmax_cross_entropy", |x: [2, 3]| {
            losses::sparse_softmax_cross_entropy(x.graph().constant([1_i64, 0]), x)
        }),
        row!(Float "losses::sequence_loss(x, targets, weights)", "[b, t, classes], int [b, t], [b, t] → []", "tf.contrib.seq2seq.sequence_loss", |x: [1, 2, 3]| {
            losses::sequence_loss(x, x.graph().constant([[1_i64, 0]]), x.reduce_sum(2))
        }),
        row!(Float "losses::compute_weighted_loss(x)", "any → []", "tf.losses.compute_weighted_loss", |x: [2, 3]| losses::compute_weighted_loss(x)),
        row!(Float "l2_loss(x)", "any → []", "tf.nn.l2_loss", |x: [2, 3]| l2_loss(x)),
        row!(Float "softmax_cross_entropy_with_logits(labels, x)", "[…, classes], […, classes] → […]; no gradient to the labels", "tf.nn.softmax_cross_entropy_with_logits", |x: [2, 3]| {
            softmax_cross_entropy_with_logits(x.zeros_like(), x)
        }),
        row!(Float "softmax_cross_entropy_with_logits_v2(labels, x)", "[…, classes], […, classes] → […]", "tf.nn.softmax_cross_entropy_with_logits_v2", |x: [2, 3]| {
            softmax_cross_entropy_with_logits_v2(x.zeros_like(), x)
        }),
        row!(Float "sparse_softmax_cross_entropy_with_logits(labels, x)", "int […], […, classes] → […]", "tf.nn.sparse_softmax_cross_entropy_with_logits", |x: [2, 3]| {
            sparse_softmax_cross_entropy_with_logits(x.graph().constant([1_i64, 0]), x)
        }),
        row!(Float "sigmoid_cross_entropy_with_logits(labels, x)", "[…], […] → […]", "tf.nn.sigmoid_cross_entropy_with_logits", |x: [2, 3]| {
            sigmoid_cross_entropy_with_logits(x.zeros_like(), x)
        }),
    ]
}
