"""The program's own files: an update may replace them while a board is open."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def changed_since(moment: float) -> bool:
    """Whether a module was put there after ``moment`` (seconds since the epoch). Asked of the inode: some
    installers keep the time of the file's contents."""
    try:
        return any(path.stat().st_ctime > moment for path in PACKAGE.rglob("*.py"))
    except OSError:
        return False
