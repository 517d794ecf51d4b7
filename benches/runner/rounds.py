"""Rounds of measurement: for each case all sides are started, and then take turns."""

import json
import math
import os
import subprocess
import threading
import time
from datetime import date

from . import cases, install

# A side that is not ready by then is left out of the case: torch.compile may take minutes.
READY_SECONDS = 600
# Between turns, so that threads of the last side that still spin come to rest.
PAUSE_SECONDS = 0.05
# How far the losses of the sides may lie apart: of the first step by rounding alone; of later ones
# more, since PyTorch, candle and burn add Adam's epsilon elsewhere than TensorFlow does.
FIRST_LOSS, LATER_LOSSES = 1e-3, 0.05


class Worker:
    """One side at one case: a process that is asked for turns."""

    def __init__(self, side, case, threads):
        self.name = f"{side}, {case}, {threads or 'all'} threads"
        self.side = side
        command = worker_command(side, case, threads)
        self.errors = open(install.PEERS / f"{side}.log", "a")
        self.errors.write(f"== {self.name}\n")
        self.errors.flush()
        self.process = subprocess.Popen(
            command,
            env={**os.environ, **environment(threads)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )

    def line(self, seconds=READY_SECONDS):
        """The next line of the report; None if the side has ended or does not answer in time."""
        timer = threading.Timer(seconds, self.process.kill)
        timer.start()
        try:
            for line in self.process.stdout:
                if line.startswith('{"'):
                    return json.loads(line)
            return None
        finally:
            timer.cancel()

    def turn(self, seconds):
        try:
            print(seconds, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            return None
        return self.line()

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.stdout.close()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.errors.close()


def worker_command(side, case, threads):
    command = [*install.command(side)]
    if side == cases.OURS:
        command += [case] if case in (cases.PEAK, cases.START) else ["step", case]
    else:
        command += [case]
    if threads:
        command += ["--threads", str(threads)]
        if side == "jax":  # It has no option for it that holds.
            command = ["taskset", "--cpu-list", f"0-{threads - 1}", *command]
    return command


def environment(threads):
    cache = {"TORCHINDUCTOR_CACHE_DIR": str(install.PEERS / "inductor")}
    if threads:
        cache["RAYON_NUM_THREADS"] = str(threads)
    return cache


def measure(effort, only, sides):
    """Measures the cases whose names contain `only`; gives the lines, which are kept in a file too."""
    found = [side for side in install.installed() if sides is None or side in sides]
    install.PEERS.mkdir(parents=True, exist_ok=True)
    path = install.PEERS / "lines.json"
    lines = [machine()]
    with open(path, "w") as file:
        file.write(json.dumps(lines[0]) + "\n")
        for batch in batches(effort, only, found):
            file.writelines(json.dumps(line) + "\n" for line in batch)
            file.flush()
            lines += batch
    print(f"lines: {path}", flush=True)
    return lines


def batches(effort, only, found):
    for case, threads in cases.all_cases():
        if only in case:
            yield one_case(case, threads, found, effort)
    if only in cases.START:
        yield starts(found, effort)


def read(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def one_case(case, threads, found, effort):
    """The lines of a case: each side's announcement, and a line for each of its turns."""
    print(f"== {case}, {threads or 'all'} threads", flush=True)
    sides = [side for side in (cases.OURS, *found) if cases.measures(side, case, threads)]
    workers = [Worker(side, case, threads) for side in sides]
    workers.append(Worker(cases.OURS, cases.PEAK, threads))
    lines, ready = [], []
    for worker in workers:
        line = worker.line()
        if line is None:
            print(f"SKIPPED: {worker.name} ended or was not ready, see its log", flush=True)
        else:
            lines.append(line)
            ready.append(worker)
    disagreeing = compare(lines)
    ready = [worker for worker in ready if worker.side not in disagreeing]

    # The fewest samples a turn, so that all sides meet the same lengths.
    seconds = 0 if case == cases.NEW_LENGTH else effort.turn_seconds
    for turn in range(effort.rounds + 1):
        for worker in list(ready):
            time.sleep(PAUSE_SECONDS)
            line = worker.turn(seconds)
            if line is None:
                print(f"SKIPPED: {worker.name} ended in a turn, see its log", flush=True)
                ready.remove(worker)
            elif turn > 0:  # The first turn warms up.
                lines.append({**line, "round": turn, "of": case})
    for worker in workers:
        worker.close()
    return lines


def compare(lines):
    """The sides whose losses are not those of our first steps: they do other work, and are not measured."""
    losses = {line["side"]: line["losses"] for line in lines if line["losses"]}
    ours = losses.get(cases.OURS)
    if ours is None:
        return set()
    bounds = [FIRST_LOSS] + [LATER_LOSSES] * (len(ours) - 1)
    close = lambda a, b, bound: math.isclose(a, b, rel_tol=bound, abs_tol=1e-6)
    disagreeing = {side for side, theirs in losses.items() if not all(map(close, ours, theirs, bounds))}
    for side in disagreeing:
        print(f"SKIPPED: {side} has losses {losses[side]}, not {ours}", flush=True)
    return disagreeing


def starts(found, effort):
    """From the start of a process to the end of its first training step, in wall time."""
    print("== start", flush=True)
    sides = [side for side in (cases.OURS, *found) if cases.measures(side, cases.START)]
    lines = []
    for turn in range(effort.starts + 1):
        for side in sides:
            time.sleep(PAUSE_SECONDS)
            start = time.perf_counter()
            worker = Worker(side, cases.START, None)
            line = worker.line()
            milliseconds = (time.perf_counter() - start) * 1e3
            worker.close()
            if line is None:
                print(f"SKIPPED: {worker.name} failed, see its log", flush=True)
                sides = [other for other in sides if other != side]
            elif turn > 0:  # The first start fills the file cache.
                lines.append({**line, "median_ms": milliseconds, "round": turn, "of": cases.START})
    return lines


def machine():
    with open("/proc/cpuinfo") as file:
        models = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    with open("/proc/meminfo") as file:
        gib = int(file.readline().split()[1]) / 2**20
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True)
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=install.ROOT, capture_output=True, text=True
    )
    return {
        "machine": f"{len(models)} × {models[0]}, {gib:.0f} GiB",
        "rustc": rustc.stdout.split()[1],
        "commit": commit.stdout.strip(),
        "date": date.today().isoformat(),
    }
