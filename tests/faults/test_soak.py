"""Promises 3 and 7 over time: random faults at fifty writes a second; the board is still what a fresh start
shows, with no more memory and no more threads. ``RUNWATCH_SOAK_S``: how long (600 s)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from looking import Eyes, dashboard, write

from runwatch.domain.intents import Rescan
from runwatch.monitor.once import load
from runwatch.monitor.wanted import Wanted

sys.path.insert(0, str(Path(__file__).parent.parent / "readers"))
from eventfiles import scalar, version

SECONDS = float(os.environ.get("RUNWATCH_SOAK_S", "600"))
WRITES_A_SECOND = 50
RUNS = 24
MB = 1024 * 1024
Board = dict[str, dict[str, tuple[int, int, str]]]


class Chaos:
    """Does something at random below ``root``; ``step`` grows, so that no two rows are alike."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root, self.dice, self.step = root, random.Random(seed), 0
        common: list[Callable[[Path], None]] = [self.append_csv, self.append_jsonl, self.append_events]
        rare: list[Callable[[Path], None]] = [
            self.tear, self.cut, self.replace, self.remove, self.move, self.noise, self.odd_things, self.log,
        ]  # fmt: skip
        self._acts = [*common * 12, *rare]

    def act(self) -> None:
        self.step += 1
        number = self.dice.randrange(RUNS)
        run = self.root / f"group{number % 3}" / f"run{number}"
        run.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            self.dice.choice(self._acts)(run)

    def _add(self, path: Path, data: bytes, first: bytes = b"") -> None:
        new = not path.exists() or not path.stat().st_size
        with path.open("ab") as file:
            file.write((first if new else b"") + data)

    def _value(self) -> float:
        return self.dice.choice([float("nan"), float("inf")]) if self.step % 97 == 0 else self.dice.random()

    def append_csv(self, run: Path) -> None:
        self._add(run / "metrics.csv", f"{self.step},{self._value()},1\n".encode(), b"step,loss,acc\n")

    def append_jsonl(self, run: Path) -> None:
        row = json.dumps({"step": self.step, "val_loss": self._value(), "note": "x" * 20})
        self._add(run / "log.jsonl", row.encode() + b"\n")

    def append_events(self, run: Path) -> None:
        name = "events.out.tfevents.1790000000.host.1.0"
        self._add(run / name, scalar("train/loss", self.step, self._value()), version())

    def tear(self, run: Path) -> None:
        self._add(run / "log.jsonl", b'{"step": 1, "val_l')

    def cut(self, run: Path) -> None:
        path = run / self.dice.choice(["metrics.csv", "log.jsonl"])
        os.truncate(path, self.dice.randrange(path.stat().st_size + 1))

    def replace(self, run: Path) -> None:
        new = write(run / "metrics.csv.part", f"step,loss\n{self.step},0.5\n")
        os.replace(new, run / "metrics.csv")

    def remove(self, run: Path) -> None:
        shutil.rmtree(run)

    def move(self, run: Path) -> None:
        other = run.with_name("moved")
        shutil.rmtree(other, ignore_errors=True)
        run.rename(other)

    def noise(self, run: Path) -> None:
        self._add(run / self.dice.choice(["metrics.csv", "log.jsonl", "train.log"]), self.dice.randbytes(40))

    def odd_things(self, run: Path) -> None:
        with contextlib.suppress(FileExistsError):
            self.dice.choice([
                lambda: os.mkfifo(run / "pipe.jsonl"),
                lambda: (run / "loop").symlink_to("."),
                lambda: write(run / os.fsdecode(b"n\xff\n.csv"), "step,x\n1,2\n"),
                lambda: write(run / "deep.json", "[" * 9000),
            ])()  # fmt: skip

    def log(self, run: Path) -> None:
        self._add(run / "train.log", f"step {self.step} \x1b[31mloss\x1b[0m\x1b]0;x\x07\n".encode())


def _threads() -> list[str]:
    """The threads by name, but for those that asyncio keeps for calls that block (a few at most)."""
    return sorted(t.name for t in threading.enumerate() if not t.name.startswith("asyncio_"))


def _board(runs: object) -> Board:
    return {
        run.id: {tag: (m.count, m.last_step, repr(m.last)) for tag, m in run.metrics.items()}
        for run in runs  # type: ignore[attr-defined]
    }


def _fresh(root: Path) -> Board:
    return _board(load([str(root)], wanted=Wanted(False, False, False)).snapshot.situation.runs)


async def _faults(eyes: Eyes, chaos: Chaos, seconds: float) -> tuple[list[float], list[float]]:
    """Faults for so long; the times (minutes) and the memory (MB) then."""
    times, memory, me = [], [], psutil.Process()
    begin = time.monotonic()
    done = 0
    while (now := time.monotonic() - begin) < seconds:
        while done < now * WRITES_A_SECOND:
            chaos.act()
            done += 1
        if not times or now / 60 - times[-1] > 1 / 60:
            times.append(now / 60)
            memory.append(me.memory_info().rss / MB)
        if done % 500 == 0:
            await eyes.press(chaos.dice.choice(["down", "up", "o", "enter", "escape", "2", "1"]))
        await asyncio.sleep(0.02)
    return times, memory


@pytest.mark.slow
async def test_ten_minutes_of_faults(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("looking.PATIENCE_S", 60.0)
    chaos = Chaos(root, seed=7)
    for _ in range(500):
        chaos.act()
    async with dashboard(root) as eyes:
        await _faults(eyes, chaos, min(SECONDS / 10, 30))
        threads = _threads()
        times, memory = await _faults(eyes, chaos, SECONDS)
        print(f"MB by the second: {[round(mb) for mb in memory[:: max(len(memory) // 60, 1)]]}")
        await eyes.until(lambda: len(_threads()) <= len(threads), f"the end of one of {_threads()}")
        eyes.app.submit_intent(Rescan())
        expected = _fresh(root)

        def same() -> bool:
            latest = eyes.monitor.latest
            return latest is not None and _board(latest.situation.runs) == expected

        await eyes.until(same, "the board of a fresh start")
        assert not [mark for mark in eyes.monitor.latest.watch.marks if "internal" in mark]  # type: ignore[union-attr]
    if SECONDS >= 300:
        slope = float(np.polyfit(times, memory, 1)[0])
        assert slope < 1.0, f"{slope:.2f} MB a minute"
    else:
        assert memory[-1] - memory[0] < 60
