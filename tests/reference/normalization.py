"""Makes ../data/reference/batch_normalization.npz, layer_norm.npz and rnn_layer_norm_basic_lstm_MODE.npz.

Needs tensorflow-cpu==2.15.1 with Keras 2, for `tf.compat.v1.layers`. Layer normalisation and its LSTM
cell are written here after their formulas, since TensorFlow 2 has them no longer.

Batch normalisation, `CASE|...`: `in:K` is what step K is fed, `y:K` what it gives, `loss:K` the loss
`sum(y * cot:0)`, which SGD(0.1) makes smaller; `NAME:K` are the variables after the step. `test` is what
the trained layer gives for `in:0`; `train_grad:NAME` and `test_grad:NAME` are the gradients of
`sum(y * cot:0)` there, while training and otherwise.
"""

import pathlib

import numpy as np
import tensorflow as tf

tf.compat.v1.disable_v2_behavior()
tf1 = tf.compat.v1

FOLDER = pathlib.Path(__file__).parent.parent / "data" / "reference"
STEPS = 4
random = np.random.RandomState(11)


def draw(*shape):
    return random.uniform(-2.0, 2.0, shape).astype(np.float32)


BATCH_CASES = {
    "rank2": ((6, 3), {}),
    "rank2_plain": ((6, 3), {"center": False, "scale": False, "epsilon": 0.1}),
    "rank3_axis1": ((4, 3, 2), {"axis": 1, "momentum": 0.9}),
    "rank4_fused": ((2, 2, 2, 3), {"momentum": 0.8}),
    "rank4_not_fused": ((2, 2, 2, 3), {"momentum": 0.8, "fused": False}),
    "rank4_axis2": ((2, 2, 3, 2), {"axis": 2, "momentum": 0.8}),
}


def batch_normalization(arrays, case, shape, settings):
    with tf.Graph().as_default(), tf1.Session() as session:
        x = tf1.placeholder(tf.float32, shape)
        training = tf1.placeholder(tf.bool, [])
        y = tf1.layers.batch_normalization(x, training=training, **settings)
        cotangent = draw(*shape)
        loss = tf.reduce_sum(y * cotangent)
        trained = tf1.trainable_variables()
        updates = tf1.get_collection(tf1.GraphKeys.UPDATE_OPS)
        steps = list(updates)
        if trained:
            steps.append(tf1.train.GradientDescentOptimizer(0.1).minimize(loss))
        slopes = dict(zip(["x"] + [v.op.name for v in trained], tf.gradients(loss, [x] + trained)))
        short = lambda name: name.split("/")[-1]
        session.run(tf1.global_variables_initializer())
        first = draw(*shape) + 1.0
        for step in range(STEPS):
            value = first if step == 0 else draw(*shape) * (step + 1) - step
            arrays[f"{case}|in:{step}"] = value
            feed = {x: value, training: True}
            arrays[f"{case}|y:{step}"], arrays[f"{case}|loss:{step}"] = session.run([y, loss], feed)
            session.run(steps, feed)
            for variable in tf1.global_variables():
                arrays[f"{case}|{short(variable.op.name)}:{step}"] = session.run(variable)
        arrays[f"{case}|cot:0"] = cotangent
        arrays[f"{case}|test"] = session.run(y, {x: first, training: False})
        for mode, is_training in [("train", True), ("test", False)]:
            for name, slope in slopes.items():
                value = session.run(slope, {x: first, training: is_training})
                arrays[f"{case}|{mode}_grad:{short(name)}"] = value


def normalized(x, axes, beta, gamma):
    mean, variance = tf1.nn.moments(x, axes, keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-12)


LAYER_CASES = {
    "rank2": ((4, 5), [1], (5,)),
    "rank3_all": ((2, 3, 4), [1, 2], (4,)),
    "rank3_last": ((2, 3, 4), [2], (4,)),
    "rank3_parameters": ((2, 3, 4), [1, 2], (3, 4)),
}


