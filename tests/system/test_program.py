"""Whether an update has replaced the program's files."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from runwatch.system import program


def test_a_module_that_came_since_then_counts_and_one_of_a_time_to_come_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "PACKAGE", tmp_path)
    (tmp_path / "module.py").write_text("")
    made = (tmp_path / "module.py").stat().st_ctime
    assert program.changed_since(made - 1) and not program.changed_since(made)
    monkeypatch.setattr(time, "time", lambda: made - 3600)
    assert not program.changed_since(made - 7200)
