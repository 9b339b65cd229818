"""Asking something that may never answer: a dead network share blocks every access."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from runwatch.system.threads import started

T = TypeVar("T")


class WithTimeout(Generic[T]):
    """Asks in threads of its own. A question that is still open is not asked again."""

    def __init__(self, seconds: float = 1.0) -> None:
        self._seconds = seconds
        self._open: dict[str, threading.Thread] = {}

    def ask(self, key: str, question: Callable[[], T]) -> T | None:
        """The answer; None: it didn't come in time, or failed with an OSError. Where no thread can be had it
        is asked here, without a limit: a share that hangs too is rarer than a process limit."""
        waiting = self._open.get(key)
        if waiting is not None and waiting.is_alive():
            return None
        answers: list[T] = []

        def work() -> None:
            try:
                answers.append(question())
            except OSError:
                return

        thread = started(work, f"ask {key}")
        if thread is None:
            work()
            return answers[0] if answers else None
        thread.join(self._seconds)
        if thread.is_alive():
            self._open[key] = thread
        else:
            self._open.pop(key, None)
        return answers[0] if answers else None

    @property
    def silent(self) -> tuple[str, ...]:
        """The keys of questions that are still open."""
        return tuple(key for key, thread in self._open.items() if thread.is_alive())
