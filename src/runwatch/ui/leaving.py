"""Leaving: on a signal as on ``q``, and in time however much hangs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Collection
from types import FrameType
from typing import Any

from textual import events
from textual.app import App

RESTART = 75
"""The app's return code when it is to be opened again, with what is trusted now."""
LEAVE_S = 0.9
_HANG_UP_S = 5.0
_ANSWER_S = 0.1
_LEAST_S = 0.1
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name))


class LeavingApp(App[None]):
    """``watchdog``: ends the process when leaving takes too long; ``leaving_keys``: keys that leave where no
    dialog or prompt takes them."""

    leaving_keys: Collection[str] = ("q", "ctrl+c")
    watchdog: threading.Timer | None = None
    _pressed_at = float("-inf")
    _signals: _Signals | None = None

    def obey_signals(self) -> None:
        """Leave when the terminal is lost or somebody asks for it, even if the event loop hangs."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            """Python calls other handlers once the main thread runs."""
            loop.call_soon_threadsafe(lambda: None)

        with contextlib.suppress(ValueError, OSError, RuntimeError):
            self._signals = _Signals(self.hang_up, wake)

    def hang_up(self) -> None:
        """Leave, and if that hangs on a terminal that is gone, leave all the same; from any thread."""
        self.leave_within(_HANG_UP_S, 1)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.exit)

    def disobey_signals(self) -> None:
        """They do again what they did before."""
        if self._signals is not None:
            self._signals.close()
            self._signals = None

    def key_is_coming(self, key: events.Key) -> None:
        """On the thread that reads keys. One that leaves does so even if the event loop never comes to it."""
        if key.key not in self.leaving_keys or self.is_headless:
            return
        self._pressed_at = time.monotonic()
        waiting = threading.Timer(LEAVE_S - _ANSWER_S, self._leave_unheard, (key,))
        waiting.daemon = True
        with contextlib.suppress(RuntimeError):  # no thread can be had
            waiting.start()

    def _leave_unheard(self, key: events.Key) -> None:
        """End the process if the event loop hangs, unless the key means something else just now."""
        heard = threading.Event()
        try:
            assert self._loop is not None
            self._loop.call_soon_threadsafe(heard.set)
        except RuntimeError:  # it has ended
            return
        if not heard.wait(_ANSWER_S) and self._leaves(key):
            self._end_now(0)

    def _leaves(self, key: events.Key) -> bool:
        focused = self.focused
        if focused is not None and focused.check_consume_key(key.key, key.character):
            return False
        bound = self.screen.active_bindings.get(key.key)
        return bound is not None and bound.binding.action == "quit"

    def leave_soon(self) -> None:
        """End the process a second after the key that leaves, however much hangs."""
        left = LEAVE_S - (time.monotonic() - self._pressed_at)
        self.leave_within(max(left, _LEAST_S) if left > 0 else LEAVE_S, 0)

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


class _Signals:
    """Hears signals on a thread of its own: the event loop that asyncio would tell may be what hangs. Raises
    ValueError outside the main thread, RuntimeError where no thread can be had."""

    def __init__(self, leave: Callable[[], None], other: Callable[[], None]) -> None:
        self._leave, self._other = leave, other
        self._hears, self._told = socket.socketpair()
        self._told.setblocking(False)
        self._thread = threading.Thread(target=self._listen, name="runwatch-signals", daemon=True)
        self._thread.start()
        try:
            self._before: dict[int, Any] = {
                number: signal.signal(number, _ignore_signal) for number in _SIGNALS
            }
            self._fd_before = signal.set_wakeup_fd(self._told.fileno(), warn_on_full_buffer=False)
        except ValueError:
            self._told.close()
            raise

    def _listen(self) -> None:
        while numbers := self._hears.recv(64):
            leaves = any(number in _SIGNALS for number in numbers)
            with contextlib.suppress(RuntimeError):  # the event loop has ended
                (self._leave if leaves else self._other)()

    def close(self) -> None:
        signal.set_wakeup_fd(self._fd_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._told.close()
        self._thread.join(1.0)
        self._hears.close()


def _ignore_signal(number: int, frame: FrameType | None) -> None:
    """The thread was told."""
