"""Ours beside every peer, in one run and in turn: ``python -m benchmarks.speed [--rounds 6] [NAME...]``.

In each round every program is started once on the same workload, one after the other, so that the machine's
load falls on all of them. What counts is CPU seconds, as ratios to ``import textual, numpy`` (the unit) or to
the peer of the same rounds. The peers come from ``python -m benchmarks.environment``; one that is not there
is left out, by name.

starts   a10, b200, d2000: first value, full board, second start, memory, beside terminalboard, TensorBoard,
         W&B LEET and epokio
large    d10000, m1000: first rows, full board, second start, memory (few rounds)
quiet    20 s of idling while the machine is busy with other work
busy     keys and appends while runs are written
tables   CSV, JSON lines and a new batch beside pandas and the decoding of its columns"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from benchmarks import environment, screen, table
from benchmarks.guard import UNIT, child, tables_measured
from benchmarks.places import DATA, fresh, runwatch
from benchmarks.readers import loaded_by
from benchmarks.screen import FIRST_VALUE, LIVE, folder_of
from benchmarks.table import Row
from benchmarks.terminal import Terminal

FIRST_ROW = r"run_\d{5}"
A_NUMBER = r"\d\.\d"
WITHIN_S, PEER_WITHIN_S = 300.0, 60.0

STARTS = {  # what: (of the unit, of terminalboard), the most it should be
    "a10": {"first value": (1.5, 0.75), "full board": (2.2, None), "second start": (1.6, None)},
    "b200": {"full board": (None, 0.13), "second start": (1.9, None)},
    "d2000": {"full board": (4.2, None)},
}
LARGE = {
    "d10000": {"first rows": 3.9, "full board": 12.9, "second start": 6.5},
    "m1000": {"full board": 16.1, "second start": 6.5},
}
MEMORY_MB = {"a10": 62.0, "b200": 100.0, "d10000": 220.0}
SORT_VALUES = 1_000_000


class Samples:
    """What was measured, by name, over the rounds."""

    def __init__(self) -> None:
        self.all: dict[str, list[float]] = defaultdict(list)

    def add(self, **values: float) -> None:
        for name, value in values.items():
            self.all[name.replace("_", " ")].append(value)

    def median(self, name: str) -> float | None:
        return median(self.all[name]) if self.all.get(name) else None

    def ratio(self, name: str, to: str) -> float | None:
        ours, peers = self.median(name), self.median(to)
        return ours / peers if ours is not None and peers else None


def ours(name: str, found: Samples) -> None:
    """A first and a second start of the dashboard."""
    command = [runwatch(), str(folder_of(name))]
    with fresh() as env:
        with Terminal(command, env) as terminal:
            terminal.wait_text(FIRST_ROW, within=WITHIN_S)
            found.add(first_rows=terminal.cpu())
            terminal.wait_text(FIRST_VALUE, within=WITHIN_S)
            found.add(first_value=terminal.cpu())
            terminal.wait_text(LIVE, within=WITHIN_S)
            found.add(full_board=terminal.cpu())
            time.sleep(screen.SETTLE_S)
            found.add(memory=terminal.peak_mb())
        with Terminal(command, env) as terminal:
            terminal.wait_text(LIVE, within=WITHIN_S)
            found.add(second_start=terminal.cpu())


def beside(command: Sequence[str], seen: str = A_NUMBER) -> float | None:
    """CPU seconds of another program of the screen until it shows a number; None: not installed, or never."""
    program = environment.program(command[0])
    if program is None:
        return None
    with (
        fresh() as env,
        tempfile.TemporaryDirectory(prefix="runwatch-bench-") as home,
        Terminal([program, *command[1:]], env | {"HOME": home, "WANDB_ERROR_REPORTING": "false"}) as terminal,
    ):
        return terminal.cpu() if terminal.wait_text(seen, within=WITHIN_S) is not None else None


def peers(name: str) -> dict[str, Callable[[], float | None]]:
    """What each peer takes to its first value on a workload, in the format that it reads."""
    root = str(folder_of(name))
    found: dict[str, Callable[[], float | None]] = {
        "terminalboard": lambda: beside(["terminalboard", root]),
        "TensorBoard's data server": lambda: data_server(folder_of(name)),
    }
    if name == "a10":
        found["epokio"] = lambda: beside(["epokio", "watch", "--root", root])
        found["W&B LEET"] = lambda: beside(["wandb", "leet", str(offline_run())])
    return found


def data_server(folder: Path) -> float | None:
    """CPU seconds of TensorBoard's own server, in Rust, until it has loaded a folder."""
    python = environment.python("screens")
    if python is None:
        return None
    found = subprocess.run(
        [python, "-c", "import tensorboard_data_server as t; print(t.server_binary())"],
        capture_output=True,
        text=True,
        check=False,
    )
    return loaded_by(found.stdout.strip(), folder) if found.returncode == 0 else None


OFFLINE_RUN = """
import sys, wandb
run = wandb.init(project="p", dir=sys.argv[1], mode="offline",
                 settings=wandb.Settings(console="off", x_disable_stats=True, silent=True))
for step in range(1000):
    run.log({f"train/tag_{n}": 1 / (1 + step + n) for n in range(10)})
run.finish()
"""


