"""``runwatch demo`` leaves nothing behind."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import pytest

from runwatch.cli import main
from runwatch.system.folders import cache_dir, state_dir


def test_what_the_demo_saves_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    kept: list[Path] = []

    def opened(roots: Sequence[str], args: Namespace) -> int:
        for folder in (state_dir(), cache_dir()):
            assert folder is not None
            folder.mkdir(parents=True)
            kept.append(folder)
        return 0

    monkeypatch.setattr("runwatch.cli._dashboard.open_dashboard", opened)
    monkeypatch.setattr("runwatch.ui.run.refused", lambda: "")
    assert main(["demo", "--still"]) == 0
    assert len(kept) == 2 and not any(folder.exists() for folder in kept)
    assert list(tmp_path.iterdir()) == []
