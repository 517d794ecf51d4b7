"""Makes ../data/reference/array_more.npz: orders, batches of indices, updated parts.

Needs tensorflow-cpu==2.15.1. Keys are those of single ops in ../data/README.md.
"""

import numpy as np
import tensorflow.compat.v1 as tf

from math_more import draw, save


def orders():
    x = draw(2, 3, 4)
    ties = np.round(x)
    descending = {"direction": "DESCENDING"}
    yield "top_k", [x], lambda x: tf.nn.top_k(x, 3)
    yield "top_k_ties", [ties], lambda x: tf.nn.top_k(x, 2)
    yield "top_k_vector", [x[0, 0]], lambda x: tf.nn.top_k(x, 1)
    yield "sort", [x], lambda x: tf.sort(x)
    yield "sort_axis_descending", [x], lambda x: tf.sort(x, 1, **descending)
    yield "argsort_ties", [ties], lambda x: tf.argsort(x, 0)
    yield "argsort_ties_descending", [ties], lambda x: tf.argsort(x, **descending)
    logits = np.array(
        [[1, 2, 2, 3], [np.nan, 1, 2, 3], [np.inf, 1, 2, 3], [1, 2, 3, -np.inf], [4, 3, 2, 1]],
        np.float32,
    )
    for name, targets in [("in_top_k", [1, 3, 3, 2, 1]), ("in_top_k_no_class", [4, -1, 0, 3, 0])]:
        inputs = [logits, np.array(targets, np.int32)]
        yield name, inputs, lambda x, targets: tf.nn.in_top_k(x, targets, 2)


def batches():
    x = draw(2, 3, 4)
    rows = np.array([[2, 0], [1, 1]], np.int32)
    yield "gather_batch", [x, rows], lambda x, i: tf.gather(x, i, batch_dims=1)
    yield "gather_batch_axis", [x, rows], lambda x, i: tf.gather(x, i, axis=2, batch_dims=1)
    yield "gather_batch_both", [x, rows], lambda x, i: (
        tf.gather(x, tf.concat([i, i[:, :1]], 1), axis=2, batch_dims=2)
    )


def parts():
    x, places = draw(3, 4), np.array([[2, 1], [0, 3], [2, 0]], np.int32)
    yield "tensor_scatter_update", [x, places, draw(3)], tf.tensor_scatter_nd_update
    yield "tensor_scatter_add", [x, places, draw(3)], tf.tensor_scatter_nd_add
    yield "tensor_scatter_sub", [x, places, draw(3)], tf.tensor_scatter_nd_sub
    twice = np.array([[2], [0], [2]], np.int32)
    yield "tensor_scatter_add_twice", [x, twice, draw(3, 4)], tf.tensor_scatter_nd_add


def main():
    save("array_more.npz", [*orders(), *batches(), *parts()])


if __name__ == "__main__":
    main()
