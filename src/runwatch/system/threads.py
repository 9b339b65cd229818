"""Threads that may not be had: at the user's process limit none can be started, and the rest must go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from runwatch.domain.errors import UserError

_SLICE_S = 0.1


class NoThread(UserError):
    """The system gives no thread to watch in; the text is the whole message, for people."""


def started(work: Callable[[], object], name: str) -> threading.Thread | None:
    """A running daemon thread; None when the system gives none (``ulimit -u``, a container's pids limit)."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread


def must_start(work: Callable[[], object], name: str) -> threading.Thread:
    """A running daemon thread; raises NoThread."""
    thread = started(work, name)
    if thread is None:
        raise NoThread(
            "no thread can be started: this user's or container's process limit is reached; "
            "end some processes, or raise it (ulimit -u)"
        )
    return thread


def must_have(count: int) -> None:
    """Raises NoThread where so many cannot be had at once."""
    done = threading.Event()
    try:
        for _ in range(count):
            must_start(done.wait, "runwatch-probe")
    finally:
        done.set()


def wait_for(event: threading.Event, seconds: float, given_up: Callable[[], bool]) -> None:
    """Until the event, for so long at most, or until nobody wants it any more."""
    until = time.monotonic() + seconds
    while not (event.wait(min(_SLICE_S, max(until - time.monotonic(), 0.0))) or given_up()):
        if time.monotonic() >= until:
            return


def alive(thread: threading.Thread | None) -> bool:
    return thread is not None and thread.is_alive()
