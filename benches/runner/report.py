"""Lines of measurement as tables."""

import re
from collections import defaultdict
from statistics import median

from . import cases, install

PAGE = install.ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- written by benches/run: begin -->", "<!-- written by benches/run: end -->"
SIDES = (cases.OURS, *cases.PYTHON, *cases.RUST)
THREADS = {"all": "all threads", "1": "1 thread"}


class Results:
    """What the lines say of each case, number of threads and side."""

    def __init__(self, lines):
        self.machine = lines[0]
        self.versions = {}
        self._turns = defaultdict(list)
        self._memory = defaultdict(float)
        for line in lines[1:]:
            self.versions.setdefault(line["side"], line.get("version"))
            of, side = line.get("of", line["case"]), line["side"]
            side = cases.PEAK if line["case"] == cases.PEAK else side
            key = of, line["threads"], side
            self._memory[key] = max(self._memory[key], line["peak_mib"] or 0)
            if "median_ms" in line:
                self._turns[key].append(line["median_ms"])

    def has(self, case, threads):
        return (case, threads, cases.OURS) in self._turns

    def milliseconds(self, case, threads, side):
        """The median over the rounds; None of what was not measured."""
        turns = self._turns.get((case, threads, side))
        return median(turns) if turns else None

    def memory(self, case, threads, side):
        return self._memory.get((case, threads, side)) or None

    def sides(self, asked):
        """Those sides of which some of the (case, threads) was measured."""
        asked = list(asked)
        return [side for side in SIDES if any(self.milliseconds(*one, side) is not None for one in asked)]

    def best_other(self, case, threads, only=None):
        """The fastest of the other sides, and how many times as long as ours it takes."""
        ours = self.milliseconds(case, threads, cases.OURS)
        others = [(self.milliseconds(case, threads, side), side) for side in SIDES[1:] if only in (None, side)]
        others = [(time, side) for time, side in others if time is not None]
        if ours is None or not others:
            return None, None
        time, side = min(others)
        return side, time / ours

    def peak_share(self, case, threads):
        """The part of the machine's peak that our step reaches; None where it says nothing."""
        operations = cases.operations(case)
        ours = self.milliseconds(case, threads, cases.OURS)
        peak = self.peak(threads)
        if not (operations and ours and peak):
            return None
        return operations / 1e6 / ours / peak

    def peak(self, threads):
        """The machine's multiply-add peak in GFLOP/s, over all cases."""
        rates = [1e3 / t for (_, n, side), ts in self._turns.items() if side == cases.PEAK and n == threads for t in ts]
        return median(rates) if rates else None


def tables(lines):
    results = Results(lines)
    parts = [about(results)]
    for threads, name in THREADS.items():
        parts += step_table(results, threads, name)
    parts += [start_table(results), memory_table(results), length_table(results)]
    parts += [scaling_table(results, size) for size in cases.SCALING]
    parts += [goal_table(results)]
    return "\n\n".join(part for part in parts if part)


def write(text):
    page = PAGE.read_text()
    pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
    page, count = pattern.subn(lambda _: f"{BEGIN}\n\n{text}\n\n{END}", page)
    if count != 1:
        raise SystemExit(f"{PAGE} has no place for the tables")
    PAGE.write_text(page)
    print(f"tables: {PAGE}")


def about(results):
    machine = results.machine
    versions = ", ".join(f"{side} {results.versions[side]}" for side in SIDES[1:] if side in results.versions)
    peaks = [f"{peak:.0f} GFLOP/s on {name}" for threads, name in THREADS.items() if (peak := results.peak(threads))]
    return (
        f"Measured on {machine['date']} at commit {machine['commit']}, rustc {machine['rustc']}, on "
        f"{machine['machine']}; multiply-add peak {', '.join(peaks) or 'not measured'}. Beside it: {versions}."
    )


def step_table(results, threads, name):
    measured = [case for case in cases.STEPS if results.has(case, threads)]
    if not measured:
        return []
    sides = results.sides((case, threads) for case in measured)
    head = ["case", *sides, "best other / ours", "of peak"]
    rows = []
    for case in measured:
        times = (results.milliseconds(case, threads, side) for side in sides)
        side, ratio = results.best_other(case, threads)
        best = f"{number(ratio)} ({side})" if side else "-"
        rows.append([cases.STEPS[case], *map(number, times), best, percent(results.peak_share(case, threads))])
    return [f"### One step, {name}: milliseconds", table(head, rows)]


