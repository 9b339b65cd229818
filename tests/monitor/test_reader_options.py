"""``[readers.NAME]`` reaches its reader, and what is wrong with it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from runwatch.monitor.once import load
from runwatch.readers import csv

pytestmark = pytest.mark.usefixtures("trusting")


def _load(root: Path, toml: str) -> list[str]:
    (root / "runwatch.toml").write_text(toml)
    return [problem.message for problem in load([str(root)]).snapshot.situation.problems]


def test_options_are_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[object] = []
    monkeypatch.setattr(csv, "configure", got.append, raising=False)
    assert _load(tmp_path, "[readers.csv]\ndelimiter = '|'\n") == []
    assert got == [{"delimiter": "|"}]


def test_a_complaint_and_an_unknown_reader_are_problems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(options: object) -> None:
        raise ValueError("delimiter must be one character")

    monkeypatch.setattr(csv, "configure", refuse, raising=False)
    told = _load(tmp_path, "[readers.csv]\ndelimiter = 'xx'\n[readers.nothing]\na = 1\n")
    assert told == ["delimiter must be one character", "no reader of that name takes options"]
