"""Stories of a real terminal: pastes, sizes, stops, streams, leaving."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from patience import PATIENCE_S

HERE = Path(__file__).parent
PROGRAM = """
import sys, threading, time
sys.path.insert(0, {here!r})
import made_up
from runwatch.ui.run import run
from runwatch.ui.settings import UiSettings
watching = made_up.FakeWatching(made_up.snapshot())
{extra}
sys.exit(run(watching, UiSettings(clock=lambda: made_up.NOW)))
"""


class Terminal:
    """The program in a terminal of 120 x 36 of its own."""

    def __init__(
        self, extra: str = "", env: Mapping[str, str] | None = None, errors: int | None = None
    ) -> None:
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM.format(here=str(HERE), extra=extra)],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave if errors is None else errors,
            env={**kept, "TERM": "xterm-256color", **(env or {})},
            start_new_session=True,
        )
        self.seen = b""

    def reads(self, until: bytes = b"", seconds: float = PATIENCE_S) -> bytes:
        """What comes until these bytes are seen."""
        end, here = time.monotonic() + seconds, len(self.seen)
        while time.monotonic() < end and not (until and until in self.seen[here:]):
            ready, _, _ = select.select([self.master], [], [], 0.05)
            if ready:
                self.seen += os.read(self.master, 65536)
        return self.seen[here:]

    def opened(self) -> Terminal:
        self.sees("● live".encode(), b"Quit")
        return self

    def sees(self, *words: bytes, since: int = 0) -> None:
        """Reads until all these words have come behind the first ``since`` bytes, in whatever order."""
        end = time.monotonic() + PATIENCE_S
        while not all(word in self.seen[since:] for word in words):
            assert time.monotonic() < end, self.seen[-3000:]
            self.reads(seconds=0.05)

    def types(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def lives(self) -> bool:
        self.reads(seconds=0.3)
        return self.process.poll() is None

    def leaves(self) -> bool:
        """Whether it ends well, and the terminal is as it was."""
        try:
            end = time.monotonic() + PATIENCE_S
            while self.process.poll() is None and time.monotonic() < end:
                self.reads(seconds=0.1)
            return self.process.poll() == 0 and termios.tcgetattr(self.slave)[3] == self.before[3]
        finally:
            self.process.kill()
            os.close(self.master)
            os.close(self.slave)


PASTES = (
    b"q",
    b"q\r\nq\n",
    b"\x1b[A" + b"q" * 40,
    b"\x1b" + b"q" * 60,
    b"\x1b[1;5" + b"2" * 60 + b"q",
    b"\x03\x1bOP",
)


@pytest.mark.parametrize("pasted", PASTES)
def test_what_is_pasted_is_no_key(pasted: bytes) -> None:
    terminal = Terminal().opened()
    terminal.types(b"\x1b[200~" + pasted + b"\x1b[201~")
    assert terminal.lives()
    terminal.types(b"q")
    assert terminal.leaves()


def test_a_paste_is_typed_into_a_prompt() -> None:
    terminal = Terminal().opened()
    terminal.types(b"/")
    assert b"filter" in terminal.reads(b"filter")
    terminal.types(b"\x1b[200~exp-20\x1b[201~")
    terminal.sees(b"1 of 11 shown")
    terminal.types(b"\x03")
    assert terminal.leaves()


def test_a_paste_that_is_cut_off_leaves_the_keyboard_alive() -> None:
    terminal = Terminal().opened()
    terminal.types(b"\x1b[200~half a sen")
    assert terminal.lives()
    end = time.monotonic() + PATIENCE_S
    while terminal.process.poll() is None and time.monotonic() < end:
        terminal.types(b"q")  # the first may still be taken for the rest of the paste
        terminal.reads(seconds=1.0)
    assert terminal.leaves()


def test_exported_columns_and_lines_do_not_hold_the_size() -> None:
    terminal = Terminal(env={"COLUMNS": "70", "LINES": "20"}).opened()
    assert b"\x1b[36;" in terminal.seen
    fcntl.ioctl(terminal.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 130, 0, 0))
    os.kill(terminal.process.pid, signal.SIGWINCH)
    assert b"\x1b[40;" in terminal.reads(b"\x1b[40;")
    terminal.types(b"q")
    assert terminal.leaves()


def test_a_stop_from_outside_leaves_a_sane_terminal() -> None:
    terminal = Terminal().opened()
    for _ in range(2):
        os.kill(terminal.process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, terminal.process.pid, os.WSTOPPED)
        terminal.reads(seconds=0.1)
        here = len(terminal.seen)
        os.kill(terminal.process.pid, signal.SIGCONT)
        terminal.sees(b"Metrics", b"Quit", since=here)
    terminal.types(b"q")
    assert terminal.leaves()


def test_a_terminal_that_is_lost_without_a_signal_ends_it() -> None:
    """As where it was started without a controlling terminal."""
    terminal = Terminal().opened()
    os.close(terminal.slave)
    os.close(terminal.master)
    try:
        assert terminal.process.wait(PATIENCE_S) in (0, 1)
    finally:
        terminal.process.kill()


def test_the_screen_is_on_the_terminal_and_errors_in_the_file(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as errors:
        terminal = Terminal("print('a warning', file=sys.stderr)", errors=errors.fileno()).opened()
        terminal.types(b"q")
        assert terminal.leaves()
    assert log.read_text() == "a warning\n"


WRONG = {
    "TEXTUAL_DRIVER": "no.such:Driver",
    "TEXTUAL_THEME": "no-such-theme",
    "TEXTUAL_COLOR_SYSTEM": "ultraviolet",
    "TEXTUAL_LOG": "/proc/no/such/file",
    "TEXTUAL_PRESS": "q",
    "TEXTUAL_FPS": "many",
    "TEXTUAL_ANIMATIONS": "?",
    "TEXTUAL_SCREENSHOT": "0",
}


def test_wrong_settings_of_textual_do_not_end_the_start() -> None:
    terminal = Terminal(env=WRONG).opened()
    assert terminal.lives()
    terminal.types(b"q")
    assert terminal.leaves()


@pytest.mark.parametrize(
    "hangs",
    ["watching.stop = threading.Event().wait", "watching.series = lambda *a: threading.Event().wait()"],
)
def test_it_leaves_whatever_hangs(hangs: str) -> None:
    terminal = Terminal(hangs).opened()
    terminal.types(b"q")
    assert terminal.leaves()
