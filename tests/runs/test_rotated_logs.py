"""A log whose older parts were rotated away is one series, of the newest attempt."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runwatch.config.settings import Settings
from runwatch.monitor.reading import RootReader
from runwatch.readers import console


def _lines(first: int, last: int) -> str:
    return "".join(f"step {step} loss {100 - step}.5\n" for step in range(first, last + 1))


def _steps(reader: RootReader) -> list[int]:
    reader.scan()
    while reader.read_some(lambda: False):
        pass
    (run_id,) = reader.entries
    return [int(step) for step in reader.points(run_id, "loss").steps]


def _reader(root: Path) -> RootReader:
    return RootReader(str(root), Settings(), {console.NAME: console})


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"train.log.2": (1, 4), "train.log.1": (5, 8), "train.log": (9, 12)}, (1, 12)),
        ({"train.log.10": (1, 4), "train.log.9": (5, 8), "train.log": None}, (1, 8)),
        ({"train.log.2026-11-27": (1, 4), "train.log.2026-11-28": (5, 8), "train.log": (9, 10)}, (1, 10)),
        ({"train.log.1": (1, 40), "train.log": (1, 8)}, (1, 8)),
        ({"train.log.1": (1, 40), "train.log": (30, 33)}, (1, 33)),
    ],
)
def test_the_parts_of_a_log_follow_on_each_other(
    tmp_path: Path, parts: dict[str, tuple[int, int] | None], expected: tuple[int, int]
) -> None:
    for name, steps in parts.items():
        (tmp_path / name).write_text("" if steps is None else _lines(*steps))
    assert _steps(_reader(tmp_path)) == [*range(expected[0], expected[1] + 1)]


def test_a_log_that_is_rotated_while_it_is_watched(tmp_path: Path) -> None:
    log, reader = tmp_path / "train.log", _reader(tmp_path)
    log.write_text(_lines(1, 5))
    assert _steps(reader) == [*range(1, 6)]
    os.replace(log, tmp_path / "train.log.1")
    log.write_text(_lines(6, 7))
    assert _steps(reader) == [*range(1, 8)]