def layer_norm(arrays, case, shape, axes, parameters):
    with tf.Graph().as_default(), tf1.Session() as session:
        given = [draw(*shape), draw(*parameters), draw(*parameters)]
        inputs = [tf.constant(value) for value in given]
        y = normalized(inputs[0], axes, inputs[1], inputs[2])
        cotangent = draw(*shape)
        slopes = tf.gradients(y, inputs, grad_ys=tf.constant(cotangent))
        for place, (value, slope) in enumerate(zip(given, session.run(slopes))):
            arrays[f"{case}|in:{place}"] = value
            arrays[f"{case}|grad:{place}"] = slope
        arrays[f"{case}|out:0"] = session.run(y)
        arrays[f"{case}|cot:0"] = cotangent


# Of draws in which no row has so little variance that single precision loses what is compared.
LSTM_SEEDS = {"dynamic": 1, "dynamic_seqlen": 0, "static": 1}


def lstm(mode, seed, dtype=tf.float64):
    """Five steps of four rows of three inputs, of four units."""
    random.seed(seed)
    units, steps = 4, 5
    weights = {"kernel": draw(3 + units, 4 * units)}
    for scope in ["input", "transform", "forget", "output", "state"]:
        weights[f"{scope}.gamma"] = draw(units)
        weights[f"{scope}.beta"] = draw(units)
    given = {"x": draw(4, steps, 3), "initial_state_0": draw(4, units), "initial_state_1": draw(4, units)}
    lengths = np.int32([5, 0, 3, 1])
    with tf.Graph().as_default(), tf1.Session() as session:
        own = {name: tf.constant(value, dtype) for name, value in weights.items()}
        inputs = {name: tf.constant(value, dtype) for name, value in given.items()}

        def norm(x, scope):
            return normalized(x, [1], own[f"{scope}.beta"], own[f"{scope}.gamma"])

        c, h = inputs["initial_state_0"], inputs["initial_state_1"]
        outputs = []
        for step in range(steps):
            product = tf.matmul(tf.concat([inputs["x"][:, step], h], 1), own["kernel"])
            i, j, f, o = tf.split(product, 4, 1)
            i, j = norm(i, "input"), norm(j, "transform")
            f, o = norm(f, "forget"), norm(o, "output")
            next_c = norm(c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j), "state")
            next_h = tf.tanh(next_c) * tf.sigmoid(o)
            if mode == "dynamic_seqlen":
                runs = (step < lengths)[:, None]
                outputs.append(tf1.where_v2(runs, next_h, tf.zeros_like(h)))
                c, h = tf1.where_v2(runs, next_c, c), tf1.where_v2(runs, next_h, h)
            else:
                outputs.append(next_h)
                c, h = next_c, next_h
        results = {"output": tf.stack(outputs, 1), "state_0": c, "state_1": h}
        arrays = {f"in:{name}": value for name, value in given.items()}
        if mode == "dynamic_seqlen":
            arrays["in:sequence_length"] = lengths
        loss = 0.0
        for name, result in results.items():
            cotangent = draw(*result.shape)
            arrays[f"out:{name}"], arrays[f"cot:{name}"] = session.run(result), cotangent
            loss += tf.reduce_sum(result * cotangent)
        prefix = "rnn.layer_norm_basic_lstm_cell."
        for name, value in weights.items():
            arrays[f"w:{prefix}{name}"] = value
        sources = inputs | {f"{prefix}{name}": value for name, value in own.items()}
        for name, slope in zip(sources, session.run(tf.gradients(loss, list(sources.values())))):
            arrays[f"grad:{name}"] = slope
        single = lambda x: x.astype(np.float32) if x.dtype == np.float64 else x
        arrays = {name: single(value) for name, value in arrays.items()}
        return arrays


def main():
    arrays = {}
    for case, (shape, settings) in BATCH_CASES.items():
        batch_normalization(arrays, case, shape, settings)
    np.savez(FOLDER / "batch_normalization.npz", **arrays)
    arrays = {}
    for case, description in LAYER_CASES.items():
        layer_norm(arrays, case, *description)
    np.savez(FOLDER / "layer_norm.npz", **arrays)
    for mode, seed in LSTM_SEEDS.items():
        np.savez(FOLDER / f"rnn_layer_norm_basic_lstm_{mode}.npz", **lstm(mode, seed))


if __name__ == "__main__":
    main()
