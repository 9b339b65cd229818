"""How the C library hands out memory: for processes that run for weeks with a few threads."""

from __future__ import annotations

import contextlib

_M_ARENA_MAX = -8


def share_one_arena() -> None:
    """All threads take memory from one arena (glibc gives each its own, which keeps what the others could
    use: about 20 MB of arrays here). Elsewhere nothing happens. Before the first thread starts."""
    import ctypes

    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
