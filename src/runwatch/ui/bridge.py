"""The one place where the monitor's threads meet the event loop.

Snapshots come in on the monitor's threads; views of what is on the screen are built on the bridge's own
thread and go to the loop as messages, at most five a second, at once when a person asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from textual.message import Message

from runwatch.domain.situation import Snapshot
from runwatch.ui.host import Build
from runwatch.ui.messages import ViewFailed

_FRAME_S = 0.2
_FIRST_FRAME_S = 0.5
_FRAME_SHARE = 0.1
"""The largest share of time for views that were not requested: with ten thousand runs one takes long."""


class ViewReady(Message, bubble=False):
    """A view of the newest snapshot, made for the ``ticket`` that asked for it. A newer one replaces it."""

    def __init__(self, ticket: int, view: object, snapshot: Snapshot) -> None:
        super().__init__()
        self.ticket, self.view, self.snapshot = ticket, view, snapshot

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, ViewReady)


class BellRequested(Message, bubble=False):
    """The terminal's bell is to be rung with these characters."""

    def __init__(self, characters: str) -> None:
        super().__init__()
        self.characters = characters


class Bridge:
    """Takes snapshots from any thread and builds what the screen asks for. ``drawn``: set after a frame."""

    def __init__(self, post: Callable[[Message], object], clock: Callable[[], float]) -> None:
        self._post, self._clock = post, clock
        self.drawn = threading.Event()
        self._changed = threading.Condition()
        self._snapshot: Snapshot | None = None
        self._rung = -1
        self._build: Build | None = None
        self._ticket = 0
        self._fresh = self._asked = self._stopped = False
        self._thread = threading.Thread(target=self._run, name="runwatch-bridge", daemon=True)

    def start(self) -> None:
        """Begin to build views."""
        self._thread.start()

    def stop(self) -> None:
        """No view is built after this returns (or a second has passed)."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def publish(self, snapshot: Snapshot) -> None:
        """A new snapshot, from any thread; only the newest counts, but each version's bell is rung, once. The
        first frame is waited for: what the thread did meanwhile would only delay it."""
        if snapshot.bell and snapshot.version > self._rung:
            self._rung = snapshot.version
            self._post(BellRequested(snapshot.bell))
        with self._changed:
            self._snapshot, self._fresh = snapshot, True
            self._changed.notify()
        if not self.drawn.is_set():
            self.drawn.wait(_FIRST_FRAME_S)
            self.drawn.set()

    def ask(self, build: Build) -> int:
        """From now on build this view; the ticket comes with each. Built at once when there is a snapshot."""
        with self._changed:
            self._ticket += 1
            self._build, self._asked = build, True
            self._changed.notify()
            return self._ticket

    def _run(self) -> None:
        last, pause = 0.0, _FRAME_S
        while True:
            with self._changed:
                while not (self._stopped or (self._snapshot and (self._asked or self._fresh))):
                    self._changed.wait()
                wait = last + pause - time.monotonic()
                while wait > 0 and not (self._stopped or self._asked):
                    self._changed.wait(wait)
                    wait = last + pause - time.monotonic()
                if self._stopped:
                    return
                snapshot, build, ticket = self._snapshot, self._build, self._ticket
                self._asked = self._fresh = False
            last, began = time.monotonic(), time.thread_time()
            if snapshot is not None and build is not None:
                self._deliver(snapshot, build, ticket)
                pause = max(_FRAME_S, (time.thread_time() - began) / _FRAME_SHARE)

    def _deliver(self, snapshot: Snapshot, build: Build, ticket: int) -> None:
        try:
            view = build(snapshot, self._clock())
        except Exception as error:
            self._post(ViewFailed("the view could not be built", error))
        else:
            self._post(ViewReady(ticket, view, snapshot))
