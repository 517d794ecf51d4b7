"""Makes ../data/reference/losses_weighted.npz: TensorFlow's `tf.losses` with weights and reductions.

Needs tensorflow-cpu==2.15.1. Cases are named `LOSS REDUCTION WEIGHTS`, and their inputs are labels,
predictions (or logits) and, unless there are none, weights; of `compute_weighted_loss` losses and
weights. `sequence_loss` is written here after its documentation, since TensorFlow 2 has it no longer.
"""

import pathlib

import numpy as np
import tensorflow as tf

tf.compat.v1.disable_v2_behavior()
tf1 = tf.compat.v1

REDUCTIONS = {
    "none": tf1.losses.Reduction.NONE,
    "sum": tf1.losses.Reduction.SUM,
    "mean": tf1.losses.Reduction.MEAN,
    "batch": tf1.losses.Reduction.SUM_OVER_BATCH_SIZE,
    "nonzero": tf1.losses.Reduction.SUM_OVER_NONZERO_WEIGHTS,
}
random = np.random.RandomState(7)


def draw(*shape):
    return random.uniform(-2.0, 2.0, shape).astype(np.float32)


def weights_for(kind, shape):
    """A draw of weights of a kind for losses of a shape, a third of them 0; None for none."""
    if kind == "one":
        return None
    size = {
        "scalar": (),
        "zero": (),
        "rows": shape[:1] + (1,) * (len(shape) - 1),
        "columns": (1,) * (len(shape) - 1) + shape[-1:],
        "all": shape,
        "zeros": shape,
    }[kind]
    weights = np.asarray(random.uniform(0.25, 2.0, size), np.float32)
    if kind in ("zero", "zeros"):
        return np.zeros_like(weights)
    if weights.ndim:
        weights[random.uniform(size=size) < 0.33] = 0.0
    return weights


# Name: labels, predictions, the shape of the losses, further arguments.
BINARY = random.randint(0, 2, (4, 3)).astype(np.float32)
ONE_HOT = np.eye(5, dtype=np.float32)[[0, 4, 2, 2]]
UNIT = draw(4, 3)
UNIT /= np.linalg.norm(UNIT, axis=1, keepdims=True)
# Differences of 0 and, for Huber's loss, of exactly its delta.
EVEN = np.array([[0.0, 1.0, -1.0], [0.5, 3.0, -3.0], [0.0, 0.25, 1.0], [2.0, -2.0, 0.0]], np.float32)
CLASSES = np.array([1, 0, 4, 2], np.int32)
LOSSES = {
    "absolute_difference": (EVEN * 0, EVEN, (4, 3), {}),
    "cosine_distance": (UNIT, draw(4, 3), (4, 1), {"axis": 1}),
    "hinge_loss": (BINARY, draw(4, 3), (4, 3), {}),
    "huber_loss": (EVEN * 0, EVEN, (4, 3), {}),
    "huber_loss(0.5)": (draw(4, 3), draw(4, 3), (4, 3), {"delta": 0.5}),
    "log_loss": (BINARY, random.uniform(0.0, 1.0, (4, 3)).astype(np.float32), (4, 3), {}),
    "log_loss(0.01)": (BINARY, BINARY, (4, 3), {"epsilon": 0.01}),
    "mean_squared_error": (draw(4, 3), draw(4, 3), (4, 3), {}),
    "sigmoid_cross_entropy": (BINARY, draw(4, 3), (4, 3), {}),
    "sigmoid_cross_entropy(0.2)": (BINARY, draw(4, 3), (4, 3), {"label_smoothing": 0.2}),
    "softmax_cross_entropy": (ONE_HOT, draw(4, 5), (4,), {}),
    "softmax_cross_entropy(0.2)": (ONE_HOT, draw(4, 5), (4,), {"label_smoothing": 0.2}),
    "sparse_softmax_cross_entropy": (CLASSES, draw(4, 5), (4,), {}),
    "sparse_softmax_cross_entropy(rank3)": (
        CLASSES.reshape(2, 2),
        draw(2, 2, 5),
        (2, 2),
        {},
    ),
}
SETTINGS = [("nonzero", "one"), ("nonzero", "all"), ("sum", "rows")]


