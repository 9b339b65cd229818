"""Does an update cost what changed, or what is there? ``python -m benchmarks.slope [RUNS...]``.

A board of 10, 100, 1,000 and 10,000 runs; one of them is written, two points a second. The CPU seconds of an
update, without what the board takes when nothing is written, should be the same everywhere: the slope of
their logarithm against that of the number of runs is 0 then; it is 1 where everything is gone through."""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

from benchmarks import screen, table, workloads
from benchmarks.places import copy, fresh, runwatch
from benchmarks.screen import LIVE, append
from benchmarks.table import Row
from benchmarks.terminal import Terminal

SIZES = (10, 100, 1_000, 10_000)
STEPS, TAGS = 20, workloads.TEN_TAGS[:3]
WATCHED_S, EVERY_S = 20.0, 0.5
FLAT = 0.15


def folder_of(runs: int) -> Path:
    """A root of so many small runs, written if it is not there."""
    screen.EXTRA.setdefault(f"s{runs}", (runs, STEPS, TAGS))
    return screen.folder_of(f"s{runs}")


def update(runs: int) -> tuple[float, float]:
    """CPU seconds of an update of one run, and of 20 s without any."""
    with copy(folder_of(runs)) as root, fresh() as env, Terminal([runwatch(), str(root)], env) as terminal:
        terminal.wait_text(LIVE, within=600)
        time.sleep(screen.SETTLE_S)
        file = next((root / "run_00000").glob("events*"))
        append(file, STEPS, 0.5)  # what a run costs once, when it begins to run
        time.sleep(screen.SETTLE_S)
        before = terminal.cpu()
        time.sleep(WATCHED_S)
        idle = terminal.cpu() - before
        before, count = terminal.cpu(), round(WATCHED_S / EVERY_S)
        for i in range(count):
            append(file, STEPS + 1 + i, 0.5 + i / 1000)
            time.sleep(EVERY_S)
        return max(terminal.cpu() - before - idle, 0.0) / count, idle


def slope(costs: dict[int, float]) -> float:
    """The least squares slope of log cost on log size."""
    points = [(math.log(size), math.log(max(cost, 1e-4))) for size, cost in costs.items()]
    x = sum(a for a, _ in points) / len(points)
    y = sum(b for _, b in points) / len(points)
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)


def rows(sizes: tuple[int, ...] = SIZES) -> list[Row]:
    costs, idle = {}, {}
    for size in sizes:
        costs[size], idle[size] = update(size)
    found = [Row(f"{size:,} runs: an update of one", costs[size] * 1000, "CPU ms") for size in sizes]
    found += [Row(f"{size:,} runs: 20 s without any", idle[size], "CPU s") for size in sizes]
    if len(sizes) > 1:
        found.append(
            Row("slope of an update's cost (0: what changed, 1: what is there)", slope(costs), "", FLAT)
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.slope", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("runs", nargs="*", type=int, default=SIZES)
    print(table.machine(), table.text(rows(tuple(parser.parse_args().runs))), sep="\n\n")


if __name__ == "__main__":
    main()
