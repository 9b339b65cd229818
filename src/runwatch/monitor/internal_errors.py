"""Errors of our own, on whichever thread: kept, logged, told; never printed over the screen."""

from __future__ import annotations

import errno
import logging
import threading
from collections.abc import Callable

from runwatch.domain.errors import UserError
from runwatch.domain.run import Problem


def of_ours(what: str, error: Exception) -> Problem:
    """What cannot be judged for an error of our own, logged whole."""
    logging.getLogger("runwatch").error("error in %s", what, exc_info=error)
    return Problem(what, None, f"internal error: {error!r}", "please report it")


class InternalErrors:
    """Internal errors, the newest in words. While ``listening``, uncaught errors of threads are noted too."""

    def __init__(self, news: Callable[[], None]) -> None:
        self._news = news
        self._before: Callable[[threading.ExceptHookArgs], object] | None = None
        self.newest = ""

    def listen(self) -> None:
        if self._before is None:
            self._before, threading.excepthook = threading.excepthook, self._ended

    def stop(self) -> None:
        if self._before is not None and threading.excepthook == self._ended:
            threading.excepthook = self._before
        self._before = None

    def note(self, where: str, error: BaseException) -> None:
        """Keep and log an error."""
        known = isinstance(error, UserError)
        logging.getLogger("runwatch").error(
            "error in %s: %s", where, error, exc_info=None if known else error
        )
        self.newest = (
            f"{error}; watching continues"
            if known
            else f"internal error in {where}: {error!r}; watching continues, please report it"
        )
        self._news()

    def _ended(self, what: threading.ExceptHookArgs) -> None:
        if what.exc_value is None or issubclass(what.exc_type, SystemExit) or _is_closed_terminal(what):
            return
        self.note(f"thread {what.thread.name if what.thread else '?'}", what.exc_value)


def _is_closed_terminal(what: threading.ExceptHookArgs) -> bool:
    """Whether Textual's writer lost its terminal: the window was closed, or tmux ended. No error of ours."""
    writes = what.thread is not None and what.thread.name == "textual-output"
    return writes and isinstance(what.exc_value, OSError) and what.exc_value.errno == errno.EIO
