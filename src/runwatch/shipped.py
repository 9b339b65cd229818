"""Where the files are that come with runwatch beside its code: themes and samples."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def shipped(name: str) -> Path:
    """The folder ``name`` ("themes", "sample_runs"): inside the installed package, or at the top of a
    checkout."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent.parent / name
