"""JAX: one jitted step of `lax.scan`, its gradient, and Adam by hand into donated buffers."""

import os

os.environ["JAX_PLATFORMS"] = "cpu"

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jax.nn import log_softmax, relu, sigmoid

import common

weights = common.weights


def lstm(kernel, bias, x, projection=None):
    """All outputs, [steps, batch, size]. The product with the inputs is taken before the loop."""
    inputs, hidden = x.shape[2], kernel.shape[1] // 4
    recurrent = kernel[inputs:]
    projected = jnp.einsum("bti,ih->tbh", x, kernel[:inputs]) + bias

    def cell(state, gates):
        c, h = state
        i, j, f, o = jnp.split(gates + h @ recurrent, 4, 1)
        c = c * sigmoid(f + 1.0) + sigmoid(i) * jnp.tanh(j)
        h = jnp.tanh(c) * sigmoid(o)
        if projection is not None:
            h = h @ projection
        return (c, h), h

    c, h = jnp.zeros((x.shape[0], hidden)), jnp.zeros((x.shape[0], recurrent.shape[0]))
    return lax.scan(cell, (c, h), projected)[1]


def lstm_weights(stream, inputs, hidden, projected=None):
    rows = inputs + (projected or hidden)
    values = {
        "kernel": weights(stream, rows, 4 * hidden),
        "bias": weights(stream + 1, 4 * hidden),
    }
    if projected:
        values["projection"] = weights(stream + 2, hidden, projected)
    return values


def cross_entropy(logits, labels):
    return -(labels * log_softmax(logits)).sum(-1).mean()


def parity_loss(p, x, y):
    return cross_entropy(lstm(x=x, **p).swapaxes(0, 1), jax.nn.one_hot(y, 2))


def regression_loss(p, x, y):
    return ((lstm(x=x, **p).swapaxes(0, 1)[..., 0] - y) ** 2).mean()


def logits(p, x):
    return lstm(p["kernel"], p["bias"], x)[-1] @ p["w"] + p["b"]


def digits_loss(p, x, y):
    return cross_entropy(logits(p, x), y)


def time_series_loss(p, x, y):
    projected = x.swapaxes(0, 1) @ p["kernel"][:1] + p["bias"]
    recurrent = p["kernel"][1:]

    def cell(h, row):
        h = relu(row + h @ recurrent)
        return h, h

    hs = lax.scan(cell, jnp.zeros((x.shape[0], 100)), projected)[1]
    return (((hs @ p["w"] + p["b"]).swapaxes(0, 1) - y) ** 2).mean()


def from_scratch_loss(p, sequences):
    """Notebook 003: an RNN if the bias is as wide as the state, else an LSTM."""
    lstm = p["bias"].shape[0] > 4

    def cell(state, x):
        h, c = state
        z = x @ p["x"] + (h @ p["h"] + p["bias"])
        if lstm:
            g, i, f, o = jnp.split(z, 4, 1)
            c = jnp.tanh(g) * sigmoid(i) + sigmoid(f) * c
            h = sigmoid(o) * jnp.tanh(c)
        else:
            h = sigmoid(z)
        return (h, c), h

    zeros = jnp.zeros((sequences.shape[0], 4))
    steps = sequences[:, :-1].swapaxes(0, 1)
    hs = lax.scan(cell, (zeros, zeros), steps, unroll=9)[1]
    return ((hs[-1] @ p["w"] + p["b"] - sequences[:, -1]) ** 2).mean()


def sequences_loss(p, x, y):
    return ((lstm(x=x, **p)[-1] - y) ** 2).mean()


def digits_weights():
    return {"w": weights(0, 128, 10), "b": weights(1, 10), **lstm_weights(2, 28, 128)}


def from_scratch_weights(gates):
    x = [weights(2 * gate, 1, 4) for gate in range(gates)]
    h = [weights(2 * gate + 1, 4, 4) for gate in range(gates)]
    bias = [weights(2 * gates + gate, 4) for gate in range(gates)]
    join = partial(jnp.concatenate, axis=-1)
    w, b = weights(3 * gates, 4, 1), weights(3 * gates + 1, 1)
    return {"x": join(x), "h": join(h), "bias": join(bias), "w": w, "b": b}


def model(case):
    """The first weights, the loss and the learning rate."""
    if case == "000-xor":
        return lstm_weights(0, 1, 64, 2), parity_loss, 0.1
    if case == "000-regression":
        return lstm_weights(0, 1, 64, 1), regression_loss, 0.1
    if case in ("001-mnist-static", "004-mnist-dynamic"):
        return digits_weights(), digits_loss, 0.001
    if case == "002-time-series":
        values = {"kernel": weights(0, 101, 100), "bias": weights(1, 100)}
        return {**values, "w": weights(2, 100, 1), "b": weights(3, 1)}, time_series_loss, 0.001
    if case in ("003-rnn", "003-lstm"):
        return from_scratch_weights(1 if case == "003-rnn" else 4), from_scratch_loss, 0.1
    _, _, inputs, hidden = common.lstm_sizes(case) or common.FIRST_LENGTH
    return lstm_weights(0, inputs, hidden), sequences_loss, 0.001


def build(case, _threads):
    if common.images_of(case):
        values = jax.device_put(digits_weights())
        predict = jax.jit(logits)
        return lambda images: jax.device_get(predict(values, images))[0, 0]
    return training(*model(case))


def training(first, loss, rate):
    each = jax.tree_util.tree_map

    @partial(jax.jit, donate_argnums=0)
    def step(state, *fed):
        p, m, v, t = state
        value, gradient = jax.value_and_grad(loss)(p, *fed)
        t = t + 1
        m = each(lambda m, g: 0.9 * m + 0.1 * g, m, gradient)
        v = each(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradient)
        scale = rate * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        p = each(lambda p, m, v: p - scale * m / (jnp.sqrt(v) + 1e-8), p, m, v)
        return (p, m, v, t), value

    zeros = lambda: each(jnp.zeros_like, first)
    state = (jax.device_put(first), zeros(), zeros(), jnp.float32(0))

    def run(*fed):
        nonlocal state
        state, value = jax.block_until_ready(step(state, *fed))
        return float(value)

    return run


# The number of threads is set from outside, by the cores that the process may use.
common.main("jax", jax.__version__, build)
