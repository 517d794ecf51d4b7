"""Makes ../data/reference/optimizers_more.npz and optimizers_sparse_more.npz: optimizers beyond those of
optimizers.npz, in float64.

Needs tensorflow-cpu==2.15.1. Keys are those of optimizers.npz: `in:…` what the model is made of,
`OPT|VARIABLE` the values after each of 5 steps, `OPT|loss_before_step`, `OPT|slot:NAME` every other
variable after the last step. TensorFlow rounds settings to float32 on their way, so they are numbers
that float32 holds exactly.
"""

import pathlib

import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
tf1.disable_v2_behavior()
train = tf1.train

STEPS = 5
DENSE = {
    "w1_start": [1.0, -2.0, 0.5],
    "w2_start": [[0.5, -0.25], [1.5, 2.0]],
    "t1": [0.5, 1.0, -1.0],
    "a1": [1.0, 0.5, 3.0],
    "a2": [[1.0, 2.0], [0.25, 0.0]],
}
SPARSE = {
    "table_start": [[1.0, -2.0], [0.5, 0.75], [3.0, 1.0], [-1.0, 0.25], [2.0, -0.5]],
    "target": [[0.0, 1.0], [-1.0, 0.5], [1.5, 0.0], [0.25, 0.25], [2.0, 2.0]],
}
INDICES = [3, 0, 3, 3, 1]


class AdamW(train.AdamOptimizer):
    """tf.contrib.opt.AdamWOptimizer, which TensorFlow 2 has no more: the variables shrink by a part of
    themselves, of a sparse gradient the rows that it names, and then comes Adam's step.

    There nothing kept the gradient from being computed after the decay, of smaller variables."""

    def __init__(self, weight_decay, decayed=None, **settings):
        super().__init__(name="AdamW", **settings)
        self.weight_decay, self.decayed = weight_decay, decayed

    def _is_decayed(self, var):
        return self.decayed is None or var.op.name in self.decayed

    def _apply_dense(self, grad, var):
        with tf.control_dependencies([grad]):
            decay = tf.no_op()
            if self._is_decayed(var):
                decay = var.assign_sub(self.weight_decay * var)
        with tf.control_dependencies([decay]):
            return super()._apply_dense(grad, var)

    def _apply_sparse(self, grad, var):
        with tf.control_dependencies([grad.values]):
            rows = self.weight_decay * tf.gather(var, grad.indices)
            decay = tf1.scatter_sub(var, grad.indices, rows)
        with tf.control_dependencies([decay]):
            return super()._apply_sparse(grad, var)


ADAM = {"learning_rate": 0.125, "beta1": 0.75, "beta2": 0.875, "epsilon": 0.0625}
OPTIMIZERS = {
    "Nesterov": lambda: train.MomentumOptimizer(0.0625, 0.875, use_nesterov=True),
    "Adagrad": lambda: train.AdagradOptimizer(0.25, initial_accumulator_value=1.5),
    "Adadelta": lambda: train.AdadeltaOptimizer(0.5, rho=0.75, epsilon=2.0**-10),
    "RMSProp": lambda: train.RMSPropOptimizer(0.0625, decay=0.75, epsilon=0.125),
    "RMSPropCentered": lambda: train.RMSPropOptimizer(
        0.0625, decay=0.75, momentum=0.25, epsilon=2.0**-10, centered=True
    ),
    "FtrlShrinkage": lambda: train.FtrlOptimizer(
        0.25,
        initial_accumulator_value=0.375,
        l1_regularization_strength=0.03125,
        l2_regularization_strength=0.0625,
        l2_shrinkage_regularization_strength=0.125,
    ),
    "FtrlPower": lambda: train.FtrlOptimizer(
        0.25, learning_rate_power=-0.25, l1_regularization_strength=0.5
    ),
    "FtrlFixedRate": lambda: train.FtrlOptimizer(0.25, learning_rate_power=0.0),
    "FtrlBeta": lambda: train.FtrlOptimizer(0.25, beta=0.75),
    "AdagradDA": lambda: train.AdagradDAOptimizer(
        0.25,
        train.get_or_create_global_step(),
        initial_gradient_squared_accumulator_value=0.5,
        l1_regularization_strength=0.125,
        l2_regularization_strength=0.25,
    ),
    "AdamW": lambda: AdamW(0.03125, **ADAM),
    "AdamWOfSome": lambda: AdamW(0.03125, ["w1"], **ADAM),
    # The proximal ones do not cast their settings to the type of the variable.
    "ProximalGradientDescent": lambda: train.ProximalGradientDescentOptimizer(
        np.float64(0.125),
        l1_regularization_strength=np.float64(0.25),
        l2_regularization_strength=np.float64(0.5),
    ),
    "ProximalAdagrad": lambda: train.ProximalAdagradOptimizer(
        np.float64(0.25),
        initial_accumulator_value=0.5,
        l1_regularization_strength=np.float64(0.25),
        l2_regularization_strength=np.float64(0.5),
    ),
}
DENSE_ALONE = ["AdamWOfSome"]


def dense_loss():
    w1, w2 = (
        tf1.get_variable(name, initializer=np.array(DENSE[f"{name}_start"]), use_resource=False)
        for name in ["w1", "w2"]
    )
    of_w1 = 0.5 * tf.reduce_sum(DENSE["a1"] * (w1 - DENSE["t1"]) ** 2)
    return of_w1 + 0.5 * tf.reduce_sum(DENSE["a2"] * w2**2)


def sparse_loss():
    start = np.array(SPARSE["table_start"])
    table = tf1.get_variable("table", initializer=start, use_resource=False)
    rows = tf.gather(table, INDICES)
    return 0.5 * tf.reduce_sum((rows - SPARSE["target"]) ** 2)


def trained(model, optimizer):
    """The arrays of one optimizer, by the second part of their keys."""
    with tf.Graph().as_default(), tf1.Session() as session:
        loss = model()
        weights = tf1.global_variables()
        step = optimizer().minimize(loss, global_step=train.get_global_step())
        session.run(tf1.global_variables_initializer())
        losses, values = [], {weight.op.name: [] for weight in weights}
        for _ in range(STEPS):
            losses.append(session.run(loss))
            session.run(step)
            for weight in weights:
                values[weight.op.name].append(session.run(weight))
        slots = [variable for variable in tf1.global_variables() if variable not in weights]
        for slot in slots:
            values["slot:" + slot.op.name.replace("/", ".")] = session.run(slot)
        return {"loss_before_step": losses, **values}


def main():
    folder = pathlib.Path(__file__).parent.parent / "data" / "reference"
    indices = {"in:indices": np.array(INDICES, np.int32)}
    for file, model, inputs, others, left_out in [
        ("optimizers_more", dense_loss, DENSE, {}, []),
        ("optimizers_sparse_more", sparse_loss, SPARSE, indices, DENSE_ALONE),
    ]:
        arrays = {f"in:{name}": np.array(value) for name, value in inputs.items()} | others
        for name, optimizer in OPTIMIZERS.items():
            if name not in left_out:
                for key, value in trained(model, optimizer).items():
                    arrays[f"{name}|{key}"] = np.array(value)
        np.savez(folder / f"{file}.npz", **arrays)


if __name__ == "__main__":
    main()
