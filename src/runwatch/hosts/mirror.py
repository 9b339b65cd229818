"""Here: a machine that is mirrored: a thread copies what is new there, and the copies are watched in this
process as if runwatch ran there."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections.abc import Sequence

from runwatch.hosts.conversation import Conversation
from runwatch.hosts.link import Link, LinkError
from runwatch.hosts.mirroring import MirroredRoot
from runwatch.hosts.serve import Server
from runwatch.hosts.targets import Target
from runwatch.hosts.wire import MARKER, WireError

LEAST_PAUSE_S, MOST_PAUSE_S = 1.0, 15.0
FIRST_PASS_S = 5.0
_WALK_SHARE = 10.0


class Mirror:
    """The copies of a machine's roots, kept up to date over ``link`` until it ends."""

    def __init__(self, target: Target, link: Link, data: bytes, whole: bool) -> None:
        """Copies what there is: all of it (``whole``), or for 5 s. Raises WireError: it can't be had, or a
        root is not there."""
        self._talk = Conversation(target.name, link, data)
        self.python = str(self._talk.hello.get("python", ""))
        self.roots = [MirroredRoot(target.name, path, self._talk) for path in target.roots]
        self._ended = threading.Event()
        self.failed = ""
        until = time.monotonic() + FIRST_PASS_S
        for root in self.roots:
            try:
                root.refresh()
            except OSError as error:
                raise LinkError(f"{target.name}: {root.path}: {error}; check the path") from None
            root.fetch(lambda: not whole and time.monotonic() > until)
        self._thread = threading.Thread(target=self._run, name=f"runwatch-mirror-{target.name}", daemon=True)

    def start(self) -> None:
        """Go on copying."""
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()

    @property
    def heard(self) -> float:
        """When the machine answered last (monotonic)."""
        return self._talk.heard

    @property
    def names(self) -> dict[str, str]:
        """The real paths there, by the folders that are watched here."""
        return {root.files: root.there for root in self.roots}

    @property
    def notes(self) -> Sequence[str]:
        """What is not mirrored."""
        return [note for root in self.roots for note in root.notes]

    def _run(self) -> None:
        try:
            while not self._ended.is_set():
                took, waiting = 0.0, False
                for root in self.roots:
                    with contextlib.suppress(OSError):
                        root.refresh()
                    waiting = not root.fetch(self._ended.is_set) or waiting
                    took += root.took
                self._ended.wait(
                    0.0 if waiting else min(max(took * _WALK_SHARE, LEAST_PAUSE_S), MOST_PAUSE_S)
                )
        except (WireError, OSError, ValueError, KeyError, TypeError) as error:
            self.failed = str(error) or type(error).__name__


class InProcess:
    """A link to a server of this process, over two pipes."""

    def __init__(self) -> None:
        down, self._down = os.pipe()
        self._up, up = os.pipe()
        self._served = (down, up)
        self._thread = threading.Thread(target=self._serve, name="runwatch-mirrored", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            Server(*self._served).run()
        finally:
            for end in self._served:
                os.close(end)

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._down, view) :]

    def read(self, timeout: float) -> bytes:
        """What came within ``timeout`` seconds. Raises LinkError at the end."""
        if not select.select([self._up], [], [], timeout)[0]:
            return b""
        data = os.read(self._up, 1 << 18)
        if not data:
            raise LinkError("the reading of the copies ended; please report it")
        return data

    def started(self) -> bytes:
        """What follows the server's marker."""
        came = b""
        while MARKER not in came:
            came += self.read(5.0)
        return came.partition(MARKER)[2]

    def close(self) -> None:
        os.close(self._down)
        self._thread.join(5.0)
        os.close(self._up)