def weighted_losses():
    for reduction in REDUCTIONS:
        for kind in ["one", "scalar", "zero", "columns", "all", "zeros"]:
            losses, weights = draw(4, 3), weights_for(kind, (4, 3))
            given = [losses] if weights is None else [losses, weights]

            def build(losses, weights=1.0, reduction=reduction):
                return tf1.losses.compute_weighted_loss(
                    losses, weights, reduction=REDUCTIONS[reduction]
                )

            yield f"compute_weighted_loss {reduction} {kind}", given, build


def losses_of_pairs():
    for name, (labels, predictions, shape, further) in LOSSES.items():
        for reduction, kind in SETTINGS:
            weights = weights_for(kind, shape)
            given = [labels, predictions] + ([] if weights is None else [weights])

            def build(labels, predictions, weights=1.0, name=name, further=further, way=reduction):
                function = getattr(tf1.losses, name.split("(")[0])
                return function(
                    labels, predictions, weights=weights, reduction=REDUCTIONS[way], **further
                )

            yield f"{name} {reduction} {kind}", given, build


def pairwise():
    for shape, kinds in [
        ((4, 3), ["one", "scalar", "zero", "rows", "all", "zeros"]),
        ((2, 3, 2), ["one", "all"]),
        ((3, 1), ["one"]),
    ]:
        for kind in kinds:
            weights = weights_for(kind, shape)
            given = [draw(*shape), draw(*shape)] + ([] if weights is None else [weights])
            name = f"mean_pairwise_squared_error {'x'.join(map(str, shape))} {kind}"
            yield name, given, tf1.losses.mean_pairwise_squared_error


def sequence_loss(logits, targets, weights, average, total):
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits) * weights
    axes = [axis for axis, name in enumerate(["batch", "time"]) if name in average + total]
    if not axes:
        return losses
    counted = weights if average else tf.cast(tf.not_equal(weights, 0.0), tf.float32)
    return tf.math.divide_no_nan(tf.reduce_sum(losses, axes), tf.reduce_sum(counted, axes))


def sequences():
    targets = random.randint(0, 3, (3, 4)).astype(np.int32)
    for way in ["average", "sum"]:
        for axes in ["time,batch", "time", "batch", ""]:
            for kind in ["all", "mask"]:
                if kind == "mask":
                    weights = np.float32([[1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]])
                else:
                    weights = weights_for(kind, (3, 4))
                given = [draw(3, 4, 3), targets, weights]
                average, total = (axes, "") if way == "average" else ("", axes)

                def build(*given, average=average, total=total):
                    return sequence_loss(*given, average, total)

                yield f"sequence_loss {way}({axes}) {kind}", given, build


def main():
    arrays = {}
    for cases in [weighted_losses, losses_of_pairs, pairwise, sequences]:
        for case, given, build in cases():
            with tf.Graph().as_default(), tf1.Session() as session:
                inputs = [tf.constant(value) for value in given]
                loss = build(*inputs)
                cotangent = draw(*loss.shape)
                slopes = tf.gradients(loss, inputs, grad_ys=tf.constant(cotangent))
                slopes = [
                    None if x.dtype.is_integer else tf.zeros_like(x) if slope is None else slope
                    for slope, x in zip(slopes, inputs)
                ]
                for place, value in enumerate(given):
                    arrays[f"{case}|in:{place}"] = value
                    if slopes[place] is not None:
                        arrays[f"{case}|grad:{place}"] = session.run(slopes[place])
                arrays[f"{case}|out:0"] = session.run(loss)
                arrays[f"{case}|cot:0"] = cotangent
    folder = pathlib.Path(__file__).parent.parent / "data" / "reference"
    np.savez(folder / "losses_weighted.npz", **arrays)


if __name__ == "__main__":
    main()
