"""A full-screen program in a pseudo-terminal, seen from outside: what it paints, what it costs (Linux)."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

COLUMNS, ROWS = 160, 45
TICKS = os.sysconf("SC_CLK_TCK")
CONTROL = re.compile(
    rb"\x1b(?:\[[0-9;?<>=!$ ]*[A-Za-z~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|P[^\x1b]*\x1b\\|[()][A-Z0-9]|[=>78cM])"
)


class Paint(NamedTuple):
    """One piece of output: when it came (monotonic seconds), and the bytes."""

    at: float
    data: bytes


class Terminal:
    """A command on a terminal of 160x45. Every byte that it paints is kept with its time."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        self.paints: list[Paint] = []
        self.began = time.monotonic()
        self.ended = False
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], list(command), dict(env))
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._news = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _listen(self) -> None:
        while True:
            try:
                data = os.read(self.fd, 1 << 16)
            except OSError:
                return
            if not data:
                return
            with self._news:
                self.paints.append(Paint(time.monotonic(), data))
                self._news.notify_all()

    def send(self, keys: str) -> None:
        os.write(self.fd, keys.encode())

    def size(self) -> int:
        """The number of bytes painted so far."""
        return sum(len(paint.data) for paint in self.paints)

    def wait(self, holds: Callable[[bytes], bool], since: int = 0, within: float = 60.0) -> float | None:
        """When ``holds`` was first true of the bytes painted from the ``since``-th paint on; None: never."""
        end, seen, painted = time.monotonic() + within, since, b""
        while True:
            with self._news:
                while len(self.paints) == seen and time.monotonic() < end:
                    self._news.wait(max(end - time.monotonic(), 0.0))
                new = self.paints[seen:]
            for paint in new:
                painted += paint.data
                if holds(painted):
                    return paint.at
            if not new:
                return None
            seen += len(new)

    def wait_text(self, pattern: str, since: int = 0, within: float = 60.0) -> float | None:
        """When text that matches was painted."""
        wanted = re.compile(pattern)
        return self.wait(lambda data: bool(wanted.search(plain(data[-200_000:]))), since, within)

    def cpu(self) -> float:
        """CPU seconds of the process and all below it."""
        return sum(cpu_of(pid) for pid in family(self.pid))

    def peak_mb(self) -> float:
        """Peak resident memory of the process and of those below it that are alive, MiB."""
        return sum(peak_of(pid) for pid in family(self.pid)) / 2**20

    def wait_end(self, within: float) -> bool:
        """Whether the program has ended."""
        deadline = time.monotonic() + within
        while not self.ended and time.monotonic() < deadline:
            self.ended = bool(os.waitpid(self.pid, os.WNOHANG)[0])
            time.sleep(0.0 if self.ended else 0.01)
        return self.ended

    def close(self) -> None:
        for end in (signal.SIGTERM, signal.SIGKILL):
            if not self.ended:
                os.kill(self.pid, end)
                self.wait_end(5.0)
        os.close(self.fd)


def plain(data: bytes) -> str:
    """The text of painted bytes, without where and how it was painted."""
    return CONTROL.sub(b"", data).decode(errors="replace")


def family(pid: int) -> list[int]:
    """A process and all below it."""
    found, ahead = [], [pid]
    while ahead:
        one = ahead.pop()
        found.append(one)
        for listed in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                ahead += map(int, listed.read_text().split())
            except OSError:
                continue
    return found


def cpu_of(pid: int) -> float:
    """CPU seconds of one process and its children that ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS


def peak_of(pid: int) -> float:
    """Peak resident bytes of one process."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+)", status)
    return int(found[1]) * 1024.0 if found else 0.0
