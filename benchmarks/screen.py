"""The dashboard from outside: start, memory, idling, appends, keys.

    python -m benchmarks.screen [--repeat N]

"first value": the first metric value on the screen; "full": every run read, its last value, best and
sparkline on the board. Every start has a state directory of its own, kept for the second start."""

from __future__ import annotations

import argparse
import random
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

from benchmarks import table, workloads
from benchmarks.places import DATA, copy, floor, fresh, runwatch
from benchmarks.table import Row
from benchmarks.terminal import Terminal

FIRST_VALUE = r"(train|val)/\w+.{0,60}\d"
LIVE = "● live"
SETTLE_S = 5.0
IDLE_S = 20.0
CURSOR = re.compile(rb"\x1b\[(\d+);\d+H(?:\x1b\[[0-9;]*m)*" + "▌".encode())
PEERS = {"terminalboard": r"\d\.\d"}

TARGETS = {  # first value, full, full again (CPU s), peak MiB, idle CPU s in 20 s
    "a10": (0.60, None, None, 70.0, 0.05),
    "b200": (0.9, 2.5, 0.7, 125.0, None),
    "c1m": (1.0, 1.3, None, 110.0, None),
    "d2000": (None, 2.0, None, None, None),
    "w1000": (None, None, None, None, 0.2),
}
EXTRA = {
    "w1000": (1_000, 20, workloads.TEN_TAGS[:3]),
    "d10000": (10_000, 20, workloads.TEN_TAGS[:3]),
    "m1000": (1_000, 1_000, workloads.TEN_TAGS),
}


def folder_of(name: str) -> Path:
    """The workload's folder, written if it is not there."""
    if name not in EXTRA:
        return workloads.make(name, DATA)
    out = DATA / name
    if not out.exists():
        unfinished = DATA / f"{name}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        workloads.many(*EXTRA[name], unfinished)
        unfinished.rename(out)
    return out


def starts(name: str, repeat: int) -> list[Row]:
    """First and second starts, and how the screen idles after."""
    command = [runwatch(), str(folder_of(name))]
    wall, first, full, again, peak, idle, quiet = ([] for _ in range(7))  # type: ignore[var-annotated]
    for _ in range(repeat):
        with fresh() as env:
            with Terminal(command, env) as screen:
                seen = screen.wait_text(FIRST_VALUE)
                first.append(screen.cpu())
                screen.wait_text(LIVE)
                full.append(screen.cpu())
                wall.append((seen or time.monotonic()) - screen.began)
                time.sleep(SETTLE_S)
                cpu, painted = screen.cpu(), screen.size()
                time.sleep(IDLE_S)
                idle.append(screen.cpu() - cpu)
                quiet.append((screen.size() - painted) / IDLE_S)
                peak.append(screen.peak_mb())
            with Terminal(command, env) as screen:
                screen.wait_text(LIVE)
                again.append(screen.cpu())
    most = TARGETS.get(name, (None,) * 5)
    return [
        Row(f"{name}: launch to first value", median(wall), "s"),
        Row(f"{name}: launch to first value", median(first), "CPU s", most[0]),
        Row(f"{name}: launch to full board", median(full), "CPU s", most[1]),
        Row(f"{name}: second start to full board", median(again), "CPU s", most[2]),
        Row(f"{name}: peak memory", median(peak), "MiB", most[3]),
        Row(f"{name}: idle for 20 s", median(idle), "CPU s", most[4]),
        Row(f"{name}: painted while idle", median(quiet), "B/s", 200.0),
    ]


def large(name: str, full_most: float | None, peak_most: float | None) -> list[Row]:
    """One first start on something large."""
    with fresh() as env, Terminal([runwatch(), str(folder_of(name))], env) as screen:
        screen.wait_text(FIRST_VALUE, within=300)
        first = screen.cpu()
        screen.wait_text(LIVE, within=300)
        full = screen.cpu()
        time.sleep(SETTLE_S)
        return [
            Row(f"{name}: launch to first value", first, "CPU s"),
            Row(f"{name}: launch to full board", full, "CPU s", full_most),
            Row(f"{name}: peak memory", screen.peak_mb(), "MiB", peak_most),
        ]


class Writers:
    """Runs that go on: ``rate`` points a second, spread over the event files."""

    def __init__(self, files: list[Path], rate: float) -> None:
        self._files, self._rate = files, rate
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def _write(self) -> None:
        rng, step = random.Random(1), 200_000
        while not self._ended.wait(1 / self._rate):
            step += 1
            append(self._files[step % len(self._files)], step, 0.5 + rng.random() / 10)

    def __enter__(self) -> Writers:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def append(file: Path, step: int, value: float) -> None:
    """One more event."""
    event = workloads.scalar_event("val/auc", step, time.time(), value)
    with file.open("ab") as out:
        out.write(workloads.record(event))


