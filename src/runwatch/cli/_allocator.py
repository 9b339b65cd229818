"""How memory is handed out and searched: for processes that run for weeks with a few threads."""

from __future__ import annotations

import contextlib
import gc

_M_ARENA_MAX = -8
_COLLECT_AFTER = (20_000, 20, 50)


def share_one_arena() -> None:
    """All threads take memory from one arena (glibc gives each its own, which keeps what the others could
    use: about 20 MB of arrays here). Elsewhere nothing happens. Before the first thread starts."""
    import ctypes

    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def collect_seldom() -> None:
    """What the imports made is never searched for circles again, and the rest more seldom than Python does by
    itself: of ten thousand runs nearly all that is made stays, and looking through it took a fifth of the
    start."""
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
