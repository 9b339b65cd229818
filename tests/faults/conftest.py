"""Every fault gets a root of its own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder that is watched."""
    path = tmp_path / "root"
    path.mkdir()
    return path
