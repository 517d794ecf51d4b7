"""What is measured, of whom, and how long."""

from dataclasses import dataclass

OURS = "aqueduct"
PYTHON = ("tensorflow", "torch", "torch.compile", "jax")
RUST = ("candle", "burn")

NOTEBOOKS = {
    "000-xor": "000 parity, batch 4096 × 12, LSTM 64 projected to 2",
    "000-regression": "000 regression, batch 100 × 10, LSTM 64 projected to 1",
    "001-mnist-static": "001 MNIST, unrolled, batch 128",
    "002-time-series": "002 time series, batch 1 × 30, RNN 100",
    "003-rnn": "003 RNN from scratch, batch 800 × 9",
    "003-lstm": "003 LSTM from scratch, batch 800 × 9",
    "004-mnist-dynamic": "004 MNIST, one loop, batch 100",
}
LARGE = {
    "lstm-b64-t128-i256-h512": "LSTM, batch 64 × 128, 256 inputs, 512 hidden",
    "lstm-b32-t100-i512-h1024": "LSTM, batch 32 × 100, 512 inputs, 1024 hidden",
}
INFERENCE = {
    "infer-b1": "inference on the MNIST net, batch 1",
    "infer-b256": "inference on the MNIST net, batch 256",
}
STEPS = {**NOTEBOOKS, **LARGE, **INFERENCE}
NEW_LENGTH = "new-length"
START = "start"
PEAK = "peak"

# One size at a time is varied around a middle.
_MIDDLE = {"b": 32, "t": 64, "i": 64, "h": 128}
_VARIED = {"t": (16, 64, 256), "b": (1, 32, 128), "h": (32, 128, 512)}


def lstm(**sizes):
    return "lstm-" + "-".join(f"{name}{size}" for name, size in sizes.items())


# Of each size that is varied: the cases in ascending order.
SCALING = {
    name: [lstm(**{**_MIDDLE, name: size}) for size in sizes] for name, sizes in _VARIED.items()
}


@dataclass(frozen=True)
class Goal:
    """How many times faster than the best of these sides; than the best of all where none is named."""

    case: str
    factor: float
    side: str | None = None


GOALS = [
    *(Goal(case, 3) for case in ("002-time-series", "003-rnn", "003-lstm", "000-xor", "000-regression")),
    *(Goal(case, 10, "tensorflow") for case in ("002-time-series", "003-rnn", "003-lstm")),
    *(Goal(case, 1.5) for case in ("001-mnist-static", "004-mnist-dynamic")),
    Goal("infer-b1", 2),
    Goal("infer-b256", 1.2),
    *(Goal(case, 1.2) for case in LARGE),
]
START_GOAL_MS = 50
MEMORY_GOAL = 0.1


@dataclass(frozen=True)
class Effort:
    """How much is measured of a case."""

    rounds: int
    turn_seconds: float
    starts: int


FULL = Effort(rounds=5, turn_seconds=0.5, starts=5)
QUICK = Effort(rounds=2, turn_seconds=0.15, starts=1)


def all_cases():
    """The cases in the order of measurement, each with the numbers of threads; None stands for all."""
    both = [(case, threads) for case in (*STEPS, NEW_LENGTH) for threads in (1, None)]
    scaling = {case: None for cases in SCALING.values() for case in cases}
    return [*both, *((case, None) for case in scaling)]


def measures(side, case, threads=None):
    """Whether a side takes part in a case, on so many threads."""
    if side in RUST:
        if case in LARGE and threads == 1:  # A step takes seconds.
            return False
        return "mnist" in case or case in LARGE or case in INFERENCE or case == START
    # Compiled code has no start worth the name, and compiles for minutes for each size.
    if side == "torch.compile":
        return case in STEPS
    return True


def operations(case):
    """Floating-point operations that a step needs in matrix products; None where products are small.

    Forward, and backward for the weights, each row of each step meets the whole kernel; backward for
    the state, the rows of the kernel that belong to the state.
    """
    sizes = {
        "001-mnist-static": (128, 28, 28, 128),
        "004-mnist-dynamic": (100, 28, 28, 128),
        "infer-b256": (256, 28, 28, 128),
        "lstm-b64-t128-i256-h512": (64, 128, 256, 512),
        "lstm-b32-t100-i512-h1024": (32, 100, 512, 1024),
    }.get(case)
    if sizes is None:
        return None
    batch, steps, inputs, hidden = sizes
    rows = (inputs + hidden) if case in INFERENCE else 2 * (inputs + hidden) + hidden
    return 2 * batch * steps * rows * 4 * hidden
