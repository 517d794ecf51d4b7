"""What the sides in Python share: numbers by the formula, and turns of measurement.

A side is started for one case. It announces itself by a line of JSON with the losses of its first
steps, then answers each line of the standard input, a number of seconds, by a line with the median
of a turn that long.
"""

import argparse
import json
import re
import sys
import time

import numpy as np

# Streams of the formula; those from 0 are the variables in the order in which TensorFlow makes them.
INPUTS, LABELS = 100, 101
COMPARED_STEPS = 3
LEAST_SAMPLES, MOST_SAMPLES = 2, 20_000
# What `new-length` begins with: batch, steps, inputs, hidden.
FIRST_LENGTH = (32, 30, 28, 128)


def uniform(stream, *shape):
    """The numbers of `src/formula.rs`, to the bit: a stream in [0, 1)."""
    index = np.arange(int(np.prod(shape)), dtype=np.uint64)
    mask = np.uint64(0xFFFFFFFF)
    mixed = (index * np.uint64(2654435761) + np.uint64(stream * 40503)) & mask
    mixed = ((mixed ^ (mixed >> np.uint64(16))) * np.uint64(0x45D9F3B)) & mask
    mixed ^= mixed >> np.uint64(16)
    numbers = (mixed >> np.uint64(8)).astype(np.float32) / np.float32(1 << 24)
    return numbers.reshape(shape)


def weights(stream, *shape):
    """The first value of the variable that TensorFlow makes as number `stream`."""
    return (uniform(stream, *shape) - np.float32(0.5)) * np.float32(0.2)


def classes(count, *shape):
    return (uniform(LABELS, *shape) * np.float32(count)).astype(np.int64)


def one_hot(images):
    return np.eye(10, dtype=np.float32)[classes(10, images)]


def lstm_sizes(case):
    """Batch, steps, inputs and hidden size of `lstm-b64-t128-i256-h512`; None of another case."""
    match = re.fullmatch(r"lstm-b(\d+)-t(\d+)-i(\d+)-h(\d+)", case)
    return match and tuple(int(size) for size in match.groups())


def images_of(case):
    """The batch of `infer-b256`; None of another case."""
    match = re.fullmatch(r"infer-b(\d+)", case)
    return match and int(match.group(1))


def feeds(case):
    """What is fed in each step of training."""
    if case == "000-xor":
        return np.floor(uniform(INPUTS, 4096, 12, 1) * 2), classes(2, 4096, 12)
    if case == "000-regression":
        return uniform(INPUTS, 100, 10, 1), uniform(LABELS, 100, 10)
    if case in ("001-mnist-static", "004-mnist-dynamic"):
        images = 128 if case.startswith("001") else 100
        return uniform(INPUTS, images, 28, 28), one_hot(images)
    if case == "002-time-series":
        return uniform(INPUTS, 1, 30, 1), uniform(LABELS, 1, 30, 1)
    if case in ("003-rnn", "003-lstm"):
        return (uniform(INPUTS, 800, 10, 1),)
    if images_of(case):
        return (uniform(INPUTS, images_of(case), 28, 28),)
    return sequences(*lstm_sizes(case))


def sequences(batch, steps, inputs, hidden):
    return uniform(INPUTS, batch, steps, inputs), uniform(LABELS, batch, hidden)


def main(side, version, build, pace=lambda threads: None):
    """Measures the case of the command line.

    `build(case, threads)` gives the step: a function of the fed arrays that gives the loss, or one
    output, as a number. `pace(threads)` is called first; no number of threads stands for all.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("case", help="a case, or `start`: the first training step of notebook 001")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--seconds", type=float, help="one turn, instead of those asked for")
    arguments = parser.parse_args()
    pace(arguments.threads)
    label = {"side": side, "case": arguments.case, "threads": str(arguments.threads or "all")}

    def report(**rest):
        print(json.dumps({**label, "peak_mib": peak_mib(), **rest}), flush=True)

    if arguments.case == "start":
        case = "001-mnist-static"
        step = build(case, arguments.threads)
        report(version=version, losses=[float(step(*feeds(case)))])
        return
    if arguments.case == "new-length":
        fed = sequences(*FIRST_LENGTH)
        step = build("new-length", arguments.threads)
        sample = new_length(step)
    else:
        fed = feeds(arguments.case)
        step = build(arguments.case, arguments.threads)
        sample = lambda: timed(step, fed)
    losses = [float(step(*fed)) for _ in range(COMPARED_STEPS)]
    report(version=version, losses=losses)
    lines = sys.stdin if arguments.seconds is None else [arguments.seconds]
    for line in lines:
        report(**turn(float(line), sample))


def new_length(step):
    """What the first step with each new length costs beyond the shorter of two later ones."""
    batch, length, inputs, hidden = FIRST_LENGTH

    def sample():
        nonlocal length
        length += 1
        fed = sequences(batch, length, inputs, hidden)
        first = timed(step, fed)
        return first - min(timed(step, fed), timed(step, fed))

    return sample


def timed(step, fed):
    start = time.perf_counter()
    step(*fed)
    return (time.perf_counter() - start) * 1e3


def turn(seconds, sample):
    end = time.perf_counter() + seconds
    samples = []
    while len(samples) < LEAST_SAMPLES or (
        time.perf_counter() < end and len(samples) < MOST_SAMPLES
    ):
        samples.append(sample())
    samples.sort()
    count = len(samples)
    median, p10 = samples[count // 2], samples[count // 10]
    return {"median_ms": median, "p10_ms": p10, "samples": count}


def peak_mib():
    """The most memory that this process ever had resident; None where the system does not tell."""
    try:
        with open("/proc/self/status") as status:
            (line,) = (line for line in status if line.startswith("VmHWM:"))
    except OSError:
        return None
    return int(line.split()[1]) / 1024