def offline_run() -> Path:
    """The folder of one offline W&B run of ten tags and 1,000 steps, written if it is not there."""
    out = DATA / "w1"
    python = environment.python("screens")
    if not out.exists() and python is not None:
        out.mkdir()
        subprocess.run([python, "-c", OFFLINE_RUN, str(out)], check=True, stdout=subprocess.DEVNULL)
    return out / "wandb"


def starts(rounds: int) -> list[Row]:
    rows = []
    for name, wanted in STARTS.items():
        found, others = Samples(), peers(name)
        for _ in range(rounds):
            found.add(unit=child("-c", UNIT))
            ours(name, found)
            for peer, start in list(others.items()):
                if (spent := start()) is None:
                    del others[peer]  # not installed, or no number of it was seen
                else:
                    found.add(**{peer: spent})
        rows += _rows(name, found, {what: unit for what, (unit, _) in wanted.items()}, list(others))
        for what, (_, most) in wanted.items():
            if most is not None:
                rows.append(_of(name, what, "terminalboard", found, most))
    return rows


def large(rounds: int) -> list[Row]:
    rows = []
    for name, wanted in LARGE.items():
        found = Samples()
        for _ in range(min(rounds, 2)):
            found.add(unit=child("-c", UNIT))
            ours(name, found)
        rows += _rows(name, found, dict(wanted), [])
    return rows


def _rows(name: str, found: Samples, wanted: dict[str, float | None], others: list[str]) -> list[Row]:
    rows = [Row(f"{name}: {UNIT} (the unit)", found.median("unit"), "CPU s")]
    for what in ("first rows", "first value", "full board", "second start"):
        rows.append(Row(f"{name}: {what}", found.median(what), "CPU s"))
        rows.append(Row(f"{name}: {what}", found.ratio(what, "unit"), "units", wanted.get(what)))
    rows.append(Row(f"{name}: peak memory", found.median("memory"), "MiB", MEMORY_MB.get(name)))
    for peer in others:
        rows.append(Row(f"{name}: {peer}", found.median(peer), "CPU s"))
    return rows


def _of(name: str, what: str, peer: str, found: Samples, most: float) -> Row:
    return Row(f"{name}: {what} / {peer}", found.ratio(what, peer), "times", most)


def quiet(rounds: int) -> list[Row]:
    """20 s of idling with two processes beside it that keep the machine busy."""
    rows = []
    for name, most in (("a10", 0.05), ("d2000", 0.15)):
        cpu, painted = [], []
        for _ in range(min(rounds, 3)):
            with fresh() as env, Terminal([runwatch(), str(folder_of(name))], env) as terminal:
                terminal.wait_text(LIVE, within=WITHIN_S)
                time.sleep(screen.SETTLE_S)
                others = [subprocess.Popen([sys.executable, "-c", "while 1: pass"]) for _ in range(2)]
                before, size = terminal.cpu(), terminal.size()
                time.sleep(screen.IDLE_S)
                cpu.append(terminal.cpu() - before)
                painted.append((terminal.size() - size) / screen.IDLE_S)
                for other in others:
                    other.kill()
                    other.wait()
        rows.append(Row(f"{name}: idle for 20 s, the machine busy", median(cpu), "CPU s", most))
        rows.append(Row(f"{name}: painted meanwhile", median(painted), "B/s", 200.0))
    return rows


def busy(_: int) -> list[Row]:
    most = {
        "key to paint, median": 10.0,
        "key to paint, p99": 50.0,
        "visible, median": 0.12,
        "visible, p99": 0.3,
    }
    rows = []
    for row in screen.keys("b200", 200, 200) + screen.appends("w1000", 50, 100):
        known = [limit for end, limit in most.items() if row.what.endswith(end)]
        rows.append(Row(row.what, row.value, row.unit, known[0] if known else row.most))
    return rows


def tables(_: int) -> list[Row]:
    """What the machine's sort costs is said too: the cost of a batch hung on it once."""
    import numpy as np

    values = np.random.default_rng(1).normal(size=SORT_VALUES)
    edges = np.sort(values)[::250]
    rows = []
    for what, work in {
        "np.sort": lambda: np.sort(values),
        "np.searchsorted": lambda: edges.searchsorted(values),
    }.items():
        begun = time.process_time()
        work()
        rows.append(Row(what, (time.process_time() - begun) / SORT_VALUES * 1e9, "ns a value"))
    most = {"CSV log": 2.0, "JSON lines": 1.0, "a new batch": 2.0}
    with tempfile.TemporaryDirectory(prefix="runwatch-bench-") as folder:
        for what, value in tables_measured(Path(folder), 200_000).items():
            known = [limit for start, limit in most.items() if what.startswith(start)]
            rows.append(Row(what, value, "times", known[0] if known else None))
    return rows


PARTS: dict[str, Callable[[int], list[Row]]] = {
    "starts": starts,
    "large": large,
    "quiet": quiet,
    "busy": busy,
    "tables": tables,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.speed", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=6)
    asked = parser.parse_args()
    unknown = set(asked.names) - set(PARTS)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: no such part; there are {', '.join(PARTS)}")
    absent = [name for name in ("terminalboard", "epokio", "wandb") if environment.program(name) is None]
    if absent:
        print(
            f"not installed, left out: {', '.join(absent)} (python -m benchmarks.environment)",
            file=sys.stderr,
        )
    print(table.machine(), flush=True)
    for name, part in PARTS.items():
        if not asked.names or name in asked.names:
            print(f"\n## {name}\n\n{table.text(part(asked.rounds))}", flush=True)


if __name__ == "__main__":
    main()
