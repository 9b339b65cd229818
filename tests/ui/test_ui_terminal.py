"""A real terminal: it is given back whatever happens, and nothing of a hostile name reaches it."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from patience import PATIENCE_S
from runwatch.ui.run import run
from runwatch.ui.settings import UiSettings

HERE = Path(__file__).parent
PROGRAM = """
import sys
sys.path.insert(0, {here!r})
import made_up
from runwatch.ui.run import run
from pathlib import Path
from runwatch.ui.settings import UiSettings
first = made_up.snapshot({changes})
watching = made_up.FakeWatching(first)
{extra}
sys.exit(run(watching, UiSettings(clock=lambda: made_up.NOW, log=Path({log!r}))))
"""
LEAVE = b"\x1b[?1049l"


class Terminal:
    """The program in a pty of 120 x 36."""

    def __init__(self, tmp_path: Path, extra: str = "", changes: str = "") -> None:
        self.log = tmp_path / "log"
        code = PROGRAM.format(here=str(HERE), extra=extra, log=str(self.log), changes=changes)
        self.master, slave = pty.openpty()
        env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "36"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=env,
            start_new_session=True,
        )
        os.close(slave)
        self.seen = b""

    def read(self, until: bytes) -> None:
        """Until it has come."""
        end = time.monotonic() + PATIENCE_S
        while until not in self.seen:
            assert time.monotonic() < end and self._take(0.1), self.seen[-3000:]

    def _take(self, seconds: float) -> bool:
        """What comes within that time; whether the program has the terminal still."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if ready:
            try:
                self.seen += os.read(self.master, 65536)
            except OSError:
                return False
        return True

    def ended(self) -> int:
        try:
            end = time.monotonic() + PATIENCE_S
            while self.process.poll() is None and time.monotonic() < end:
                self._take(0.1)
            self._take(0.2)
            return self.process.wait(0)
        finally:
            self.process.kill()
            os.close(self.master)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back(tmp_path: Path, number: signal.Signals) -> None:
    terminal = Terminal(tmp_path)
    terminal.read("● live".encode())
    terminal.process.send_signal(number)
    terminal.read(LEAVE)
    assert terminal.ended() == 0
    assert LEAVE in terminal.seen


HANGS = "import signal, time; signal.signal(signal.SIGUSR1, lambda *_: time.sleep({}))"


@pytest.mark.parametrize(("leave", "code"), [("q", 0), ("\x03", 0), (signal.SIGTERM, 1), (signal.SIGHUP, 1)])
def test_it_leaves_while_the_event_loop_hangs(tmp_path: Path, leave: str | signal.Signals, code: int) -> None:
    terminal = Terminal(tmp_path, HANGS.format(600))
    terminal.read(b"0001")
    terminal.process.send_signal(signal.SIGUSR1)
    if isinstance(leave, str):
        os.write(terminal.master, leave.encode())
    else:
        terminal.process.send_signal(leave)
    terminal.read(LEAVE)
    assert terminal.process.wait(timeout=60) == code
    assert LEAVE in terminal.seen


def test_a_letter_of_a_text_leaves_nothing_however_long_it_waits(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, HANGS.format(2.5))
    terminal.read(b"0001")
    os.write(terminal.master, b"/b")
    terminal.read(b"a,b is either")
    terminal.process.send_signal(signal.SIGUSR1)
    os.write(terminal.master, b"q")
    terminal.read(b"escape clears the filter")
    assert terminal.process.poll() is None
    os.write(terminal.master, b"\x03")
    assert terminal.process.wait(timeout=60) == 0


def test_a_crash_gives_the_terminal_back_and_leaves_its_traceback(tmp_path: Path) -> None:
    extra = """
from runwatch.ui.screens.dashboard import Dashboard
def boom(self, view): raise RuntimeError('boom')
Dashboard.paint = boom
"""
    terminal = Terminal(tmp_path, extra)
    terminal.read(b"please report it")
    assert terminal.ended() == 1
    assert LEAVE in terminal.seen
    assert str(terminal.log).encode() in terminal.seen.replace(b"\r\n", b"")
    assert "RuntimeError: boom" in terminal.log.read_text()


def test_no_control_sequence_of_a_name_reaches_the_terminal(tmp_path: Path) -> None:
    evil = "\\x1b]0;owned\\x07\\x1b[2J\\x9b31m\\u202eevil"
    terminal = Terminal(tmp_path, changes=f'runs=(made_up.run("{evil}", "running", 1),)')
    terminal.read("● live".encode())
    terminal.read(b"evil")
    os.write(terminal.master, b"q")
    assert terminal.ended() == 0
    assert b"]0;owned\x07" not in terminal.seen
    text = re.sub(
        rb"\x1b\]22;[a-z-]*\x07|\x1b\[[0-9;?<>=]*[ -/]*[@-~]|\x1b[P_^].*?\x1b\\|\x1b[=>()][0B]?",
        b"",
        terminal.seen,
    )
    left = {char for char in text.decode("utf-8", "replace") if not char.isprintable()}
    assert left <= {"\r", "\n"}, left
    assert "\u202e" not in terminal.seen.decode("utf-8", "replace")


def test_without_a_terminal_it_says_so_and_does_not_hang(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(None, UiSettings()) == 2  # type: ignore[arg-type]
    assert "try runwatch check" in capsys.readouterr().err


def test_the_board_needs_nothing_heavy_to_start() -> None:
    code = "import runwatch.ui.run, sys; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["pandas", "scipy", "sklearn", "pyarrow", "yaml", "psutil", "watchdog"]
    out = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
