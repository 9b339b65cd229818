"""Here: a machine that is mirrored: a thread copies what is new there, and the copies are watched in this
process as if runwatch ran there."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections.abc import Callable, Sequence

from runwatch.domain.machine import Machine
from runwatch.hosts.conversation import Conversation
from runwatch.hosts.link import Link, LinkError
from runwatch.hosts.mirrored_machine import FilesThere, MirroredMachine
from runwatch.hosts.mirroring import MirroredRoot, heads
from runwatch.hosts.serve import Server
from runwatch.hosts.targets import Target
from runwatch.hosts.wire import MARKER, WireError
from runwatch.system.files import write_all

LEAST_PAUSE_S, MOST_PAUSE_S = 1.0, 15.0
FIRST_PASS_S = 5.0
_WALK_SHARE = 10.0
MACHINE_EVERY_S = 10.0
_GPUS_SHARE = 60.0


class Mirror:
    """The copies of a machine's roots, kept up to date over ``link`` until it ends."""

    def __init__(self, target: Target, link: Link, data: bytes, whole: bool) -> None:
        """Copies what there is: all of it (``whole``), or for 5 s. Raises WireError: it cannot be had, or a
        root is not there."""
        self._talk = Conversation(target.name, link, data)
        self.python = str(self._talk.hello.get("python", ""))
        self.roots = [MirroredRoot(target.name, path, self._talk) for path in target.roots]
        self._wakeup = threading.Condition()
        self._stopped = False
        self._wanted: dict[tuple[str, str], threading.Event] = {}
        self.failed = ""
        self.machine: Machine | None = None
        self._history = MirroredMachine(target.name, FilesThere(fetch=self._texts))
        self._machine_at = self._gpus_at = float("-inf")
        self._gpus = ""
        until = time.monotonic() + FIRST_PASS_S
        for root in self.roots:
            try:
                root.refresh()
            except OSError as error:
                raise LinkError(f"{target.name}: {root.path}: {error}; check the path") from None
            root.fetch(lambda: not whole and time.monotonic() > until)
        self._look_at_machine()
        self._thread = threading.Thread(target=self._run, name=f"runwatch-mirror-{target.name}", daemon=True)

    def start(self) -> None:
        """Go on copying."""
        self._thread.start()

    def stop(self) -> None:
        with self._wakeup:
            self._stopped = True
            self._wakeup.notify_all()

    def bring(self, files_of: str, paths: Sequence[str], timeout: float) -> None:
        """Have images copied that somebody looks at; ``files_of``: the folder that is watched here. Returns
        when they are there, or cannot be had in time."""
        with self._wakeup:
            brought = [self._wanted.setdefault((files_of, path), threading.Event()) for path in paths]
            self._wakeup.notify_all()
        until = time.monotonic() + timeout
        for one in brought:
            one.wait(max(until - time.monotonic(), 0.0))

    @property
    def heard(self) -> float:
        """When the machine answered last (monotonic)."""
        return self._talk.heard

    @property
    def names(self) -> dict[str, str]:
        """The real paths there, by the folders that are watched here."""
        return {root.files: root.remote_path for root in self.roots}

    @property
    def notes(self) -> Sequence[str]:
        """What is not mirrored."""
        return [note for root in self.roots for note in root.notes]

    def _run(self) -> None:
        try:
            while not self._stopped:
                took, waiting = 0.0, False
                for root in self.roots:
                    with contextlib.suppress(OSError):
                        root.refresh()
                    waiting = not root.fetch(self._is_urgent) or waiting
                    took += root.took
                self._bring()
                self._look_at_machine()
                pause = 0.0 if waiting else min(max(took * _WALK_SHARE, LEAST_PAUSE_S), MOST_PAUSE_S)
                with self._wakeup:
                    self._wakeup.wait_for(self._is_urgent, pause)
        except (WireError, OSError, ValueError, KeyError, TypeError) as error:
            self.failed = str(error) or type(error).__name__

    def _look_at_machine(self) -> None:
        """Every 10 s; GPUs less often where asking about them takes long."""
        now = time.monotonic()
        if now - self._machine_at < MACHINE_EVERY_S:
            return
        self._machine_at = now
        roots = [root.remote_path for root in self.roots]
        with_gpus = now >= self._gpus_at
        reading = self._talk.ask_value("machine", roots=roots, gpus=with_gpus)
        if not isinstance(reading, dict):
            raise WireError("invalid machine data (not an object)")
        if with_gpus:
            self._gpus = str(reading.get("gpus", ""))
            self._gpus_at = now + (time.monotonic() - now) * _GPUS_SHARE
        self.machine = self._history.take({**reading, "gpus": self._gpus}, time.time())

    def _texts(self, names: Sequence[str]) -> dict[str, str]:
        """Small files of the kernel there."""
        return {name: head.decode("utf-8", "replace") for name, head, _, _ in heads(self._talk, "/", names)}

    def _is_urgent(self) -> bool:
        return self._stopped or bool(self._wanted)

    def _bring(self) -> None:
        with self._wakeup:
            requests, self._wanted = self._wanted, {}
        for (files_of, path), brought in requests.items():
            for root in self.roots:
                if root.files == files_of:
                    with contextlib.suppress(OSError):
                        root.bring(path)
            brought.set()


class InProcess:
    """A link to a server of this process, over two pipes."""

    def __init__(self, machine: Callable[[], Machine | None]) -> None:
        """``machine``: the one that has the runs, as far as it is known."""
        self._machine = machine
        down, self._down = os.pipe()
        self._up, up = os.pipe()
        self._served = (down, up)
        self._thread = threading.Thread(target=self._serve, name="runwatch-mirrored", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            Server(*self._served, self._machine).run()
        finally:
            for end in self._served:
                os.close(end)

    def write(self, data: bytes) -> None:
        write_all(self._down, data)

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
