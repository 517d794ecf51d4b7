"""Makes ../data/reference/segments.npz: slices with equal ids put together.

Needs tensorflow-cpu==2.15.1. Keys are those of single ops in ../data/README.md.
"""

import numpy as np
import tensorflow.compat.v1 as tf

from math_more import draw, save

SORTED = ["sum", "prod", "mean", "max", "min"]
UNSORTED = [*SORTED, "sqrt_n"]


def ids(*numbers):
    return np.array(numbers, np.int32)


def sized(function, count):
    """The function of as many segments, which TensorFlow does not tell while it builds."""
    return lambda x, ids: tf.ensure_shape(function(x, ids), [count, *x.shape[1:]])


def in_order():
    x = draw(6, 3)
    x[1, 0] = 0
    ties = np.round(2 * draw(6, 2))
    integers = np.arange(3, 9, dtype=np.int32)
    for name in SORTED:
        function = getattr(tf.math, f"segment_{name}")
        yield f"segment_{name}", [x, ids(0, 0, 0, 1, 2, 2)], sized(function, 3)
        yield f"segment_{name} with gaps", [x, ids(1, 1, 3, 3, 3, 6)], sized(function, 7)
        yield f"segment_{name} of ties", [ties, ids(0, 0, 0, 1, 1, 1)], sized(function, 2)
        if name != "mean":
            inputs = [integers, ids(0, 0, 1, 3, 3, 3)]
            yield f"segment_{name} of integers", inputs, sized(function, 4)


def in_any_order():
    x, table = draw(6, 3), draw(2, 3, 2)
    x[1, 0] = x[2, 1] = x[4, 1] = 0
    ties = np.round(2 * draw(6, 2))
    for name in UNSORTED:
        function = getattr(tf.math, f"unsorted_segment_{name}")
        five = lambda x, ids, function=function: function(x, ids, 5)
        yield f"unsorted_segment_{name}", [x, ids(3, 0, 2, 0, 2, 3)], five
        yield f"unsorted_segment_{name} dropping", [x, ids(3, -1, 3, 0, -2, 3)], five
        yield f"unsorted_segment_{name} by a table", [table, ids([3, 0, 3], [1, -1, 0])], five
        yield f"unsorted_segment_{name} of ties", [ties, ids(2, 0, 2, 0, 2, 0)], five
        yield f"unsorted_segment_{name} by one", [x[0], ids(2)[0]], five


if __name__ == "__main__":
    save("segments.npz", [*in_order(), *in_any_order()])
