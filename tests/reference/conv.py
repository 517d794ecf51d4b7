"""Makes ../data/reference/conv.npz: TensorFlow's convolutions and pooling, values and gradients.

Needs tensorflow-cpu==2.15.1. Keys are `CASE|in:0`, `CASE|out:0`, `CASE|cot:0` (what the gradients are
weighted with) and `CASE|grad:0`. Cases are named by what they do: `conv2d_same_s23` has padding SAME
and strides of 2 and 3, `_d` stands for dilations. TensorFlow has no gradients of dilated convolutions on processors without oneDNN:
there they are those of a filter with zeros between its elements.
"""

import os
import pathlib

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_eager_execution()

RNG = np.random.default_rng(7)
EXPLICIT = [[0, 0], [2, 1], [0, 3], [0, 0]]


def floats(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def spread(filter, down, right):
    """The filter with zeros between its elements."""
    columns = []
    for column in tf.unstack(filter, axis=1):
        columns += [column] + [tf.zeros_like(column)] * (right - 1)
    filter = tf.stack(columns[: len(columns) - right + 1], 1)
    rows = []
    for row in tf.unstack(filter, axis=0):
        rows += [row] + [tf.zeros_like(row)] * (down - 1)
    return tf.stack(rows[: len(rows) - down + 1], 0)


def convolution(strides, padding, dilations=(1, 1)):
    def build(x, filter):
        filter = spread(filter, *dilations)
        return tf.nn.conv2d(x, filter, [1, *strides, 1], padding)

    return build


def pooling(function, size, strides, padding):
    return lambda x: function(x, [1, *size, 1], [1, *strides, 1], padding)


def cases():
    image, filter = (2, 5, 6, 3), (3, 2, 3, 4)
    for padding in ["SAME", "VALID"]:
        name = padding.lower()
        for strides in [(1, 1), (2, 2), (2, 3), (3, 1)]:
            key = f"conv2d_{name}_s{strides[0]}{strides[1]}"
            yield key, [floats(*image), floats(*filter)], convolution(strides, padding)
        for dilations in [(2, 2), (1, 3)]:
            key = f"conv2d_{name}_d{dilations[0]}{dilations[1]}"
            inputs = [floats(2, 7, 8, 2), floats(3, 2, 2, 3)]
            yield key, inputs, convolution((1, 1), padding, dilations)
        # A filter of one cell, and places so far apart that some cells have no part in any.
        key = f"conv2d_{name}_s11_one"
        yield key, [floats(*image), floats(1, 1, 3, 5)], convolution((1, 1), padding)
        key = f"conv2d_{name}_s34_far"
        yield key, [floats(*image), floats(1, 2, 3, 2)], convolution((3, 4), padding)
        for size, strides in [((2, 2), (2, 2)), ((3, 2), (2, 1)), ((2, 3), (3, 2))]:
            numbers = f"k{size[0]}{size[1]}_s{strides[0]}{strides[1]}"
            # Few different numbers, so that there are ties.
            x = RNG.integers(-2, 3, image).astype(np.float32)
            yield f"max_pool_{name}_{numbers}", [x], pooling(tf.nn.max_pool, size, strides, padding)
            x = floats(*image)
            yield f"avg_pool_{name}_{numbers}", [x], pooling(tf.nn.avg_pool, size, strides, padding)
        x = floats(2, 7, 3)
        yield f"max_pool1d_{name}", [x], lambda x, p=padding: tf.nn.max_pool1d(x, 3, 2, p)
        yield f"avg_pool1d_{name}", [x], lambda x, p=padding: tf.nn.avg_pool1d(x, 3, 2, p)
        yield (
            f"conv1d_{name}",
            [x, floats(3, 3, 4)],
            lambda x, f, p=padding: tf.nn.conv1d(x, f, 2, p),
        )
        sizes = [2, 6, 6, 3] if padding == "SAME" else [2, 7, 6, 3]
        yield (
            f"conv2d_transpose_{name}",
            [floats(2, 3, 3, 4), floats(3, 2, 3, 4)],
            lambda x, f, p=padding, s=sizes: tf.nn.conv2d_transpose(x, f, s, [1, 2, 2, 1], p),
        )
    inputs = [floats(*image), floats(*filter)]
    yield "conv2d_explicit", inputs, convolution((2, 1), EXPLICIT)


def main():
    arrays = {}
    for key, inputs, build in cases():
        with tf.Graph().as_default(), tf.Session() as session:
            operands = [tf.constant(value) for value in inputs]
            y = build(*operands)
            cotangent = floats(*y.shape.as_list())
            slopes = tf.gradients(y, operands, tf.constant(cotangent))
            value, slopes = session.run([y, slopes])
        arrays[f"{key}|out:0"] = value
        arrays[f"{key}|cot:0"] = cotangent
        for place, (operand, slope) in enumerate(zip(inputs, slopes)):
            arrays[f"{key}|in:{place}"] = operand
            arrays[f"{key}|grad:{place}"] = slope
    folder = pathlib.Path(__file__).parent.parent / "data" / "reference"
    np.savez(folder / "conv.npz", **arrays)


if __name__ == "__main__":
    main()
