"""Makes ../data/reference/moving_averages.npz: five steps of ExponentialMovingAverage.

Needs tensorflow-cpu==2.15.1. `in:x` [5, 3] are the values that the variable `w` takes, one a step, and
`in:start` [3] the value that it starts from; the tensor `y` is x * 2 - 1. The count of updates is 0 in the
first step. `CASE|NAME` holds each global variable but `w` after each step (a `/` is written `.`).
"""

import pathlib

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_eager_execution()
tf.enable_resource_variables()

START = np.array([1.0, -2.0, 0.5], np.float32)
CASES = {
    "plain": {"decay": 0.9},
    "counted": {"decay": 0.5, "count": True},
    "debiased": {"decay": 0.9, "zero_debias": True},
    "counted and debiased": {"decay": 0.75, "count": True, "zero_debias": True},
}


def steps(values, decay, count=False, zero_debias=False):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [3])
        n = tf.placeholder(tf.int64, [])
        w = tf.get_variable("w", initializer=START)
        y = tf.subtract(x * 2.0, 1.0, name="y")
        averages = tf.train.ExponentialMovingAverage(decay, n if count else None, zero_debias)
        with tf.control_dependencies([w.assign(x)]):
            train = averages.apply([w, y])
        session.run(tf.global_variables_initializer())
        kept = {v.op.name.replace("/", "."): v for v in tf.global_variables() if v is not w}
        for step, value in enumerate(values):
            session.run(train, {x: value, n: step})
            yield session.run(kept)


def main():
    values = np.random.RandomState(6).normal(size=[5, 3]).astype(np.float32)
    arrays = {"in:x": values, "in:start": START}
    for case, settings in CASES.items():
        rows = list(steps(values, **settings))
        for name in rows[0]:
            arrays[f"{case}|{name}"] = np.stack([row[name] for row in rows])
    folder = pathlib.Path(__file__).parent.parent / "data" / "reference"
    np.savez(folder / "moving_averages.npz", **arrays)


if __name__ == "__main__":
    main()