def start_table(results):
    key = cases.START, "all"
    if not results.has(*key):
        return ""
    sides = results.sides([key])
    rows = [["milliseconds", *(number(results.milliseconds(*key, side)) for side in sides)],
            ["peak memory, MiB", *(number(results.memory(*key, side)) for side in sides)]]
    return "### From the start of the process to the end of the first training step of 001\n\n" + table(["", *sides], rows)


def memory_table(results):
    measured = [case for case in cases.STEPS if results.has(case, "all")]
    sides = results.sides((case, "all") for case in measured)
    if not measured:
        return ""
    rows = []
    for case in measured:
        memory = [results.memory(case, "all", side) for side in sides]
        rows.append([cases.STEPS[case], *map(number, memory), percent(memory_share(results, case))])
    head = ["case", *sides, "ours, of tensorflow's"]
    return "### Peak resident memory of the process, all threads: MiB\n\n" + table(head, rows)


def memory_share(results, case):
    ours, theirs = (results.memory(case, "all", side) for side in (cases.OURS, "tensorflow"))
    return ours / theirs if ours and theirs else None


def length_table(results):
    measured = [threads for threads in THREADS if results.has(cases.NEW_LENGTH, threads)]
    if not measured:
        return ""
    sides = results.sides((cases.NEW_LENGTH, threads) for threads in measured)
    rows = [
        [THREADS[threads], *(number(results.milliseconds(cases.NEW_LENGTH, threads, side)) for side in sides)]
        for threads in measured
    ]
    title = "### A new sequence length: milliseconds that the first step with it costs beyond a later one"
    return f"{title}\n\n{table(['', *sides], rows)}"


def scaling_table(results, size):
    measured = [case for case in cases.SCALING[size] if results.has(case, "all")]
    if not measured:
        return ""
    names = {"t": "length of the sequences", "b": "batch", "h": "hidden size"}
    sides = results.sides((case, "all") for case in measured)
    rows = []
    for case in measured:
        times = (results.milliseconds(case, "all", side) for side in sides)
        _, ratio = results.best_other(case, "all")
        rows.append([f"`{case}`", *map(number, times), number(ratio)])
    head = ["case", *sides, "best other / ours"]
    return f"### An LSTM's training step by {names[size]}, all threads: milliseconds\n\n{table(head, rows)}"


def goal_table(results):
    rows = []
    for goal in cases.GOALS:
        reached = [verdict(results, goal, threads) for threads in THREADS]
        than = goal.side or "the best other"
        if any(reached):
            rows.append([cases.STEPS[goal.case], f"{goal.factor} × faster than {than}", *(text or "-" for text in reached)])
    start = results.milliseconds(cases.START, "all", cases.OURS)
    if start is not None:
        reached = start <= cases.START_GOAL_MS
        rows.append(["start to first step", f"within {cases.START_GOAL_MS} ms", f"{number(start)} ms: {word(reached)}", "-"])
    shares = {case: share for case in cases.STEPS if (share := memory_share(results, case)) is not None}
    if shares:
        worst = max(shares, key=shares.get)
        reached = f"{percent(shares[worst])} ({worst}, the worst): {word(shares[worst] <= cases.MEMORY_GOAL)}"
        rows.append(["peak memory", f"at most {percent(cases.MEMORY_GOAL)} of tensorflow's", reached, "-"])
    return "### Goals\n\n" + table(["case", "goal", *THREADS.values()], rows) if rows else ""


def verdict(results, goal, threads):
    _, ratio = results.best_other(goal.case, threads, goal.side)
    return ratio and f"{number(ratio)}: {word(ratio >= goal.factor)}"


def word(reached):
    return "reached" if reached else "**not reached**"


def percent(share):
    return "-" if share is None else f"{100 * share:.0f} %"


def number(value):
    """Three digits that count."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.995 else f"{value:.3f}"


def table(head, rows):
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
