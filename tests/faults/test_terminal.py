"""In a pty: nothing of a hostile text gets through raw, and the terminal comes back."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from looking import write

import runwatch
from patience import PATIENCE_S

ENTERED, LEFT = b"\x1b[?1049h", b"\x1b[?1049l"
LIVE = "● live".encode()
HOSTILE = (
    "\x1b]52;c;aGFja2Vk\x07 \x1b]0;owned\x07 \x1b[2J\x1b[31;7m \x1bPq#0\x1b\\ "
    "\x9b31m\x9d0;owned\x9c \u202eevil\u2066"
)
OWN = re.compile(
    rb"\x1b\[[?>=<]?[0-9;:]*(?:\$p|[A-HJKSTfhlmnqrstu])"  # CSI of ours
    rb"|\x1b\]22;[a-z-]*(?:\x07|\x1b\\)"  # pointer shape
    rb"|\x1bP[=+][^\x1b]*\x1b\\"  # synchronised output
    rb"|\x1b[=>78]|\x1b_G[^\x1b]*\x1b\\"
)


class Terminal:
    """``runwatch ARGUMENTS`` in a pty of ``size`` (lines, columns)."""

    def __init__(
        self, *arguments: str, code: str = "", size: tuple[int, int] = (36, 120), **env: str
    ) -> None:
        self.master, slave = pty.openpty()
        self.resize(slave, *size)
        self.before = termios.tcgetattr(slave)
        program = f"{code}\nimport sys\nfrom runwatch.cli import main\nsys.exit(main(sys.argv[1:]))"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm-256color", **env},
            start_new_session=True,
        )
        self.slave = slave
        self.seen = b""

    @staticmethod
    def resize(terminal: int, lines: int, columns: int) -> None:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def until(self, *words: bytes, since: int = 0) -> None:
        """Read until all the words have come, behind the first ``since`` bytes."""
        end = time.monotonic() + PATIENCE_S
        while not all(word in self.seen[since:] for word in words):
            assert time.monotonic() < end, self.seen[-3000:]
            self._take(0.05)

    def _take(self, wait: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], wait)
        with contextlib.suppress(OSError):
            if ready:
                self.seen += os.read(self.master, 65536)
        return bool(ready)

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def ended(self) -> int:
        """The exit code, once it has ended; everything is read."""
        end = time.monotonic() + PATIENCE_S
        while self.process.poll() is None and time.monotonic() < end:
            self._take(0.05)
        while self._take(0.05):
            pass
        return self.process.wait(0.1)

    def restored(self) -> None:
        """The terminal is as it was: main screen, no mouse, no paste marks, cursor on, canonical mode."""
        assert self.seen.rindex(LEFT) > self.seen.rindex(ENTERED)
        for mode in (b"1000", b"1003", b"1006", b"2004", b"1004"):
            if b"\x1b[?" + mode + b"h" in self.seen:
                assert self.seen.rindex(b"\x1b[?" + mode + b"l") > self.seen.rindex(
                    b"\x1b[?" + mode + b"h"
                ), mode
        assert self.seen.rindex(b"\x1b[?25h") > self.seen.rindex(b"\x1b[?25l")
        assert termios.tcgetattr(self.slave)[3] == self.before[3]

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


def _hostile_root(root: Path) -> None:
    rows = [json.dumps({"step": step, "loss": 1 / step, f"t{HOSTILE}": float(step)}) for step in (1, 2)]
    name = f"n{HOSTILE.replace('/', '_')}"
    write(root / name / "metrics.jsonl", "\n".join(rows) + "\n")
    write(root / name / "train.log", f"{HOSTILE}\nERROR: {HOSTILE}\n\x1b[32mgreen\x1b[0m the last line\n")
    write(root / name / "config.json", json.dumps({HOSTILE: HOSTILE}))
    write(root / "todo.txt", f"(A) 2026-01-01 {HOSTILE}\n")


def test_nothing_hostile_reaches_the_terminal(root: Path) -> None:
    _hostile_root(root)
    terminal = Terminal(str(root))
    try:
        terminal.until(LIVE, b"evil")
        terminal.press("\r")
        terminal.until(b"Curves")
        for part, word in (("2", b"aGFja2Vk"), ("3", b"Settings"), ("4", b"Health"), ("5", b"the last line")):
            terminal.press(part)
            terminal.until(word)
        here = len(terminal.seen)
        terminal.press("\x1b")
        terminal.until(b"vs baseline", since=here)  # escape and a key at once would be alt and that key
        terminal.press("q")
        assert terminal.ended() == 0
        terminal.restored()
        _clean(terminal.seen)
    finally:
        terminal.close()


def _clean(seen: bytes) -> None:
    for raw in (b"\x1b]52", b"\x1b]0;", b"\x1b[2J\x1b[31;7m", b"\x1bPq", b"\xc2\x9b", b"\xc2\x9d"):
        assert raw not in seen, raw
    rest = OWN.sub(b"", seen)
    text = rest.decode("utf-8")
    left = {char for char in text if not char.isprintable()}
    assert left <= {"\r", "\n"}, left


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 0)],
    ids=["term", "hup", "int"],
)
def test_a_signal_gives_the_terminal_back(root: Path, number: signal.Signals, code: int) -> None:
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    terminal = Terminal(str(root))
    try:
        terminal.until(LIVE)
        terminal.process.send_signal(number)
        assert terminal.ended() in (0, code)
        terminal.restored()
        assert b"Traceback" not in terminal.seen
    finally:
        terminal.close()


def test_a_terminal_that_does_not_know_its_size_is_drawn_once(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A serial line, or a container's terminal before it was told."""
    for name in ("COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    terminal = Terminal(str(root), size=(0, 0))
    try:
        terminal.until(LIVE)
        terminal.resize(terminal.master, 40, 150)
        os.kill(terminal.process.pid, signal.SIGWINCH)
        terminal.until(b"\x1b[40;1H")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.ended() in (0, 143) and len(terminal.seen) < 300_000
        terminal.restored()
    finally:
        terminal.close()


def test_a_crash_gives_the_terminal_back_and_names_its_log(root: Path, own_places: Path) -> None:
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    broken = (
        "from runwatch.ui.panes.runs import RunsPane\n"
        "def boom(*_): raise RuntimeError('boom \\x1b]0;owned\\x07')\n"
        "RunsPane.show = boom\n"
    )
    terminal = Terminal(str(root), code=broken)
    try:
        terminal.until(b"please report it")
        assert terminal.ended() == 1
        terminal.restored()
        assert b"Traceback" not in terminal.seen
        log = own_places / "xdg_state_home" / "runwatch" / "runwatch.log"
        assert str(log).encode() in terminal.seen.replace(b"\r\n", b"")
        assert "RuntimeError: boom" in log.read_text()
    finally:
        terminal.close()


def test_an_error_of_the_loop_is_said_and_logged_and_the_loop_goes_on(root: Path, own_places: Path) -> None:
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    broken = (
        "from runwatch.monitor.live import Monitor\n"
        "right, left = Monitor._scan_due, [0, 0, 1]\n"
        "def boom(self):\n"
        "    if left and left.pop(0): raise RuntimeError('boom')\n"
        "    right(self)\n"
        "Monitor._scan_due = boom\n"
    )
    terminal = Terminal(str(root), code=broken)
    try:
        terminal.until(LIVE, b"internal error")
        write(root / "b" / "metrics.csv", "step,loss\n1,0.125\n")
        terminal.until(b"0.1250")
        terminal.press("q")
        assert terminal.ended() == 0
        terminal.restored()
        assert b"Traceback" not in terminal.seen
    finally:
        terminal.close()
    log = own_places / "xdg_state_home" / "runwatch" / "runwatch.log"
    assert "RuntimeError: boom" in log.read_text()


def test_without_a_terminal_it_says_so(root: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "runwatch", str(root)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 2 and "terminal" in told.stderr and not told.stdout


def test_a_board_that_is_updated_while_it_is_open_starts_again(root: Path, tmp_path: Path) -> None:
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    package = tmp_path / "site" / "runwatch"
    shutil.copytree(Path(runwatch.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    terminal = Terminal(str(root), PYTHONPATH=str(package.parent))
    try:
        terminal.until(LIVE)
        work, help_screen = package / "ui" / "work.py", package / "ui" / "screens" / "help.py"
        write(work, f"{work.read_text()}added = 1\n")
        write(help_screen, f"{help_screen.read_text()}from runwatch.ui.work import added\n")
        terminal.press("?")
        terminal.until(LEFT)
        terminal.seen = terminal.seen.partition(LEFT)[2]
        terminal.until(ENTERED, LIVE)
        terminal.press("?")
        terminal.until(b"keys that work here")
        terminal.press("\x03")
        assert terminal.ended() == 0
    finally:
        terminal.close()
