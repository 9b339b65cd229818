"""How memory is handed out and collected: for processes that start often and then run for weeks."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

_M_ARENA_MAX = -8
_THRESHOLDS = 10_000, 20, 1
"""The last: all is searched once a quarter of what is there is new. A closed screen leaves some 20,000
objects that only such a search finds; with 4 there were up to 100,000 of them, 15 MB."""


def share_one_arena() -> None:
    """All threads take memory from one arena (glibc gives each its own, which keeps what the others could
    use: about 20 MB of arrays here). Elsewhere nothing happens. Before the first thread starts."""
    import ctypes

    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


@contextlib.contextmanager
def no_collecting() -> Iterator[None]:
    """Imports make many objects and no garbage: looking for it took a seventh of a start."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def collect_from_here() -> None:
    """Garbage is looked for again, but not among the modules that are there now, and new objects less often
    than Python does by default: reading 2,000 runs took a tenth longer with its thresholds."""
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    gc.enable()
