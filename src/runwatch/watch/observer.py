"""Events from the kernel, as hints: an event puts a path into a bounded set and says *look*, no more.

What the events miss (overflow, missing watches, network file systems, a dead thread) the reconciliation
scan finds; everything here that can go wrong only makes a scan due sooner."""

from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from runwatch.system.threads import must_have
from runwatch.watch.tree import SKIPPED

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

MAX_DIRTY = 10_000
_OBSERVER_THREADS = 4
_BACKOFF = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 60.0)

warnings.filterwarnings("ignore", module="watchdog")


class Dirty:
    """The bounded set of paths that something happened to; past the bound it asks for a scan instead."""

    def __init__(self, root: str, wake: Callable[[], None]) -> None:
        self._prefix = root.rstrip("/") + "/"
        self._wake = wake
        self._lock = threading.Lock()
        self._paths: set[str] = set()
        self._scan = False

    def add(self, path: str) -> None:
        """An absolute path that an event named."""
        if not path.startswith(self._prefix):
            return
        inside = path[len(self._prefix) :]
        if not SKIPPED.isdisjoint(inside.split("/")):
            return
        with self._lock:
            if len(self._paths) >= MAX_DIRTY:
                self._paths.clear()
                self._scan = True
            elif not self._scan:
                self._paths.add(inside)
        self._wake()

    def ask_scan(self) -> None:
        with self._lock:
            self._scan = True
        self._wake()

    def take(self) -> tuple[set[str], bool]:
        """The paths (relative to the root) since the last call, and whether a whole scan is due."""
        with self._lock:
            paths, scan = self._paths, self._scan
            self._paths, self._scan = set(), False
        return paths, scan


class _Overflow(logging.Handler):
    """watchdog tells of a queue overflow only in its log."""

    def __init__(self, dirty: Dirty) -> None:
        super().__init__(logging.WARNING)
        self._dirty = dirty

    def emit(self, record: logging.LogRecord) -> None:
        self._dirty.ask_scan()


class Watcher:
    """The kernel's events below one root; restarted, after growing pauses, whenever it ends."""

    def __init__(self, root: str, dirty: Dirty) -> None:
        self._root = root
        self._dirty = dirty
        self._observer: BaseObserver | None = None
        self._identity: tuple[int, int] | None = None
        self._failures = 0
        self._retry_at = 0.0
        self._overflow = _Overflow(dirty)
        self.failure = ""

    def start(self) -> None:
        """Begin to watch; on failure ``failure`` says why, and ``check`` tries again later."""
        try:
            self._observer = self._started()
        except Exception as error:  # whatever it is: the polling goes on
            self.failure = getattr(error, "strerror", None) or str(error) or type(error).__name__
            return
        logging.getLogger("watchdog.observers").addHandler(self._overflow)
        self._identity = _identity(self._root)
        self.failure = ""

    def _started(self) -> BaseObserver:
        from watchdog.observers import Observer

        must_have(_OBSERVER_THREADS)  # else its descriptors would stay open, one more at each attempt
        observer = Observer()
        try:
            observer.schedule(_handler(self._dirty), self._root, recursive=True, event_filter=_events())
            observer.start()
        except BaseException:
            observer.stop()  # else its inotify instance stays taken, one more at each attempt
            raise
        return observer

    def stop(self) -> None:
        logging.getLogger("watchdog.observers").removeHandler(self._overflow)
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()
            observer.join(timeout=2.0)

    @property
    def alive(self) -> bool:
        observer = self._observer
        if observer is None or not observer.is_alive() or not all(e.is_alive() for e in observer.emitters):
            return False
        # the thread that reads the kernel's events, where there is one
        reader = getattr(observer, "_inotify_fd", None)
        if isinstance(reader, threading.Thread) and not reader.is_alive():
            return False
        return _identity(self._root) == self._identity

    def check(self, clock: float) -> None:
        """Once a tick: if the watching died, start it anew (1, 2, 4 … 60 s apart) and ask for a scan."""
        if self.alive:
            self._failures = 0
            return
        if clock < self._retry_at:
            return
        self._retry_at = clock + _BACKOFF[min(self._failures, len(_BACKOFF) - 1)]
        self._failures += 1
        self.stop()
        if os.path.isdir(self._root):
            self.start()
        self._dirty.ask_scan()


def _identity(path: str) -> tuple[int, int] | None:
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _handler(dirty: Dirty) -> Any:
    from watchdog.events import FileSystemEvent, FileSystemEventHandler

    class Hints(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            try:
                dirty.add(os.fsdecode(event.src_path))
                if event.dest_path:
                    dirty.add(os.fsdecode(event.dest_path))
            except Exception:  # an exception here would end the observer's thread for good
                dirty.ask_scan()

    return Hints()


def _events() -> list[Any]:
    from watchdog import events

    return [
        events.FileCreatedEvent,
        events.FileModifiedEvent,
        events.FileMovedEvent,
        events.FileDeletedEvent,
        events.DirCreatedEvent,
        events.DirMovedEvent,
        events.DirDeletedEvent,
    ]
