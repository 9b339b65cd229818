"""Here: one process that leads to another machine, as bytes in and out."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import time

from runwatch.hosts.targets import MIRROR_MARKER, Target, explained
from runwatch.hosts.wire import MARKER, WireError

MOST_NOISE = 64 * 1024
START_S = 30.0
_READ = 256 * 1024
_LAST_WORDS = 8 * 1024
_STALL_S = 5.0
_END_S = 1.0


class LinkError(WireError):
    """The link ended, or never was; the text says why and what helps."""


class StartTimeout(LinkError):
    """Connected, or so it seems, but nothing came: a shared connection that is dead looks like this."""


class Link:
    """Starts the command at once. ``write`` may be called from several threads, one at a time; all else
    belongs to one."""

    def __init__(self, target: Target, shared: bool = True) -> None:
        """``shared``: over the connection that ssh's ControlMaster keeps, where it does."""
        self._target = target
        self._said = b""
        try:
            self._process = subprocess.Popen(
                target.argv if shared else target.unshared,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            program = target.argv[0]
            raise LinkError(f"{target.name}: {program} cannot be started: {error}; check the PATH") from None
        pipes = self._process
        assert pipes.stdin and pipes.stdout and pipes.stderr
        self._in, self._out, self._err = pipes.stdin, pipes.stdout, pipes.stderr
        self._coming, self._going = select.poll(), select.poll()
        self._coming.register(self._out, select.POLLIN)
        self._coming.register(self._err, select.POLLIN)
        self._going.register(self._in, select.POLLOUT)
        os.set_blocking(self._in.fileno(), False)

    def write(self, data: bytes) -> None:
        """Send all of it. Raises OSError; a side that takes nothing for 5 s counts as gone."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._in.fileno(), view) :]
            except BlockingIOError:
                if not self._going.poll(_STALL_S * 1000):
                    raise OSError("the other side no longer accepts data") from None
            except ValueError:
                raise OSError("the link is closed") from None

    def read(self, timeout: float) -> bytes:
        """What came within ``timeout`` seconds, b"" for nothing. Raises LinkError at the end."""
        ready = {fd for fd, _ in self._coming.poll(timeout * 1000)}
        if self._err.fileno() in ready:
            self._listen()
        if self._out.fileno() in ready:
            data = os.read(self._out.fileno(), _READ)
            if not data:
                raise self._ended()
            return data
        return b""

    def _listen(self) -> bool:
        """Take last words; whether there may be more."""
        output = os.read(self._err.fileno(), _READ)
        self._said = (self._said + output)[-_LAST_WORDS:]
        if not output:
            self._coming.unregister(self._err)
        return bool(output)

    def started(self, timeout: float = START_S) -> tuple[bool, bytes]:
        """Skip what shells print before our own first bytes; (is it the mirror's start, what follows it).
        Raises LinkError."""
        until, noise = time.monotonic() + timeout, b""
        while True:
            noise += self.read(max(min(until - time.monotonic(), 1.0), 0.0))
            for marker, mirror in ((MARKER, False), (MIRROR_MARKER, True)):
                if marker in noise:
                    return mirror, noise.partition(marker)[2]
            if len(noise) > MOST_NOISE:
                raise LinkError(
                    f"{self._target.name}: {MOST_NOISE // 1024} KiB came that are not runwatch's; look at"
                    " what its shell prints at start (~/.bashrc)"
                )
            if time.monotonic() > until:
                raise StartTimeout(self._target.silent(timeout))

    def _ended(self) -> LinkError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        self._coming.unregister(self._out)
        with contextlib.suppress(OSError):
            while self._coming.poll(0) and self._listen():
                continue
        message = self._said.decode("utf-8", "replace")
        return LinkError(explained(self._target.name, self._process.returncode, message, self._target.by_ssh))

    def abandon(self) -> None:
        """End the process from another thread; the reading thread notices."""
        self._process.terminate()

    def close(self) -> None:
        """End the process: it is asked first, by the end of its input."""
        with contextlib.suppress(OSError):
            self._in.close()
        for end in (None, self._process.terminate, self._process.kill):
            if end is not None:
                end()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_S)
                break
        for pipe in (self._out, self._err):
            pipe.close()
