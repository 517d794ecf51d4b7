//! Rows of family `nn`, losses and layers.

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
        row!(Float "x.softmax()", "[…, classes]", "tf.nn.softmax", |x: [2, 3]| x.softmax()),
        row!(Float "x.softmax_along(axis)", "[…, classes, …]", "tf.nn.softmax(axis)", |x: [2, 3]| x.softmax_along(0)),
        row!(Float "x.log_softmax()", "[…, classes]", "tf.nn.log_softmax", |x: [2, 3]| x.log_softmax()),
        row!(Float "x.bias_add(b)", "[…, c] with [c]", "tf.nn.bias_add", |x: [2, 3]| x.bias_add(x.reduce_sum(0))),
        row!(Float "x.dropout(keep_prob)", "any", "tf.nn.dropout", |x: [2, 3]| x.dropout(0.5)),
        row!(Float "x.dropout_with(keep_prob, options)", "any; noise [sizes]", "tf.nn.dropout(noise_shape, seed)", |x: [2, 3]| {
            x.dropout_with(0.5, DropoutOptions::new().seed(1).noise_shape([2, 1]))
        }),
        row!(Float "Dense::new(units).apply(x)", "[…, n] → […, units]", "tf.layers.dense", |x: [2, 3]| Dense::new(4).apply(x)),
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
