"""How often the screen is told how far the reading is."""

from __future__ import annotations

import time

_LEAST_S, _MOST_S = 0.2, 5.0
_LEAST_WORK_S, _SHARE = 0.1, 0.05


class Frames:
    """After so much work of this thread a frame is due, after more where frames are dear. Work is CPU time:
    on a machine that has little of it for us, frames by the clock would take as much as the reading."""

    def __init__(self) -> None:
        self._sent_at = float("-inf")
        self._began = self._worked = 0.0
        self._work = _LEAST_WORK_S

    @property
    def waited(self) -> float:
        """Seconds since the last one."""
        return time.monotonic() - self._sent_at

    @property
    def due(self) -> bool:
        worked = time.thread_time() - self._worked >= self._work
        return self.waited >= (_LEAST_S if worked else _MOST_S)

    def begin(self) -> None:
        """One is made."""
        self._began = time.thread_time()

    def sent(self) -> None:
        """It is made."""
        self._sent_at, self._worked = time.monotonic(), time.thread_time()
        self._work = max(_LEAST_WORK_S, (self._worked - self._began) / _SHARE)
