"""Leaving: on a signal as on ``q``, and in time however much hangs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading

from textual.app import App

RESTART = 75
"""The app's return code when it is to be opened again, with what is trusted now."""
_HANG_UP_S = 5.0


class LeavingApp(App[None]):
    """``watchdog``: ends the process when leaving takes too long."""

    watchdog: threading.Timer | None = None

    def obey_signals(self) -> None:
        """Leave when the terminal is lost or somebody asks for it."""
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP", "SIGINT"):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError, AttributeError):
                loop.add_signal_handler(getattr(signal, name), self._hang_up)

    def _hang_up(self) -> None:
        """The terminal may be gone: leave, and if that hangs on it, leave all the same."""
        self.leave_within(_HANG_UP_S, 1)
        self.exit()

    def leave_within(self, seconds: float, code: int) -> None:
        """End the process then, however much hangs (a mount that does not answer, a terminal that takes no
        output). Nothing is lost: what matters was saved when it happened."""
        if self.is_headless or self.watchdog is not None:
            return
        self.watchdog = threading.Timer(seconds, self._end_now, (code,))
        self.watchdog.daemon = True
        with contextlib.suppress(RuntimeError):  # no thread can be had: leave without
            self.watchdog.start()

    def _end_now(self, code: int) -> None:
        give_back = getattr(self._driver, "give_back", None)
        if give_back is not None:
            give_back()
        os._exit(code)
