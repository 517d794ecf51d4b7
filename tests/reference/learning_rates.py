"""Makes ../data/reference/learning_rates.npz: schedules and settings that lr_schedules.npz lacks.

Needs tensorflow-cpu==2.15.1. `steps` are the counts of steps; every other key is the call itself, with
`gs` for the count (int64), and holds the rate at each of them.
"""

import pathlib

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_eager_execution()

STEPS = np.array([0, 1, 5, 9, 10, 11, 19, 20, 25, 40, 59, 61, 99, 100, 101, 139, 141, 250], np.int64)
CALLS = [
    "natural_exp_decay(0.1,gs,10,0.5,staircase=True)",
    "polynomial_decay(0.1,gs,100,0.2,power=3.0)",
    "polynomial_decay(0.1,gs,20,cycle=True)",
    "cosine_decay_restarts(0.1,gs,20,t_mul=1.0)",
    "cosine_decay_restarts(0.1,gs,20,m_mul=0.5)",
    "cosine_decay_restarts(0.1,gs,20,t_mul=1.0,m_mul=0.5,alpha=0.1)",
    "cosine_decay_restarts(0.1,gs,20,t_mul=1.5,m_mul=0.9,alpha=0.2)",
    "cosine_decay_restarts(0.1,gs,20,t_mul=0.5)",
    "linear_cosine_decay(0.1,gs,100)",
    "linear_cosine_decay(0.1,gs,100,num_periods=2.5,alpha=0.1,beta=0.01)",
]


def rates(call, session, graph):
    with graph.as_default():
        gs = tf.placeholder(tf.int64, [])
        rate = eval("tf.train." + call, {"tf": tf, "gs": gs})
    return np.array([session.run(rate, {gs: step}) for step in STEPS])


def main():
    arrays = {"steps": STEPS}
    graph = tf.Graph()
    with tf.Session(graph=graph) as session:
        for call in CALLS:
            arrays[call] = rates(call, session, graph)
    folder = pathlib.Path(__file__).parent.parent / "data" / "reference"
    np.savez(folder / "learning_rates.npz", **arrays)


if __name__ == "__main__":
    main()
