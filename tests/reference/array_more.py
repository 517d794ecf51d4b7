"""Makes ../data/reference/array_more.npz: orders, indices, matrices, grids, `einsum`.

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


def matrices():
    x, wide = draw(2, 3, 3), draw(2, 2, 4)
    yield "matrix_band_part", [x], lambda x: tf.matrix_band_part(x, 1, 0)
    yield "matrix_band_part_upper", [wide], lambda x: tf.matrix_band_part(x, 0, -1)
    yield "matrix_diag", [wide], tf.matrix_diag
    yield "matrix_diag_part", [wide], tf.matrix_diag_part
    yield "matrix_diag_part_tall", [draw(3, 2)], tf.matrix_diag_part
    yield "matrix_set_diag", [x, draw(2, 3)], tf.matrix_set_diag
    yield "matrix_set_diag_wide", [wide, draw(2, 2)], tf.matrix_set_diag
    yield "matrix_set_diag_tall", [draw(3, 2), draw(2)], tf.matrix_set_diag
    yield "matrix_transpose", [wide], tf.matrix_transpose
    yield "diag", [draw(2, 3)], tf.diag
    yield "diag_part", [draw(2, 3, 2, 3)], tf.diag_part
    yield "trace", [x], tf.trace
    yield "trace_wide", [wide], tf.trace


def grids():
    ends = [draw(), draw()]
    yield "linspace", ends, lambda a, b: tf.linspace(a, b, 7)
    yield "linspace_one", ends, lambda a, b: tf.linspace(a, b, 1)
    yield "linspace_two", ends, lambda a, b: tf.linspace(a, b, 2)
    vectors = [draw(2), draw(3), draw(4)]
    yield "meshgrid", vectors, lambda *x: tf.meshgrid(*x)
    yield "meshgrid_ij", vectors, lambda *x: tf.meshgrid(*x, indexing="ij")
    x = draw(2, 3)
    yield "roll", [x], lambda x: tf.roll(x, 1, 1)
    yield "roll_back", [x], lambda x: tf.roll(x, -5, 0)
    yield "repeat", [x], lambda x: tf.repeat(x, 2, 1)
    yield "repeat_each", [x, np.array([2, 0, 1], np.int32)], lambda x, n: tf.repeat(x, n, 1)


EINSUMS = {
    "ij,jk->ik": [(2, 3), (3, 4)],
    "ij,kj": [(2, 3), (4, 3)],
    "bij,bjk->bik": [(2, 3, 4), (2, 4, 2)],
    "bhqd,bkhd->bhqk": [(2, 2, 3, 4), (2, 5, 2, 4)],
    "i,j->ji": [(2,), (3,)],
    "ij,ij->ij": [(2, 3), (2, 3)],
    "ij,ij->": [(2, 3), (2, 3)],
    "ijk->ki": [(2, 3, 4)],
    "ii->i": [(3, 3)],
    "ii": [(3, 3)],
    "iij,jk->ik": [(2, 2, 3), (3, 2)],
    "ab,bc,cd->ad": [(2, 3), (3, 4), (4, 2)],
    "ab,ac,ad->bcd": [(2, 3), (2, 2), (2, 4)],
    "...ij,...jk->...ik": [(2, 1, 2, 3), (4, 3, 2)],
    "i...,i->...": [(3, 2, 2), (3,)],
    "abcd,cdef->abef": [(2, 1, 3, 2), (3, 2, 2, 2)],
}


def einsums():
    for equation, shapes in EINSUMS.items():
        operands = [draw(*shape) for shape in shapes]
        build = lambda *x, equation=equation: tf.einsum(equation, *x)
        yield f"einsum {equation}", operands, build


def main():
    cases = [orders, batches, parts, matrices, grids, einsums]
    save("array_more.npz", [case for group in cases for case in group()])


if __name__ == "__main__":
    main()
