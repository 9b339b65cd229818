"""A window into a run's log file."""

from __future__ import annotations

import os

from runwatch.readers.base import Opened

MAX_WINDOW = 1024 * 1024


def read_console(root: str, file: str, end: int | None, size: int) -> tuple[bytes, int]:
    """At most ``size`` bytes that end at offset ``end`` (None: the end of the file), and the offset at which
    they start. Raises OSError (NotRegular too)."""
    with Opened(os.path.join(root, file)) as opened:
        stop = opened.stat.size if end is None else min(end, opened.stat.size)
        start = max(stop - min(size, MAX_WINDOW), 0)
        return opened.pread(stop - start, start), start