@contextmanager
def busy(name: str, writing: int, rate: float) -> Iterator[tuple[Terminal, Path]]:
    """A board of a copy of a workload, ``writing`` of whose runs are written at ``rate`` points a second, and
    the event file of one more run, the newest, on top."""
    with copy(folder_of(name)) as root, fresh() as env:
        newest = root / "newest"
        newest.mkdir()
        own = newest / "events.out.tfevents.1790000000.host.1.0"
        own.write_bytes(workloads.record(workloads.version_event(time.time())))
        append(own, 1, 1.5)
        files = sorted(root.glob("run_*/events*"))[:writing]
        with Terminal([runwatch(), str(root)], env) as screen:
            screen.wait_text(LIVE, within=120)
            time.sleep(SETTLE_S)
            with Writers(files, rate):
                time.sleep(2.0)
                yield screen, own


def appends(name: str, writing: int, count: int) -> list[Row]:
    """From the end of an append to its value on the screen."""
    rng = random.Random(2)
    took: list[float] = []
    lost = 0
    with busy(name, writing, 50.0) as (screen, own):
        cpu, began = screen.cpu(), time.monotonic()
        for i in range(count):
            value, mark = 2.003 + i * 0.011, len(screen.paints)
            append(own, 100 + i, value)
            at = time.monotonic()
            seen = screen.wait_text(re.escape(f"{value:.3f}".rstrip("0")), mark, within=10)
            lost += seen is None
            took.append(10.0 if seen is None else max(seen - at, 0.0))
            time.sleep(rng.uniform(0.1, 0.6))
        share = (screen.cpu() - cpu) / (time.monotonic() - began)
    what = f"{name}, {writing} runs being written: append to visible"
    return [
        Row(f"{what}, median", median(took), "s", 0.25),
        Row(f"{what}, p99", quantiles(took, n=100)[98], "s", 1.0),
        Row(f"{what}, never seen", float(lost), "of " + str(count), 0.0),
        Row(f"{name}, {writing} runs being written: CPU", share, "cores"),
    ]


def keys(name: str, writing: int, count: int) -> list[Row]:
    """From a key that moves the cursor to the moved cursor; and what 50 updates a second paint."""
    took: list[float] = []
    with busy(name, writing, 50.0) as (screen, _):
        time.sleep(SETTLE_S)  # all runs begin to run at once: first their order has to stand
        row = _cursor(b"".join(paint.data for paint in screen.paints))
        painted, began = screen.size(), time.monotonic()
        time.sleep(10.0)
        flow = (screen.size() - painted) / (time.monotonic() - began)
        for i in range(count):
            mark = len(screen.paints)
            at = time.monotonic()
            screen.send("jk"[i % 2])
            seen = screen.wait(_other_row(row), mark, within=5)
            took.append(5.0 if seen is None else seen - at)
            row = _cursor(b"".join(paint.data for paint in screen.paints[mark:])) or row
            time.sleep(0.13)
    what = f"{name}, {writing} runs being written"
    return [
        Row(f"{what}: key to paint, median", median(took) * 1000, "ms", 30.0),
        Row(f"{what}: key to paint, p99", quantiles(took, n=100)[98] * 1000, "ms", 100.0),
        Row(f"{what}: painted at 50 updates a second", flow / 1000, "kB/s", 20.0),
    ]


def _cursor(painted: bytes) -> int:
    """The row of the cursor that was painted last; 0: none was."""
    found = CURSOR.findall(painted)
    return int(found[-1]) if found else 0


def _other_row(row: int) -> Callable[[bytes], bool]:
    return lambda painted: _cursor(painted) not in (0, row)


def peers(name: str, repeat: int) -> list[Row]:
    """The same first value from other programs on the path."""
    found = []
    for peer, value in PEERS.items():
        if shutil.which(peer) is None:
            continue
        wall, cpu = [], []
        for _ in range(repeat):
            with fresh() as env, Terminal([peer, str(folder_of(name))], env) as screen:
                seen = screen.wait_text(value)
                wall.append((seen or time.monotonic()) - screen.began)
                cpu.append(screen.cpu())
        found += [
            Row(f"{name}: {peer}, launch to first value", median(wall), "s"),
            Row(f"{name}: {peer}, launch to first value", median(cpu), "CPU s"),
        ]
    return found


def rows(repeat: int = 3) -> list[Row]:
    with fresh() as env:
        found = [Row("import textual, numpy (the floor)", floor(env), "CPU s")]
    for name in ("a10", "b200", "c1m", "d2000", "w1000"):
        found += starts(name, repeat)
    for name in ("a10", "b200"):
        found += peers(name, repeat)
    found += large("d10000", 10.0, None) + large("m1000", None, 300.0)
    return found + appends("w1000", 50, 100) + keys("b200", 200, 100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    print(table.machine(), table.text(rows(parser.parse_args().repeat)), sep="\n\n")


if __name__ == "__main__":
    main()
