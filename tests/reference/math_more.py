"""Makes ../data/reference/reduce_more.npz and elements_more.npz: what the files of single ops lack.

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


def functions():
    math = tf.math
    inner = np.array([-1, -0.9, -0.3, 0, 1e-4, 0.5, 0.99, 1], np.float32)
    wide = np.array([-80, -4.5, -0.7, 0, 1e-4, 0.6, 3.2, 80], np.float32)
    angles = np.array([-100, -4.5, -0.7, 0, 1e-4, 0.6, 3.2, 100], np.float32)
    above = np.array([1, 1.001, 1.5, 2.7, 40, 1e8], np.float32)
    poles = np.array([-3.7, -0.5, 0.01, 0.5, 1.3, 2.1, 9.5, 300], np.float32)
    for names, x in [
        ("tan", angles),
        ("atan sinh cosh asinh erfc log_sigmoid", wide),
        ("asin acos atanh", inner),
        ("acosh", above),
        ("lgamma digamma", poles),
    ]:
        for name in names.split():
            yield name, [x], getattr(math, name)
    for order in [1, 2, 3]:
        yield f"polygamma_{order}", [poles], lambda x, order=order: (
            math.polygamma(np.float32(order), x)
        )
    powers = np.array([[2], [3], [7.5], [30]], np.float32)
    yield "zeta", [powers, poles[2:]], math.zeta
    y = np.array([0, -0.0, 1, -1, 2, -2, 3, -0.5], np.float32)
    x = np.array([1, -1, 0, -0.0, 2, -2, -0.1, 1e-3], np.float32)
    yield "atan2", [y, x], tf.atan2
    yield "atan2_outer", [draw(3, 1), draw(1, 2)], tf.atan2
    holes = np.array([[0, 2, -3], [0.5, 0, 1]], np.float32)
    others = np.array([3, 0, 0.25], np.float32)
    for name in ["div_no_nan", "xdivy", "xlogy"]:
        yield name, [holes, others], getattr(math, name.replace("div_", "divide_"))
    yield "reciprocal_no_nan", [holes], math.reciprocal_no_nan
    yield "truncatediv", [5 * draw(4, 3), draw(3)], tf.truncatediv
    yield "swish", [wide], tf.nn.swish
    yield "crelu", [draw(2, 3)], tf.nn.crelu
    yield "crelu_axis", [draw(2, 3)], lambda x: tf.nn.crelu(x, axis=0)


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
    save("elements_more.npz", functions())


if __name__ == "__main__":
    main()
