"""Threads that may not be had: at the user's process limit none can be started, and the rest must go on."""

from __future__ import annotations

import threading
from collections.abc import Callable


def started(work: Callable[[], object], name: str) -> threading.Thread | None:
    """A running daemon thread; None when the system gives none (``ulimit -u``, a container's pids limit)."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread


def alive(thread: threading.Thread | None) -> bool:
    return thread is not None and thread.is_alive()
