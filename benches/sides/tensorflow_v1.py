"""TensorFlow: `tensorflow.compat.v1`, a graph and a session, as the notebooks use it."""

import os
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
warnings.filterwarnings("ignore")

import tensorflow.compat.v1 as tf

import common

tf.logging.set_verbosity(tf.logging.ERROR)
tf.disable_v2_behavior()
rnn_cell = tf.nn.rnn_cell


class OutputProjection(rnn_cell.RNNCell):
    """`tf.contrib.rnn.OutputProjectionWrapper`, which TensorFlow 2 does not ship."""

    def __init__(self, cell, size):
        super().__init__()
        self.cell, self.size = cell, size

    @property
    def state_size(self):
        return self.cell.state_size

    @property
    def output_size(self):
        return self.size

    def zero_state(self, batch_size, dtype):
        return self.cell.zero_state(batch_size, dtype)

    def call(self, inputs, state):
        output, state = self.cell(inputs, state)
        kernel = tf.get_variable("kernel", [self.cell.output_size, self.size])
        bias = tf.get_variable("bias", [self.size])
        return tf.nn.xw_plus_b(output, kernel, bias), state


def parity():
    x = tf.placeholder(tf.float32, [None, None, 1])
    y = tf.placeholder(tf.int64, [None, None])
    out, _ = tf.nn.dynamic_rnn(rnn_cell.LSTMCell(64, num_proj=2), x, dtype=tf.float32)
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=out)
    return (x, y), tf.reduce_mean(loss), 0.1


def regression():
    x = tf.placeholder(tf.float32, [None, None, 1])
    y = tf.placeholder(tf.float32, [None, None])
    out, _ = tf.nn.dynamic_rnn(rnn_cell.LSTMCell(64, num_proj=1), x, dtype=tf.float32)
    return (x, y), tf.reduce_mean(tf.square(tf.squeeze(out) - y)), 0.1


def digits(unrolled):
    """The feeds, the logits and the loss."""
    x = tf.placeholder(tf.float32, [None, 28, 28])
    y = tf.placeholder(tf.float32, [None, 10])
    w = tf.Variable(tf.random_normal([128, 10]))
    b = tf.Variable(tf.random_normal([10]))
    cell = rnn_cell.BasicLSTMCell(128, forget_bias=1.0)
    if unrolled:
        rows = tf.split(tf.reshape(tf.transpose(x, [1, 0, 2]), [-1, 28]), 28, 0)
        outputs, _ = tf.nn.static_rnn(cell, rows, dtype=tf.float32)
        last = outputs[-1]
    else:
        outputs, _ = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
        last = tf.reshape(tf.split(outputs, 28, axis=1)[-1], [-1, 128])
    logits = tf.matmul(last, w) + b
    loss = tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=y)
    return (x, y), logits, tf.reduce_mean(loss)


def time_series():
    x = tf.placeholder(tf.float32, [None, 30, 1])
    y = tf.placeholder(tf.float32, [None, 30, 1])
    cell = OutputProjection(rnn_cell.BasicRNNCell(100, activation=tf.nn.relu), 1)
    outputs, _ = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    return (x, y), tf.reduce_mean(tf.square(outputs - y)), 0.001


def from_scratch(gates):
    """Notebook 003: an RNN if there is one gate, else an LSTM, from matrix products."""
    sequences = tf.placeholder(tf.float32, [None, 10, 1])
    lstm = len(gates) > 1
    matrices = {g: (tf.get_variable(f"W_{g}x", [1, 4]), tf.get_variable(f"W_{g}h", [4, 4])) for g in gates}
    biases = {g: tf.get_variable(f"b_{g}", [4]) for g in gates}
    w_y, b_y = tf.get_variable("W_yh", [4, 1]), tf.get_variable("b_y", [1])
    hidden = state = tf.zeros([tf.shape(sequences)[0], 4])
    hiddens = []
    for step in range(9):
        x = sequences[:, step, :]
        gate = lambda g: tf.matmul(x, matrices[g][0]) + tf.nn.xw_plus_b(hidden, matrices[g][1], biases[g])
        if lstm:
            state = tf.tanh(gate("g")) * tf.sigmoid(gate("i")) + tf.sigmoid(gate("f")) * state
            hidden = tf.sigmoid(gate("o")) * tf.tanh(state)
        else:
            hidden = tf.sigmoid(gate("h"))
        hiddens.append(hidden)
    outputs = tf.nn.xw_plus_b(tf.reshape(tf.stack(hiddens, 1), [-1, 4]), w_y, b_y)
    predicted = tf.reshape(outputs, [-1, 9, 1])[:, -1, :]
    loss = tf.losses.mean_squared_error(labels=sequences[:, -1, :], predictions=predicted)
    return (sequences,), loss, 0.1


def sequences(_batch, _steps, inputs, hidden):
    x = tf.placeholder(tf.float32, [None, None, inputs])
    y = tf.placeholder(tf.float32, [None, hidden])
    outputs, _ = tf.nn.dynamic_rnn(rnn_cell.BasicLSTMCell(hidden), x, dtype=tf.float32)
    return (x, y), tf.reduce_mean(tf.square(outputs[:, -1, :] - y)), 0.001


def model(case):
    """The feeds, the loss and the learning rate."""
    if case == "000-xor":
        return parity()
    if case == "000-regression":
        return regression()
    if case in ("001-mnist-static", "004-mnist-dynamic"):
        fed, _, loss = digits(unrolled=case.startswith("001"))
        return fed, loss, 0.001
    if case == "002-time-series":
        return time_series()
    if case in ("003-rnn", "003-lstm"):
        return from_scratch("h" if case == "003-rnn" else "gifo")
    return sequences(*(common.lstm_sizes(case) or common.FIRST_LENGTH))


def build(case, threads):
    if common.images_of(case):
        (x, _), logits, _ = digits(unrolled=False)
        session = initialized(threads)
        return lambda images: session.run(logits, {x: images})[0, 0]
    placeholders, loss, rate = model(case)
    fetches = [tf.train.AdamOptimizer(rate).minimize(loss), loss]
    session = initialized(threads)
    return lambda *fed: session.run(fetches, dict(zip(placeholders, fed)))[1]


def initialized(threads):
    """A session with the first weights of the formula."""
    count = threads or 0
    config = tf.ConfigProto(
        intra_op_parallelism_threads=count, inter_op_parallelism_threads=count
    )
    session = tf.Session(config=config)
    session.run(tf.global_variables_initializer())
    for stream, variable in enumerate(tf.trainable_variables()):
        variable.load(common.weights(stream, *variable.shape.as_list()), session)
    return session


common.main("tensorflow", tf.__version__, build)
