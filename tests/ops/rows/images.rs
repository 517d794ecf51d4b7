//! Rows of convolutions and pooling.

use aqueduct::ir::{Sliding, Windows};
use aqueduct::prelude::*;

use crate::row::Row;

const EVERYWHERE: Sliding = Sliding {
    strides: [1, 1],
    dilations: [1, 1],
    padding: Padding::Valid,
};

const PAIRS: Windows = Windows {
    size: [2, 2],
    sliding: EVERYWHERE,
};

pub(crate) fn images() -> Vec<Row> {
    vec![
        row!(Float "x.conv2d(filter, strides, padding)", "[b, h, w, in] by [rows, columns, in, out] → [b, …, …, out]", "tf.nn.conv2d", |x: [2, 4, 4, 3]| {
            x.conv2d(x.slice((0, 0..2, 0..2)).expand_dims(-1), 1, Padding::Same)
        }),
        row!(Float "x.conv2d_with(filter, options)", "as `conv2d`", "tf.nn.conv2d(dilations), tf.nn.atrous_conv2d", |x: [2, 4, 4, 3]| {
            let options = ConvOptions::new(1, Padding::Explicit([[1, 1], [0, 2]])).dilations(2);
            x.conv2d_with(x.slice((0, 0..2, 0..2)).expand_dims(-1), options)
        }),
        row!(Float "x.conv2d_transpose(filter, sizes, options)", "[b, …, …, in] by [rows, columns, out, in] → [b, h, w, out]", "tf.nn.conv2d_transpose", |x: [2, 4, 4, 3]| {
            let filter = x.slice((0, 0..2, 0..2)).expand_dims(-2);
            x.conv2d_transpose(filter, [2, 8, 8, 1], ConvOptions::new(2, Padding::Same))
        }),
        row!(Float "x.conv1d(filter, stride, padding)", "[b, w, in] by [columns, in, out] → [b, …, out]", "tf.nn.conv1d", |x: [2, 4, 3]| {
            x.conv1d(x.slice(0).expand_dims(-1), 1, Padding::Valid)
        }),
        row!(Float "x.conv1d_with(filter, options)", "as `conv1d`", "tf.nn.conv1d(dilations)", |x: [2, 4, 3]| {
            let options = ConvOptions::new(1, Padding::Same).dilations(2);
            x.conv1d_with(x.slice(0).expand_dims(-1), options)
        }),
        row!(Float "x.max_pool2d(size, strides, padding)", "[b, h, w, c] → [b, …, …, c]", "tf.nn.max_pool, tf.nn.max_pool2d", |x: [2, 4, 4, 3]| x.max_pool2d(2, 2, Padding::Valid)),
        row!(Float "x.avg_pool2d(size, strides, padding)", "[b, h, w, c] → [b, …, …, c]", "tf.nn.avg_pool, tf.nn.avg_pool2d", |x: [2, 4, 4, 3]| x.avg_pool2d(2, 2, Padding::Valid)),
        row!(Float "x.max_pool1d(size, stride, padding)", "[b, w, c] → [b, …, c]", "tf.nn.max_pool1d", |x: [2, 4, 3]| x.max_pool1d(2, 2, Padding::Same)),
        row!(Float "x.avg_pool1d(size, stride, padding)", "[b, w, c] → [b, …, c]", "tf.nn.avg_pool1d", |x: [2, 4, 3]| x.avg_pool1d(2, 2, Padding::Same)),
        row!(Float "Conv2d::new(filters, kernel_size).apply(x)", "[b, h, w, c] → [b, …, …, filters]", "tf.layers.conv2d", |x: [2, 4, 4, 3]| Conv2d::new(2, 3).apply(x)),
        row!(Float "Conv1d::new(filters, kernel_size).apply(x)", "[b, w, c] → [b, …, filters]", "tf.layers.conv1d", |x: [2, 4, 3]| Conv1d::new(2, 3).apply(x)),
        row!(Float "MaxPooling2d::new(pool_size, strides).apply(x)", "[b, h, w, c] → [b, …, …, c]; also 1d", "tf.layers.max_pooling2d", |x: [2, 4, 4, 3]| MaxPooling2d::new(2, 2).apply(x)),
        row!(Float "AveragePooling2d::new(pool_size, strides).apply(x)", "[b, h, w, c] → [b, …, …, c]; also 1d", "tf.layers.average_pooling2d", |x: [2, 4, 4, 3]| AveragePooling2d::new(2, 2).apply(x)),
        row!(Float "x.flatten()", "[b, …] → [b, n]", "tf.layers.flatten", |x: [2, 4, 3]| x.flatten()),
        row!(Float "Dropout::new(rate).training(training).apply(x)", "any", "tf.layers.dropout", |x: [2, 4]| Dropout::new(0.5).training(true).apply(x)),
        row!(Float "x.any().conv2d_filter_grad(dy, sizes, sliding)", "the gradient of `conv2d` to its filter", "tf.nn.conv2d_backprop_filter", |x: [2, 4, 4, 3]| {
            x.any().conv2d_filter_grad(x.any(), [1, 1, 3, 3], EVERYWHERE)
        }),
        row!(Float "x.any().max_pool_grad(dy, windows)", "the gradient of `max_pool2d`", "tf.raw_ops.MaxPoolGrad", |x: [2, 4, 4, 3]| {
            let dy = x.max_pool2d(2, 1, Padding::Valid).any();
            x.any().max_pool_grad(dy, PAIRS)
        }),
        row!(Float "x.any().max_pool_grad_grad(dx, windows)", "the second gradient of `max_pool2d`", "tf.raw_ops.MaxPoolGradGrad", |x: [2, 4, 4, 3]| {
            x.any().max_pool_grad_grad(x.any(), PAIRS)
        }),
        row!(Float "x.any().avg_pool_grad(sizes, windows)", "the gradient of `avg_pool2d`", "tf.raw_ops.AvgPoolGrad", |x: [2, 4, 4, 3]| {
            x.any().avg_pool_grad([2, 5, 5, 3], PAIRS)
        }),
    ]
}
