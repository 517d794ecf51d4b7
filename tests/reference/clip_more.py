"""Makes ../data/reference/clip_more.npz: clip_by_average_norm.

Needs tensorflow-cpu==2.15.1. Keys are those of single ops in ../data/README.md.
"""

import pathlib

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()

X = np.array([[0.5, -1.25, 2.0], [1.5, 0.0, -3.0]], np.float32)
COTANGENT = np.array([[1.0, -0.5, 0.25], [2.0, 0.75, -1.0]], np.float32)
NORMS = {
    "clip_by_average_norm_active": 0.25,
    "clip_by_average_norm_inactive": 10.0,
}


def main():
    arrays = {}
    for name, norm in NORMS.items():
        with tf.Graph().as_default(), tf.Session() as session:
            x = tf.constant(X)
            clipped = tf.clip_by_average_norm(x, norm)
            gradient = tf.gradients(clipped, x, COTANGENT)[0]
            clipped, gradient = session.run([clipped, gradient])
        for role, value in [("in", X), ("out", clipped), ("cot", COTANGENT), ("grad", gradient)]:
            arrays[f"{name}|{role}:0"] = value
    folder = pathlib.Path(__file__).parent.parent / "data" / "reference"
    np.savez(folder / "clip_more.npz", **arrays)


if __name__ == "__main__":
    main()
