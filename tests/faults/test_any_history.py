"""Faults 1 to 3 and 12 for any history: whatever is done to files, whichever events are lost, after one
scan the board is what a fresh look shows."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from runwatch.config.settings import Settings
from runwatch.monitor.reading import RootReader
from runwatch.readers.registry import built_in

NAMES = ("a/metrics.csv", "b/log.jsonl", "c/metrics.csv")
Rows = list[tuple[int, float]]


class AnyHistory(RuleBasedStateMachine):
    """Files that are appended to, cut, replaced, renamed and rotated, against the rows they should show."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="runwatch-test-"))
        self.reader = RootReader(str(self.root), Settings(), dict(built_in()))
        self.rows: dict[str, Rows] = {}
        self.torn: dict[str, tuple[bytes, tuple[int, float]]] = {}
        self.hints: set[str] = set()
        self.step = 0
        self.scanned = False

    def teardown(self) -> None:
        shutil.rmtree(self.root)

    @initialize()
    def look(self) -> None:
        self.reader.scan()
        self.scanned = True

    def _line(self, name: str, row: tuple[int, float]) -> bytes:
        step, value = row
        if name.endswith("csv"):
            return f"{step},{value}\n".encode()
        return (json.dumps({"step": step, "loss": value}) + "\n").encode()

    def _new_row(self, value: int) -> tuple[int, float]:
        self.step += 1
        return self.step, value / 8

    def _happened(self, *names: str) -> None:
        self.hints.update(names)
        self.scanned = False

    @rule(name=st.sampled_from(NAMES), values=st.lists(st.integers(0, 800), min_size=1, max_size=4))
    def append(self, name: str, values: list[int]) -> None:
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        new = [self._new_row(value) for value in values]
        data, *late = self.torn.pop(name, (b"",))
        if not path.exists() or not path.stat().st_size:
            data = b"step,loss\n" if name.endswith("csv") else b""
        with path.open("ab") as file:
            file.write(data + b"".join(self._line(name, row) for row in new))
        self.rows.setdefault(name, []).extend([*late, *new])
        self._happened(name)

    @rule(name=st.sampled_from(NAMES), value=st.integers(0, 800), cut=st.integers(1, 5))
    def append_torn(self, name: str, value: int, cut: int) -> None:
        if name not in self.rows or name in self.torn:
            return
        row = self._new_row(value)
        line = self._line(name, row)
        with (self.root / name).open("ab") as file:
            file.write(line[:-cut])
        self.torn[name] = line[-cut:], row
        self._happened(name)

    @rule(name=st.sampled_from(NAMES))
    def complete(self, name: str) -> None:
        if name not in self.torn:
            return
        rest, row = self.torn.pop(name)
        with (self.root / name).open("ab") as file:
            file.write(rest)
        self.rows[name].append(row)
        self._happened(name)

    @rule(name=st.sampled_from(NAMES), values=st.lists(st.integers(0, 800), max_size=6), inode=st.booleans())
    def rewrite(self, name: str, values: list[int], inode: bool) -> None:
        """Copytruncate (the inode stays) or an atomic replacement."""
        if name not in self.rows:
            return
        self.torn.pop(name, None)
        new = [self._new_row(value) for value in values]
        head = b"step,loss\n" if name.endswith("csv") else b""
        data = head + b"".join(self._line(name, row) for row in new)
        path = self.root / name
        if inode:
            path.write_bytes(data)
        else:
            beside = path.with_name(".new")
            beside.write_bytes(data)
            os.replace(beside, path)
        self.rows[name] = new
        self._happened(name, name)

    @rule(name=st.sampled_from(NAMES))
    def remove(self, name: str) -> None:
        if self.rows.pop(name, None) is not None:
            self.torn.pop(name, None)
            (self.root / name).unlink()
            self._happened(name)

    @rule()
    def swap(self) -> None:
        """Two files change places."""
        one, two = "a/metrics.csv", "c/metrics.csv"
        if one in self.rows and two in self.rows:
            os.rename(self.root / one, self.root / "x")
            os.rename(self.root / two, self.root / one)
            os.rename(self.root / "x", self.root / two)
            for table in (self.rows, self.torn):
                mine, theirs = table.pop(one, None), table.pop(two, None)
                table.update(
                    {name: known for name, known in ((one, theirs), (two, mine)) if known is not None}
                )  # type: ignore[attr-defined]
            self._happened(one, two)

    @rule(data=st.data())
    def hear(self, data: Any) -> None:
        """Some of the events arrive."""
        heard = data.draw(st.sets(st.sampled_from(sorted(self.hints)))) if self.hints else set()
        self.hints -= heard
        self.reader.refresh(heard)
        self._read()

    @rule()
    def scan(self) -> None:
        self.hints.clear()
        self.reader.scan()
        self._read()
        self.scanned = True

    def _read(self) -> None:
        while self.reader.read_some(lambda: True):
            pass

    @invariant()
    def nothing_failed(self) -> None:
        problems = [problem.message for problem in self.reader.problems]
        for entry in self.reader.entries.values():
            problems += [problem.message for problem in self.reader.summarise(entry).problems]
        assert not [text for text in problems if "failed" in text], problems

    @invariant()
    def the_board_is_right_after_a_scan(self) -> None:
        if not self.scanned:
            return
        self._read()
        assert _board(self.reader) == self._model()
        fresh = RootReader(str(self.root), Settings(), dict(built_in()))
        fresh.scan()
        while fresh.read_some(lambda: False):
            pass
        assert _board(self.reader) == _board(fresh)

    def _model(self) -> dict[str, dict[int, float]]:
        shown: dict[str, dict[int, float]] = {}
        for name, rows in self.rows.items():
            run = name.partition("/")[0]
            if rows:
                shown.setdefault(run, {}).update(dict(rows))
        return shown


def _board(reader: RootReader) -> dict[str, dict[int, float]]:
    """Every run's loss by step; runs without a number are left out."""
    shown: dict[str, dict[int, float]] = {}
    for run_id, entry in reader.entries.items():
        reader.summarise(entry)
        for tag in ("loss", *(tag for tag in entry.summary.metrics if tag != "loss")):  # type: ignore[union-attr]
            points = reader.points(run_id, tag)
            if len(points):
                found = dict(zip(points.steps.tolist(), points.values.tolist(), strict=True))
                shown.setdefault(run_id, {}).update(found)
    return shown


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(
    max_examples=80, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
