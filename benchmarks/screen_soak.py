"""A board that is left open, in half an hour: ``python -m benchmarks.screen_soak [--minutes 30]``.

200 runs are written to at 50 points a second, while every few seconds somebody opens a screen, walks about,
leaves it again or changes the terminal's size. Before the time begins every walk is taken once at every size:
what a screen's first use brings into memory stays, and is no growth. What grows after that are the points, by
some 15 MiB an hour until they have their budget, and what leaks."""

from __future__ import annotations

import argparse
import fcntl
import itertools
import random
import re
import struct
import sys
import termios
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks import table
from benchmarks.screen import FIRST_VALUE, LIVE, busy
from benchmarks.table import Row
from benchmarks.terminal import Terminal, plain

TOURS = (
    "jjjkkG g", "\r+-XLSz\x1b", "\r2jj\x1b", "\r5\x1b", "\r7\x1b", "\r8\x1b", "?\x1b", ":run\x1b", "/b2\x1b",
    "F\x1b", "B\x1b", "!\x1b", "i\x1b", "H\x1b", "nnN\x1b", "sj\x1b", "t\x1b", "ff", "12345", "\t\t\t",
)  # fmt: skip
LEAVE_ALL = 5 * "\x1b"
SIZES = ((160, 45), (120, 36), (80, 24), (40, 12), (250, 70))
PAUSE_S = 0.4
FIRST_PAUSE_S = 0.2
SAMPLE_S = 20.0
MOST_MIB_AN_HOUR = 57.0
"""1 MB a minute."""


class Sample(NamedTuple):
    """``at``: seconds since the board was opened."""

    at: float
    rss_mib: float
    handles: int
    threads: int
    cpu_s: float
    painted: int


def sample(screen: Terminal) -> Sample:
    proc = Path(f"/proc/{screen.pid}")
    status = dict(re.findall(r"(\w+):\s+(\d+)", (proc / "status").read_text()))
    if "VmRSS" not in status:
        sys.exit(f"the board ended: {plain(screen.paints[-1].data)[-500:]}")
    return Sample(
        time.monotonic() - screen.began,
        int(status["VmRSS"]) / 1024,
        len(list((proc / "fd").iterdir())),
        int(status["Threads"]),
        screen.cpu(),
        screen.size(),
    )


def resize(screen: Terminal, size: tuple[int, int]) -> None:
    fcntl.ioctl(screen.fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))


def walk(screen: Terminal, tour: str, pause: float) -> None:
    for key in re.findall(r"\x1b|[^\x1b]", tour):
        screen.send(key)
        time.sleep(pause)


def warm_up(screen: Terminal) -> None:
    """Every walk once at every size; the board is in front afterwards."""
    for size in SIZES:
        resize(screen, size)
        for tour in TOURS:
            walk(screen, tour, FIRST_PAUSE_S)
        walk(screen, LEAVE_ALL, FIRST_PAUSE_S)
        sample(screen)


def rows(minutes: float) -> tuple[list[Row], bool]:
    rng, samples = random.Random(3), []
    sizes = itertools.cycle(SIZES)
    with busy("b200", 200, 50.0) as (screen, _):
        warm_up(screen)
        end = time.monotonic() + 60 * minutes
        due = 0.0
        while time.monotonic() < end:
            if time.monotonic() >= due:
                samples.append(sample(screen))
                print(*(f"{value:.0f}" for value in samples[-1]), file=sys.stderr, flush=True)
                resize(screen, next(sizes))
                due = time.monotonic() + SAMPLE_S
            walk(screen, rng.choice(TOURS), PAUSE_S)
        walk(screen, LEAVE_ALL, PAUSE_S)
        resize(screen, SIZES[0])
        mark = len(screen.paints)
        alive = screen.wait_text(f"{LIVE}|{FIRST_VALUE}", mark, within=10) is not None
        samples.append(sample(screen))
        pressed = time.monotonic()
        screen.send("q")
        screen.wait_end(10.0)
        left = time.monotonic() - pressed
        return told(samples, left), alive


def told(samples: list[Sample], left: float) -> list[Row]:
    early, late = samples[len(samples) // 6 : len(samples) // 3], samples[-max(len(samples) // 6, 1) :]
    began, ended = median(s.rss_mib for s in early), median(s.rss_mib for s in late)
    hours = (median(s.at for s in late) - median(s.at for s in early)) / 3600
    span = samples[-1].at - samples[0].at
    return [
        Row("memory after a sixth to a third of the time", began, "MiB"),
        Row("memory in the last sixth", ended, "MiB"),
        Row("growth", (ended - began) / hours, "MiB an hour", MOST_MIB_AN_HOUR),
        Row("open files, then", median(s.handles for s in early), ""),
        Row("open files, at the end", median(s.handles for s in late), ""),
        Row("threads, then", median(s.threads for s in early), ""),
        Row("threads, at the end", median(s.threads for s in late), ""),
        Row("CPU", (samples[-1].cpu_s - samples[0].cpu_s) / span, "cores"),
        Row("painted, with all keys", (samples[-1].painted - samples[0].painted) / span / 1000, "kB/s"),
        Row("from q to the end", left, "s", 1.0),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    found, alive = rows(parser.parse_args().minutes)
    print(table.machine(), table.text(found), sep="\n\n")
    return 0 if alive else 1


if __name__ == "__main__":
    sys.exit(main())
