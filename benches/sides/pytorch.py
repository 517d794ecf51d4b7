"""PyTorch: `nn.LSTM` and `nn.RNN` in eager mode; with `--compile`, cells by hand in torch.compile.

`nn.LSTM` has a second bias, which TensorFlow's cells have not: it stays zero and is not trained.
"""

import os
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import common

COMPILE = "--compile" in sys.argv
# Above so many steps the cell alone is compiled: unrolled loops take minutes to compile.
MOST_UNROLLED = 40


def parameter(array):
    return nn.Parameter(torch.from_numpy(np.array(array)))


def reorder(gates, size):
    """TensorFlow's gates i, j, f, o in the last axis as PyTorch's i, f, j, o in the first."""
    i, j, f, o = np.split(gates.T if gates.ndim == 2 else gates, 4)
    return np.concatenate([i, f, j, o])


class Recurrence(nn.Module):
    """All outputs of TensorFlow's `LSTMCell` by `nn.LSTM`, [batch, steps, size]."""

    def __init__(self, stream, inputs, hidden, projected=0):
        super().__init__()
        self.rnn = nn.LSTM(inputs, hidden, batch_first=True, proj_size=projected)
        kernel = common.weights(stream, inputs + (projected or hidden), 4 * hidden)
        bias = common.weights(stream + 1, 4 * hidden)
        bias[2 * hidden : 3 * hidden] += 1  # The forget bias.
        self.rnn.weight_ih_l0 = parameter(reorder(kernel[:inputs], hidden))
        self.rnn.weight_hh_l0 = parameter(reorder(kernel[inputs:], hidden))
        self.rnn.bias_ih_l0 = parameter(reorder(bias, hidden))
        self.rnn.bias_hh_l0 = nn.Parameter(torch.zeros(4 * hidden), requires_grad=False)
        if projected:
            self.rnn.weight_hr_l0 = parameter(common.weights(stream + 2, hidden, projected).T)

    def forward(self, x):
        return self.rnn(x)[0]


