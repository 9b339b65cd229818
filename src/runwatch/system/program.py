"""The program's own files: an update may replace them while a board is open."""

from __future__ import annotations

import time
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def changed_since(moment: float) -> bool:
    """Whether a module was put there after ``moment`` (seconds since the epoch). Asked of the inode: some
    installers keep the time of the file's contents. A time to come is a clock that was set: who starts again
    because of it would do so for ever."""
    try:
        return any(moment < path.stat().st_ctime <= time.time() for path in PACKAGE.rglob("*.py"))
    except OSError:
        return False
