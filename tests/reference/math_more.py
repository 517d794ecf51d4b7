"""Makes ../data/reference/reduce_more.npz: norms, moments and counts beyond norm_ops.npz.

Needs tensorflow-cpu==2.15.1. Keys are those of single ops in ../data/README.md.
"""

import pathlib

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()

DRAW = np.random.RandomState(5)


def draw(*shape, low=-1.5, high=1.5):
    return DRAW.uniform(low, high, shape).astype(np.float32)


def reductions():
    x = draw(3, 4, 2)
    yield "weighted_moments", [x, draw(3, 1, 2, low=0.5)], lambda x, w: (
        tf.nn.weighted_moments(x, [0, 1], w)
    )
    yield "weighted_moments_keep", [x, draw(4, 1, low=0.5)], lambda x, w: (
        tf.nn.weighted_moments(x, [1], w, keepdims=True)
    )
    # No weight at all: the quotients are 0.
    yield "weighted_moments_nothing", [x, np.zeros([4, 2], np.float32)], lambda x, w: (
        tf.nn.weighted_moments(x, [0], w)
    )
    yield "reduce_variance", [x], lambda x: tf.math.reduce_variance(x, [0, 2])
    yield "reduce_variance_keep", [x], lambda x: tf.math.reduce_variance(x, 1, True)
    yield "reduce_std", [x], lambda x: tf.math.reduce_std(x)
    yield "reduce_std_keep", [x], lambda x: tf.math.reduce_std(x, 1, True)
    yield "euclidean_norm", [x], lambda x: tf.math.reduce_euclidean_norm(x, [0, 2])
    yield "euclidean_norm_keep", [x], lambda x: tf.math.reduce_euclidean_norm(x, 1, True)
    yield "norm", [x], lambda x: tf.norm(x)
    yield "norm_axis", [x], lambda x: tf.norm(x, axis=-1)
    yield "norm_frobenius_keep", [x], lambda x: tf.norm(x, "fro", [0, 1], keepdims=True)
    yield "norm_one", [x], lambda x: tf.norm(x, 1)
    yield "norm_one_axis", [x], lambda x: tf.norm(x, 1, 1)
    yield "norm_one_matrix", [x], lambda x: tf.norm(x, 1, [-1, 0])
    yield "norm_infinity", [x], lambda x: tf.norm(x, np.inf)
    yield "norm_infinity_axis", [x], lambda x: tf.norm(x, np.inf, 0)
    yield "norm_infinity_matrix", [x], lambda x: tf.norm(x, np.inf, [0, 1])
    yield "norm_3", [x], lambda x: tf.norm(x, 3)
    yield "norm_half_axis", [x], lambda x: tf.norm(x, 0.5, 1)
    yield "l2_normalize_epsilon", [x], lambda x: tf.nn.l2_normalize(x, [0, 1], epsilon=9.0)
    holes = np.where(x > 0, x, 0)
    yield "count_nonzero", [holes], lambda x: tf.math.count_nonzero(x)
    yield "count_nonzero_keep", [holes], lambda x: tf.math.count_nonzero(x, [0, 2], True)


def run(build, values):
    """The outputs, a cotangent for each of floats, and the gradients of the inputs of floats."""
    with tf.Graph().as_default(), tf.Session() as session:
        inputs = [tf.constant(value) for value in values]
        outputs = build(*inputs)
        outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        floats = [output for output in outputs if output.dtype.is_floating]
        cotangents = [draw(*output.shape) for output in floats]
        points = [x for x in inputs if x.dtype.is_floating]
        grads = tf.gradients(floats, points, cotangents) if floats else [None] * len(points)
        grads = [tf.zeros_like(x) if g is None else g for x, g in zip(points, grads)]
        grads = dict(zip([x.ref() for x in points], grads))
        places = {n: grads[x.ref()] for n, x in enumerate(inputs) if x.ref() in grads}
        dense = {n: tf.convert_to_tensor(grad) for n, grad in places.items()}
        return session.run([outputs, dense]), cotangents


def save(file, cases):
    arrays = {}
    for name, values, build in cases:
        (outputs, grads), cotangents = run(build, values)
        arrays |= {f"{name}|in:{n}": value for n, value in enumerate(values)}
        arrays |= {f"{name}|out:{n}": value for n, value in enumerate(outputs)}
        arrays |= {f"{name}|cot:{n}": value for n, value in enumerate(cotangents)}
        arrays |= {f"{name}|grad:{n}": value for n, value in grads.items()}
    folder = pathlib.Path(__file__).parent.parent / "data" / "reference"
    np.savez(folder / file, **arrays)


def main():
    save("reduce_more.npz", reductions())


if __name__ == "__main__":
    main()
