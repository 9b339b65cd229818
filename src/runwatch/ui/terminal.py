"""The terminal as it is: what is pasted is never keys, a stop from outside leaves it sane, and the screen is
drawn on it wherever standard error goes."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import time
from collections.abc import Callable, Generator, Iterable
from typing import Any, TextIO

from textual import constants, events
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

_CUT_OFF_S = 0.5
_GIVEN_UP_S = 3.0
_ONE_KEY = 8
_MOST_PASTED = 1_000_000
_RESTORING = (
    b"\x1b[?2004l\x1b[?7h\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"
)


class PasteSafeParser(XTermParser):
    """Takes what is pasted out of the input before keys are looked for in it. Textual's own parser goes on
    looking for escape sequences inside, and for ever when the end of the paste never comes. ``look``: called
    several times a second."""

    def __init__(self, debug: bool = False, look: Callable[[], None] = lambda: None) -> None:
        super().__init__(debug)
        self._look = look
        self._held = ""
        self._pasted: str | None = None
        self._heard = 0.0

    def feed(self, data: str) -> Iterable[Message]:
        now = time.monotonic()
        alone = now - self._heard > _CUT_OFF_S and len(data) <= _ONE_KEY and BRACKETED_PASTE_END not in data
        if self._pasted and alone:
            yield from self._end()  # nobody pastes so slowly: it was cut off, and this is a key
        self._heard = now
        if not data:
            yield from super().feed(data)
            return
        data, self._held = self._held + data, ""
        while data:
            if self._pasted is not None:
                data = yield from self._into_paste(data)
            else:
                data = yield from self._keys(data)

    def _keys(self, data: str) -> Generator[Message, None, str]:
        """Feed what comes before a paste; what comes after its beginning is left."""
        before, start, after = data.partition(BRACKETED_PASTE_START)
        if start:
            self._pasted = ""
        else:
            before, self._held = _split_start(before)
        if before:
            yield from super().feed(before)
        return after

    def _into_paste(self, data: str) -> Generator[Message, None, str]:
        """Take what is pasted; what comes after its end is left."""
        text = (self._pasted or "") + data
        inside, end, after = text.partition(BRACKETED_PASTE_END)
        self._pasted = inside[:_MOST_PASTED]
        if not end:
            return ""
        yield from self._end()
        return after

    def _end(self) -> Iterable[Message]:
        text, self._pasted = self._pasted or "", None
        shown = "".join(char for char in text.replace("\r", "\n") if char.isprintable() or char in "\n\t")
        if shown:
            yield events.Paste(shown)

    def tick(self) -> Iterable[Message]:
        self._look()
        silent = time.monotonic() - self._heard
        if self._held and silent > constants.ESCAPE_DELAY:
            held, self._held = self._held, ""
            yield from super().feed(held)
        if self._pasted is not None and silent > _GIVEN_UP_S:
            yield from self._end()
        yield from super().tick()


def _split_start(data: str) -> tuple[str, str]:
    """What is surely no beginning of a paste, and the end that may be one."""
    for n in range(min(len(BRACKETED_PASTE_START) - 1, len(data)), 1, -1):
        if BRACKETED_PASTE_START.startswith(data[-n:]):
            return data[:-n], data[-n:]
    return data, ""


def agree_on_size() -> None:
    """What the environment says of the size counts only where the terminal itself says 0 x 0 (a serial line,
    some containers); there Textual and Rich would else each assume their own, and draw in turns for ever."""
    try:
        known = min(os.get_terminal_size(sys.stdin.fileno())) > 0
    except (OSError, ValueError):
        known = False
    for name, usual in (("COLUMNS", "80"), ("LINES", "24")):
        if known:
            os.environ.pop(name, None)
        else:
            os.environ.setdefault(name, usual)


class Terminal(LinuxDriver):
    """Textual's driver with what it lacks."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._drawing = False
        own = _terminal_of(sys.__stderr__)
        self._opened = own
        if own is not None:
            self._file = own  # type: ignore[assignment]

    def run_input_thread(self) -> None:
        def parser(debug: bool = False) -> XTermParser:
            return PasteSafeParser(debug, self._leave_if_gone)

        vars(linux_driver)["XTermParser"] = parser
        super().run_input_thread()

    def _leave_if_gone(self) -> None:
        """Who has no controlling terminal gets no signal when it is lost, and would read nothing for ever."""
        looked = select.poll()
        looked.register(self.fileno, 0)
        if looked.poll(0) and not self.exit_event.is_set():
            self.exit_event.set()
            getattr(self._app, "hang_up", self._app.exit)()

    def process_message(self, message: Message) -> None:
        if isinstance(message, events.Key) and (coming := getattr(self._app, "key_is_coming", None)):
            coming(message)
        super().process_message(message)

    def _get_terminal_size(self) -> tuple[int, int]:
        agree_on_size()
        return super()._get_terminal_size()

    def _sigcont_application(self, *_: object) -> None:
        """Going on after a stop that Textual did not make (``kill -STOP``): it would take the raw terminal
        for the one to give back at the end."""
        if not self._must_signal_resume and self._auto_restart and self.attrs_before is not None:
            self.suspend_application_mode()
            self._must_signal_resume = True
        super()._sigcont_application(*_)

    def start_application_mode(self) -> None:
        self._drawing = True
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def stop_application_mode(self) -> None:
        super().stop_application_mode()
        self._drawing = False

    def give_back(self) -> None:
        """Restore the terminal at once, from any thread, without waiting for it to take anything."""
        if not self._drawing:
            return
        with contextlib.suppress(OSError, ValueError, termios.error):
            fd = self._file.fileno() if self._file is not None else self.fileno
            os.set_blocking(fd, False)
            os.write(fd, _RESTORING)
            os.set_blocking(fd, True)
        if self.attrs_before is not None:
            with contextlib.suppress(OSError, termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)

    def close(self) -> None:
        super().close()
        if self._opened is not None:
            self._opened.close()


def _terminal_of(stream: TextIO | None) -> TextIO | None:
    """The terminal of standard output where ``stream`` is none; None where ``stream`` is one itself."""
    try:
        if stream is not None and stream.isatty():
            return None
        return open(os.ttyname(1), "w", encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return None
