"""When to look where: events at once, hot files by polling where events are silent, everything by the
reconciliation scan. Clocks are arguments: ``clock`` is monotonic seconds, ``now`` seconds since the epoch."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from runwatch.domain.clock import elapsed
from runwatch.domain.situation import ROOT_GONE
from runwatch.domain.tree import Folder, TreeChanges
from runwatch.system.inotify import watches_held
from runwatch.system.mounts import mount_of
from runwatch.watch.observer import Dirty, Watcher

HOT_FOR = 600.0
HOT_EVERY = 2.0
FOLDERS_EVERY = 10.0
CHECK_EVERY = 2.0
SCAN_SHARE = 0.05
MISSES_TO_POLL = 3
MISS_AFTER = 5.0


class DueScan(msgspec.Struct, frozen=True):
    """What to do now for one root: look at ``paths``, or scan everything."""

    paths: frozenset[str]
    scan: bool
    asked: bool = False
    """The scan was wanted, by a person or because events were lost, and not merely due."""


class ScanSchedule:
    """The beat of one root's watching."""

    def __init__(self, root: str, mode: str, reconcile: float, wake: Callable[[], None]) -> None:
        self.root = root
        self._reconcile = reconcile
        self._dirty = Dirty(root, wake)
        self._watcher = Watcher(root, self._dirty)
        mount = mount_of(root)
        self.polling = mode == "polling" or (mode == "auto" and mount.remote)
        self._auto = mode == "auto"
        self.why_polling = (
            f"{mount.kind} does not report other writers" if self.polling and mount.remote else ""
        )
        self._scan_at = 0.0
        self._hot_at = 0.0
        self._folders_at = 0.0
        self._check_at = 0.0
        self._hot: dict[str, float] = {}
        self._misses = 0
        self._missing = (0, 0)
        self.gone = False

    def start(self) -> None:
        if not self.polling:
            self._watcher.start()

    def stop(self) -> None:
        self._watcher.stop()

    def ask_scan(self) -> None:
        """Walk everything at the next look."""
        self._dirty.ask_scan()

    @property
    def marks(self) -> tuple[str, ...]:
        """Degraded modes, for the screen."""
        if self.gone:
            return (ROOT_GONE,)
        if self.polling:
            return (f"polling: {self.why_polling}" if self.why_polling else "polling",)
        if self._watcher.failure:
            return (f"polling: no watch possible: {self._watcher.failure}",)
        have, need = self._missing
        return (f"watch {have:,}/{need:,} · polling the rest",) if have < need else ()

    @property
    def _must_poll(self) -> bool:
        return self.polling or bool(self._watcher.failure) or self._missing[0] < self._missing[1]

    def next_due(self) -> float:
        """The monotonic time at which ``due`` has something to do without an event."""
        due = [self._scan_at, self._check_at]
        if self._must_poll:
            due += [self._hot_at, self._folders_at]
        return min(due)

    def due(self, clock: float, now: float, top: Folder) -> DueScan:
        """What to look at now."""
        paths, requested = self._dirty.take()
        if clock >= self._check_at:
            self._check_at = clock + CHECK_EVERY
            if not self.polling:
                self._watcher.check(clock)
        if requested or clock >= self._scan_at:
            return DueScan(frozenset(paths), True, requested)
        if self._must_poll:
            paths |= self._polled(clock, now, top)
        return DueScan(frozenset(paths), False)

    def _polled(self, clock: float, now: float, top: Folder) -> set[str]:
        paths: set[str] = set()
        if clock >= self._hot_at:
            self._hot_at = clock + HOT_EVERY
            self._cool(now)
            paths.update(self._hot)
        if clock >= self._folders_at:
            self._folders_at = clock + FOLDERS_EVERY
            paths.update(folder.path for folder in top.walk())
        return paths

    def _cool(self, now: float) -> None:
        """Forget files that were not written for a while."""
        self._hot = {path: seen for path, seen in self._hot.items() if elapsed(seen, now) < HOT_FOR}

    def changed(self, changes: TreeChanges, now: float) -> None:
        """Remember which files are being written."""
        for path in changes.files:
            self._hot[path] = now
        for path in changes.removed:
            self._hot.pop(path, None)

    def scanned(
        self, changes: TreeChanges, clock: float, took: float, now: float, folders: int, own: bool
    ) -> None:
        """A scan ended: when the next is due, and whether events were missed. ``own``: not requested,
        and it found what no event had reported within ``MISS_AFTER`` s; ``folders``: how many there are."""
        self.gone = False
        self._scan_at = clock + max(self._reconcile, took / SCAN_SHARE)
        self._cool(now)
        self.changed(changes, now)
        if self.polling:
            return
        held = watches_held()
        self._missing = (held, folders) if held is not None else (0, 0)
        if own and self._auto and changes.files:
            self._misses += 1
            if self._misses >= MISSES_TO_POLL:
                self.polling, self.why_polling = True, "events were missed here"
                self._watcher.stop()
        elif not changes.files:
            self._misses = max(self._misses - 1, 0)

    def vanished(self, clock: float) -> None:
        """The root itself cannot be listed: try again soon."""
        self.gone = True
        self._scan_at = clock + 1.0
