"""The loop behind the screen: look where something happened, read it, judge it, publish what is known.

One thread reads and judges (``runwatch-monitor``); slow work about data runs on another. Nothing here knows a
screen; ``publish`` and answers are called on this thread."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial

from msgspec.structs import replace

from runwatch.config.settings import Settings
from runwatch.domain.borders import JsonDict
from runwatch.domain.comparison import PredictionsKey
from runwatch.domain.directions import is_system
from runwatch.domain.drift import Distribution
from runwatch.domain.intents import Intent, IntentAnswer, Rescan
from runwatch.domain.media import MediaContent, MediaList, MediaSeries
from runwatch.domain.points import Points
from runwatch.domain.predictions import TextRows
from runwatch.domain.run import Problem, RunKey
from runwatch.domain.situation import Situation, Snapshot, Waiting, WatchState
from runwatch.domain.task import TaskEvent
from runwatch.domain.tree import TreeChanges
from runwatch.monitor.board import Board
from runwatch.monitor.frames import Frames
from runwatch.monitor.internal_errors import InternalErrors
from runwatch.monitor.media import Media, run_in
from runwatch.monitor.system_curves import RunSystem
from runwatch.monitor.wanted import Wanted
from runwatch.store.state import BEAT_S, State
from runwatch.system.files import read_window
from runwatch.system.identity import host_name
from runwatch.system.threads import NoThread, must_start, wait_for
from runwatch.watch.schedule import MISS_AFTER, DueScan, ScanSchedule

SLICE_S, FIRST_SLICE_S = 0.03, 0.01
FRAME_S = 0.2
EARLY_S, EARLY_RUNS, EARLY_SHARE = 0.1, 300, 0.2
GATHER_S = 0.01
LEAST_PAUSE_S = 0.25
TICK_S = 0.5
FOLD_EVERY_S = 1.0
WAITING: tuple[Waiting, ...] = ("runs", "data", "models", "host")

Publish = Callable[[Snapshot], None]
Answered = Callable[[IntentAnswer], None]


class Monitor:
    """Watches roots until stopped. Thread-safe where the screen needs it: ``submit``, ``series``,
    ``distribution``, ``console``, ``media``, ``media_contents``, ``state``."""

    def __init__(
        self,
        roots: tuple[str, ...],
        settings: Mapping[str, Settings],
        keep: bool = True,
        wanted: Wanted | None = None,
    ) -> None:
        self._board = Board(roots, settings, wanted or Wanted(), keep=keep, wake=self._wake_up)
        self._wake = threading.Condition()
        self._woken = self._stopped = False
        self._intents: list[tuple[Intent, Answered]] = []
        self._thread: threading.Thread | None = None
        self._publish: Publish = lambda snapshot: None
        self._frames = Frames()
        self._changed = True
        self._phase_live = self._background_opened = False
        self._total = 0
        self._folded_at = time.monotonic()
        self._failures = 0
        self._errors = InternalErrors(self._wake_up)
        self._shown_error = ""
        self._last: Snapshot | None = None
        find = partial(run_in, lambda: self._last)
        self._media = Media(find)
        self._system = RunSystem(find, lambda: self._board.background.machine_record)
        self._judged = threading.Event()
        self._schedules = {
            root: ScanSchedule(root, settings[root].watch.mode, settings[root].watch.reconcile, self._wake_up)
            for root in roots
        }

    def start(self, publish: Publish) -> None:
        """Begin to watch; every new snapshot is given to ``publish`` on the monitor's thread. Raises
        NoThread."""
        self._publish = publish
        self._errors.listen()
        try:
            self._thread = must_start(self._run, "runwatch-monitor")
        except NoThread:
            self.stop()
            raise

    def stop(self) -> None:
        """End the watching; what was learned is kept."""
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=5.0)
        self._errors.stop()
        for schedule in self._schedules.values():
            schedule.stop()
        self._answer_intents()
        self._board.close(time.time())

    def submit(self, intent: Intent, answered: Answered) -> None:
        """Ask for something; the answer comes on the monitor's thread."""
        with self._wake:
            self._intents.append((intent, answered))
        self._wake_up()

    def series(self, key: RunKey, tag: str) -> Points:
        points = self._board.roots.series(key, tag)
        return points if len(points) or not is_system(tag) else self._system.points(key, tag)

    def system_tags(self, key: RunKey) -> tuple[str, ...]:
        """The run's curves of the machine, for ``series``."""
        return self._system.tags(key)

    def distribution(self, data_set: str, root: str, column: str, batch: int | None) -> Distribution | None:
        return self._board.background.distribution(data_set, root, column, batch)

    def console(self, key: RunKey, path: str, end: int | None, size: int) -> tuple[bytes, int]:
        return read_window(os.path.join(key.root, path), end, size)

    def media(self, key: RunKey) -> MediaList:
        """What the run logged besides scalars."""
        return self._media.list_of(key)

    def media_contents(self, key: RunKey, series: MediaSeries, most: int | None = None) -> list[MediaContent]:
        """The items of ``series``; images of at most ``most`` bytes together."""
        return self._media.contents(key, series, most)

    def slice_rows(self, key: PredictionsKey, label: str) -> TextRows | Problem:
        """(column names, the first 200 rows as text) of one slice of a ``[[predictions]]`` comparison."""
        return self._board.background.slice_rows(key, label)

    def history(self) -> list[tuple[str, TaskEvent]]:
        """What happened to tasks and findings: (root, event), newest first."""
        return self._board.task_state.history()

    def champions(self, root: str) -> list[JsonDict]:
        """What was pinned as baseline, oldest first: run (None: taken off), at, reason."""
        return self._board.task_state.champions(root)

    @property
    def roots(self) -> tuple[str, ...]:
        return tuple(self._schedules)

    def saved_view(self, root: str) -> str:
        """How a person arranged this root's board; "" when not arranged."""
        return self._board.task_state.saved_view(root)

    def looked(self, root: str) -> float | None:
        """When a person last saw this root's board."""
        return self._board.task_state.looked_of(root)

    def wait_judged(self, timeout: float, given_up: Callable[[], bool] = lambda: False) -> Snapshot | None:
        """The newest snapshot once everything has been looked at, after ``timeout`` seconds, or when it is
        no longer wanted."""
        wait_for(self._judged, timeout, given_up)
        return self._last

    @property
    def trouble(self) -> str:
        """The newest error of our own, on any thread; "" when there was none."""
        return self._errors.newest

    @property
    def unjudged(self) -> frozenset[str]:
        """What was not looked at yet: "data", "models", "host"."""
        return self._board.background.unjudged

    @property
    def judged(self) -> bool:
        """Whether everything has been looked at once."""
        return self._judged.is_set()

    @property
    def latest(self) -> Snapshot | None:
        """The snapshot that was published last."""
        return self._last

    @property
    def state(self) -> State:
        """What is remembered: the history, the look marker."""
        return self._board.task_state.state

    def _wake_up(self) -> None:
        with self._wake:
            self._woken = True
            self._wake.notify_all()

    def _run(self) -> None:
        for schedule in self._schedules.values():
            schedule.start()
        last_work = -LEAST_PAUSE_S
        opened = False
        while not self._stopped:
            try:
                if not opened:
                    self._board.open(time.time())
                    opened = True
                self._wait(last_work)
                last_work = time.monotonic()
                self._work()
                self._failures = 0
            except BaseException as error:  # the loop must live: what went wrong is logged and shown
                self._recover(error)

    def _work(self) -> None:
        if self._stopped:
            return
        self._answer_intents()
        self._scan_due()
        self._read_all()
        self._judge_and_publish()

    def _recover(self, error: BaseException) -> None:
        """An error of ours: tell of it, wait a little, go on."""
        self._failures += 1
        self._changed = True  # what was to be shown may not have been
        self._errors.note("the watch loop", error)
        try:
            self._show_error()
        except Exception as again:  # the listener itself may have failed
            self._errors.note("the watch loop", again)
        with self._wake:
            self._wake.wait_for(lambda: self._stopped, timeout=min(2.0**self._failures, 60.0))

    def _show_error(self) -> None:
        """Show, and keep for ``status``, what went wrong beside what was known before."""
        trouble = self._errors.newest
        situation = Situation(time.time(), host_name(), tuple(self._schedules))
        last = self._last or Snapshot(0, situation, (), {})
        marks = tuple(dict.fromkeys((*last.watch.marks, trouble)))
        self._last = replace(last, watch=replace(last.watch, marks=marks, trouble=trouble))
        today = date.fromtimestamp(self._last.situation.now)
        self._board.task_state.keep(self._last, today, force=True)
        self._publish(self._last)

    def _wait(self, last_work: float) -> None:
        """Until an event, an intent or the next due look; bursts are taken together."""
        due = min(schedule.next_due() for schedule in self._schedules.values())
        with self._wake:
            if not self._woken:
                self._wake.wait(timeout=max(min(due - time.monotonic(), TICK_S), 0.0))
            hurried = bool(self._intents)
        if not hurried and self._woken:
            time.sleep(max(LEAST_PAUSE_S - (time.monotonic() - last_work), GATHER_S))
        with self._wake:
            self._woken = False

    def _scan_due(self) -> None:
        for root, schedule in self._schedules.items():
            reader = self._board.roots.readers[root]
            work = schedule.due(time.monotonic(), time.time(), reader.tree.top)
            if work.scan:
                self._scan(root, schedule, work)
            elif work.paths:
                with self._board.roots.lock:
                    changes = reader.refresh(work.paths)
                if changes:
                    self._changed = True
                    schedule.changed(changes, time.time())
                    self._board.background.noticed(root, changes)

    def _scan(self, root: str, schedule: ScanSchedule, work: DueScan) -> None:
        reader = self._board.roots.readers[root]
        began = time.monotonic()
        first = not self._phase_live
        try:
            with self._board.roots.lock:
                changes = self._board.roots.scan(root, self._pulse(root) if first else None)
                if not first:
                    reader.try_again()
        except OSError:
            if not schedule.gone:
                self._changed = True
            schedule.vanished(time.monotonic())
            self._board.lost(root, time.time())
            return
        self._board.reachable(root)
        took = time.monotonic() - began
        folders = sum(1 for _ in reader.tree.top.walk())
        own = not first and not work.asked and not work.paths and self._missed(root, changes)
        was_gone, marks = schedule.gone, schedule.marks
        schedule.scanned(changes, time.monotonic(), took, time.time(), folders, own)
        if changes or was_gone or marks != schedule.marks:
            self._changed = True
            self._board.background.noticed(root, changes)

    def _pulse(self, root: str) -> Callable[[], None]:
        """Shows, while the first walk goes on, how far it is, and some of the runs that it has come past; at
        most a fifth of its time goes into that."""
        walked, due = 0, time.monotonic() + EARLY_S

        def pulse() -> None:
            nonlocal walked, due
            walked += 1
            if time.monotonic() < due or self._stopped:
                return
            began = time.thread_time()
            self._board.roots.take_some(root, EARLY_RUNS, lambda: time.thread_time() >= began + EARLY_S)
            self._send(judged=False, walked=walked)
            due = time.monotonic() + max((time.thread_time() - began) / EARLY_SHARE, FRAME_S)

        return pulse

    def _missed(self, root: str, changes: TreeChanges) -> bool:
        """Whether a walk found something that an event should have told of by now."""
        before = (time.time() - MISS_AFTER) * 1e9
        stats = (self._board.roots.readers[root].tree.stat(file) for file in changes.files)
        return any(stat is not None and stat.ctime_ns < before for stat in stats)

    def _read_all(self) -> None:
        """Read what waits, in slices that leave the lock to others; the screen sees progress."""
        self._total = self._board.roots.waiting
        while self._board.roots.waiting and not self._stopped:
            until = time.monotonic() + (FIRST_SLICE_S if self._last is None else SLICE_S)
            with self._board.roots.lock:
                self._board.roots.read_some(lambda until=until: time.monotonic() >= until)  # type: ignore[misc]
            self._changed = True
            if time.monotonic() - self._folded_at > FOLD_EVERY_S:
                self._folded_at = time.monotonic()
                with self._board.roots.lock:
                    self._board.roots.fold_excess(time.time())
            if not self._phase_live and self._frames.due:
                self._send(judged=False)
            if self._last is not None:
                self._board.fold_over(time.time())
            self._answer_intents()

    def _answer_intents(self) -> None:
        with self._wake:
            intents, self._intents = self._intents, []
        for intent, answered in intents:
            if isinstance(intent, Rescan):
                for schedule in self._schedules.values():
                    schedule.ask_scan()
            answered(self._board.handle(intent, time.time()))
            self._changed = True

    def _judge_and_publish(self) -> None:
        first = not self._phase_live
        if first:
            self._phase_live = True
            self._send(judged=False)
        if not self._background_opened:
            self._background_opened = True
            self._board.open_background()
        if self._board.tick(time.time()) or self._shown_error != self._errors.newest:
            self._changed = True
        due = self._frames.waited >= BEAT_S
        if self._changed or due or first:
            self._send(judged=True)

    def _send(self, judged: bool, walked: int = 0) -> None:
        trouble = self._shown_error = self._errors.newest
        degraded = (*self._marks(), *((trouble,) if trouble else ()))
        state = WatchState(
            phase="live" if self._phase_live else "reading",
            reading=(max(self._total - self._board.roots.waiting, 0), self._total),
            modes={
                root: "polling" if schedule.polling else "native"
                for root, schedule in self._schedules.items()
            },
            marks=degraded,
            scanned=time.time(),
            trouble=trouble,
            degraded=degraded,
            waiting=tuple(name for name in WAITING if not judged or name in self._board.background.waiting),
            walked=walked,
        )
        self._frames.begin()
        all_judged = self._board.background.looked
        snapshot = self._board.snapshot(time.time(), state, judged)
        self._frames.sent()
        if judged:
            self._changed = False
        self._last = snapshot
        if judged and all_judged:
            self._judged.set()
        self._publish(snapshot)

    def _marks(self) -> list[str]:
        """What keeps the screen from being live, with the root's name where there are several."""
        several = len(self._schedules) > 1
        names = {root: f"{os.path.basename(root) or root}: " if several else "" for root in self._schedules}
        return [names[root] + mark for root, schedule in self._schedules.items() for mark in schedule.marks]