class HandRecurrence(nn.Module):
    """The same by hand: `nn.LSTM` in torch.compile does not train."""

    def __init__(self, stream, inputs, hidden, projected=0):
        super().__init__()
        kernel = common.weights(stream, inputs + (projected or hidden), 4 * hidden)
        self.w, self.u = parameter(kernel[:inputs]), parameter(kernel[inputs:])
        self.b = parameter(common.weights(stream + 1, 4 * hidden))
        self.p = parameter(common.weights(stream + 2, hidden, projected)) if projected else None
        self.cell = self.step

    def step(self, z, h, c):
        i, j, f, o = (z + h @ self.u).chunk(4, 1)
        c = torch.sigmoid(f + 1.0) * c + torch.sigmoid(i) * torch.tanh(j)
        h = torch.sigmoid(o) * torch.tanh(c)
        return (h if self.p is None else h @ self.p), c

    def forward(self, x):
        z = x @ self.w + self.b
        h, c = x.new_zeros(x.shape[0], self.u.shape[0]), x.new_zeros(x.shape[0], self.u.shape[1] // 4)
        outputs = []
        for row in z.unbind(1):
            h, c = self.cell(row, h, c)
            outputs.append(h)
        return torch.stack(outputs, 1)


def recurrence(*sizes):
    return (HandRecurrence if COMPILE else Recurrence)(*sizes)


def linear(stream, inputs, outputs):
    layer = nn.Linear(inputs, outputs)
    layer.weight = parameter(common.weights(stream, inputs, outputs).T)
    layer.bias = parameter(common.weights(stream + 1, outputs))
    return layer


class Digits(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.out = recurrence(2, 28, 128), linear(0, 128, 10)

    def forward(self, x):
        return self.out(self.rnn(x)[:, -1])


class TimeSeries(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.out = nn.RNN(1, 100, nonlinearity="relu", batch_first=True), linear(2, 100, 1)
        kernel = common.weights(0, 101, 100)
        self.rnn.weight_ih_l0 = parameter(kernel[:1].T)
        self.rnn.weight_hh_l0 = parameter(kernel[1:].T)
        self.rnn.bias_ih_l0 = parameter(common.weights(1, 100))
        self.rnn.bias_hh_l0 = nn.Parameter(torch.zeros(100), requires_grad=False)

    def forward(self, x):
        return self.out(self.rnn(x)[0])


class HandTimeSeries(nn.Module):
    def __init__(self):
        super().__init__()
        kernel = common.weights(0, 101, 100)
        self.w, self.u = parameter(kernel[:1]), parameter(kernel[1:])
        self.b, self.out = parameter(common.weights(1, 100)), linear(2, 100, 1)

    def forward(self, x):
        z = x @ self.w + self.b
        h = x.new_zeros(x.shape[0], 100)
        outputs = []
        for row in z.unbind(1):
            h = torch.relu(row + h @ self.u)
            outputs.append(h)
        return self.out(torch.stack(outputs, 1))


class FromScratch(nn.Module):
    """Notebook 003: an RNN of one gate or an LSTM of four, whose matrices lie side by side."""

    def __init__(self, gates):
        super().__init__()
        side_by_side = lambda streams, *shape: parameter(
            np.concatenate([common.weights(stream, *shape) for stream in streams], -1)
        )
        self.x = side_by_side(range(0, 2 * gates, 2), 1, 4)
        self.h = side_by_side(range(1, 2 * gates, 2), 4, 4)
        self.b = side_by_side(range(2 * gates, 3 * gates), 4)
        self.out = linear(3 * gates, 4, 1)
        self.lstm = gates > 1

    def forward(self, sequences):
        h = c = sequences.new_zeros(sequences.shape[0], 4)
        for x in sequences[:, :-1].unbind(1):
            z = x @ self.x + torch.addmm(self.b, h, self.h)
            if self.lstm:
                g, i, f, o = z.chunk(4, 1)
                c = torch.tanh(g) * torch.sigmoid(i) + torch.sigmoid(f) * c
                h = torch.sigmoid(o) * torch.tanh(c)
            else:
                h = torch.sigmoid(z)
        return self.out(h)


def model(case):
    """The model, the loss of what it gives, and the learning rate."""
    if case == "000-xor":
        loss = lambda out, y: F.cross_entropy(out.reshape(-1, 2), y.reshape(-1))
        return recurrence(0, 1, 64, 2), loss, 0.1
    if case == "000-regression":
        return recurrence(0, 1, 64, 1), lambda out, y: F.mse_loss(out.squeeze(), y), 0.1
    if case in ("001-mnist-static", "004-mnist-dynamic"):
        return Digits(), F.cross_entropy, 0.001
    if case == "002-time-series":
        return (HandTimeSeries if COMPILE else TimeSeries)(), F.mse_loss, 0.001
    if case in ("003-rnn", "003-lstm"):
        return FromScratch(1 if case == "003-rnn" else 4), F.mse_loss, 0.1
    _, _, inputs, hidden = common.lstm_sizes(case) or common.FIRST_LENGTH
    return recurrence(0, inputs, hidden), lambda out, y: F.mse_loss(out[:, -1], y), 0.001


def compiled(module, case):
    if not COMPILE:
        return module
    sizes = common.lstm_sizes(case)
    if sizes and sizes[1] > MOST_UNROLLED:
        module.cell = torch.compile(module.step)
        return module
    return torch.compile(module)


def build(case, _threads):
    if common.images_of(case):
        predict = compiled(Digits().eval(), case)

        def infer(images):
            with torch.inference_mode():
                return predict(torch.from_numpy(images)).numpy()[0, 0]

        return infer
    module, loss, rate = model(case)
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=rate)
    module = compiled(module, case)
    # The sequences of notebook 003 end in their own labels.
    labels = (lambda x: (x[:, -1],)) if case.startswith("003") else (lambda x: ())

    def step(*fed):
        x, *y = (torch.from_numpy(array) for array in fed)
        optimizer.zero_grad(set_to_none=True)
        value = loss(module(x), *y, *labels(x))
        value.backward()
        optimizer.step()
        return value.item()

    return step


def pace(threads):
    if threads:
        torch.set_num_threads(threads)
        torch.set_num_interop_threads(threads)


if COMPILE:
    sys.argv.remove("--compile")
common.main("torch.compile" if COMPILE else "torch", torch.__version__, build, pace)
