"""Here: this machine's monitor and other machines as one, behind what the screen knows as a monitor."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from typing import NoReturn, TypeVar

from msgspec.structs import replace

from runwatch.domain.address import host_of, path_of
from runwatch.domain.borders import JsonDict
from runwatch.domain.clock import elapsed
from runwatch.domain.comparison import PredictionsKey
from runwatch.domain.drift import Distribution
from runwatch.domain.intents import (
    Intent,
    IntentAnswer,
    KeepView,
    MarkLooked,
    PinBaseline,
    Rescan,
    root_of,
    to_json,
)
from runwatch.domain.media import MediaContent, MediaList, MediaSeries, Unshown
from runwatch.domain.points import Points
from runwatch.domain.predictions import TextRows
from runwatch.domain.run import Problem, RunKey
from runwatch.domain.situation import Snapshot
from runwatch.domain.task import TaskEvent
from runwatch.hosts import messages as m
from runwatch.hosts.alerting import HostAlerts
from runwatch.hosts.curves import RemoteCurves
from runwatch.hosts.merging import merged
from runwatch.hosts.remote import Remote
from runwatch.hosts.wire import WireError
from runwatch.monitor.live import Answered, Monitor, Publish
from runwatch.store.state import State
from runwatch.system.identity import root_identity
from runwatch.system.threads import wait_for

FRAME_S = 0.2
TICK_S = 5.0
KEEP_EVERY_S = 30.0
SILENCES_EVERY_S = 60.0
SCREEN_POINTS = 4000
T = TypeVar("T")


class Fleet:
    """``local``: this machine's monitor, None where none of its roots is watched; ``make`` builds the other
    machines, given what to call when one has news; ``bell``: what rings the terminal when one wants to;
    ``alerts``: what sends alerts about them, None: nothing does; ``most_points``: about how many points of a
    curve of theirs are wanted, 0: all."""

    def __init__(
        self,
        local: Monitor | None,
        make: Callable[[Callable[[], None]], Sequence[Remote]],
        state: State,
        bell: str = "",
        alerts: HostAlerts | None = None,
        most_points: int = SCREEN_POINTS,
    ) -> None:
        self._local, self._bell = local, bell
        self._wakeup = threading.Condition()
        self._fresh = self._stopped = False
        self._newest_local: Snapshot | None = None
        self._last: Snapshot | None = None
        self._version = 0
        self._kept_at = 0.0
        self._alerts = alerts
        self._silences: dict[str, Mapping[str, float]] = {}
        self._silences_at = 0.0
        self._publish: Publish | None = None
        self._state = state
        self._machines = {machine.name: machine for machine in make(self._notify)}
        self._curves = {name: RemoteCurves(one.ask, most_points) for name, one in self._machines.items()}
        self._pool = ThreadPoolExecutor(4, "runwatch-fleet-intents")
        self._judged = threading.Event()
        self._thread = threading.Thread(target=self._run, name="runwatch-fleet", daemon=True)

    def start(self, publish: Publish) -> None:
        self._publish = publish
        self._thread.start()
        for machine in self._machines.values():
            machine.start()
        if self._local is not None:
            self._local.start(self._take_local)

    def stop(self) -> None:
        with self._wakeup:
            self._stopped = True
            self._wakeup.notify_all()
        stopping = [threading.Thread(target=one.stop, daemon=True) for one in self._machines.values()]
        for thread in stopping:
            thread.start()
        if self._local is not None:
            self._local.stop()
        for thread in stopping:
            thread.join(5.0)
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._alerts is not None:
            self._alerts.close()
        self._state.close()

    @property
    def state(self) -> State:
        return self._state

    def submit(self, intent: Intent, answered: Answered) -> None:
        """Hand an intent to the machine that it is about."""
        if isinstance(intent, Rescan):
            for each in self._machines.values():
                each.wake()
                self._pool.submit(self._do, each, intent, intent, _ignore_answer)
        if isinstance(intent, MarkLooked):
            answer = self._mark_looked(intent)
            if self._local is None:
                answered(answer)
                return
        if isinstance(intent, KeepView) and host_of(intent.root) is not None:
            with contextlib.suppress(OSError):
                self._state.save_view(root_identity(intent.root), intent.view)
            return
        root = root_of(intent)
        name = host_of(root)
        machine = self._machines.get(name) if name else None
        if machine is not None:
            self._pool.submit(self._do, machine, intent, _with_remote_root(intent), answered)
        elif self._local is not None and name is None:
            self._local.submit(intent, answered)
        else:
            answered(self._alone(intent))

    def _alone(self, intent: Intent) -> IntentAnswer:
        """An intent that no machine has to do with."""
        if isinstance(intent, Rescan):
            return IntentAnswer(intent, True, "scanning everything again")
        return IntentAnswer(intent, False, "no root of that name is open")

    def saved_view(self, root: str) -> str:
        """How a person arranged this root's board; "" when not arranged."""
        if self._local is not None and host_of(root) is None:
            return self._local.saved_view(root)
        return self._state.saved_view(root_identity(root))

    def looked(self, root: str) -> float | None:
        """When a person last saw this root's board."""
        if self._local is not None and host_of(root) is None:
            return self._local.looked(root)
        return self._state.looked([root_identity(root)])

    def _mark_looked(self, intent: Intent) -> IntentAnswer:
        """The other machines' roots were seen; this machine's own are its monitor's to remember."""
        roots = self._last.situation.roots if self._last is not None else ()
        try:
            self._state.mark_seen([root_identity(one) for one in roots if host_of(one)], time.time())
        except OSError as error:
            return IntentAnswer(intent, False, str(error))
        return IntentAnswer(intent, True, "seen")

    @staticmethod
    def _do(machine: Remote, intent: Intent, remote_intent: Intent, answered: Answered) -> None:
        try:
            did = machine.ask(lambda number: m.Do(number, to_json(remote_intent)))
        except WireError as error:
            answered(IntentAnswer(intent, False, str(error)))
        else:
            task = did.task.id if did.task else ""
            answered(IntentAnswer(intent, did.ok, did.message, did.undo, task=task))

    def series(self, key: RunKey, tag: str) -> Points:
        name = host_of(key.root)
        if name is None:
            return self._local.series(key, tag) if self._local is not None else Points.empty()
        curves = self._curves.get(name)
        try:
            return Points.empty() if curves is None else curves.series(key, tag)
        except WireError:
            return Points.empty()

    def distribution(self, data_set: str, root: str, column: str, batch: int | None) -> Distribution | None:
        ask = partial(m.AskColumn, data_set=data_set, root=path_of(root), column=column, batch=batch)
        what = (data_set, root, column, batch)
        return self._of_root(root, lambda local: local.distribution(*what), ask, lambda why: None)

    def console(self, key: RunKey, path: str, end: int | None, size: int) -> tuple[bytes, int]:
        def failed(why: str) -> NoReturn:
            raise OSError(why)

        ask = partial(m.AskConsole, root=path_of(key.root), run=key.id, path=path, end=end, size=size)
        data, start = self._of_root(key.root, lambda local: local.console(key, path, end, size), ask, failed)
        return data[-size:], start

    def system_tags(self, key: RunKey) -> tuple[str, ...]:
        """The run's curves of the machine, for ``series``."""
        ask = partial(m.AskSystem, root=path_of(key.root), run=key.id)
        return self._of_root(key.root, lambda local: local.system_tags(key), ask, lambda why: ())

    def media(self, key: RunKey) -> MediaList:
        """What the run logged besides scalars."""
        ask = partial(m.AskMedia, root=path_of(key.root), run=key.id)
        return self._of_root(
            key.root, lambda local: local.media(key), ask, lambda why: MediaList(notes=(why,))
        )

    def media_contents(self, key: RunKey, series: MediaSeries) -> list[MediaContent]:
        """The items of ``series``."""
        ask = partial(m.AskMediaContents, root=path_of(key.root), run=key.id, wanted=series)
        return self._of_root(
            key.root,
            lambda local: local.media_contents(key, series),
            ask,
            lambda why: [Unshown(why) for _ in series.items],
        )

    def _of_root(
        self,
        root: str,
        here: Callable[[Monitor], T],
        ask: Callable[[int], m.Question],
        failed: Callable[[str], T],
    ) -> T:
        """An answer about a root or its runs, of the machine that has it."""
        name = host_of(root)
        try:
            if name is not None:
                answer: T = self._machine(name).ask(ask)
                return answer
        except WireError as error:
            return failed(str(error))
        return failed("this root is not open") if self._local is None else here(self._local)

    def slice_rows(self, key: PredictionsKey, label: str) -> TextRows | Problem:
        ask = partial(m.AskRows, root=path_of(key.root), predictions=key.name, label=label)
        rows: TextRows | Problem | m.RowsFound = self._of_root(
            key.root,
            lambda local: local.slice_rows(key, label),
            ask,
            lambda why: Problem(key.name, None, why),
        )
        return rows.problem or (rows.columns, rows.rows) if isinstance(rows, m.RowsFound) else rows

    def history(self) -> list[tuple[str, TaskEvent]]:
        """What happened to tasks and findings: (root, event), newest first."""
        all_events = list(self._local.history()) if self._local is not None else []
        for name, machine in self._machines.items():
            with contextlib.suppress(WireError):
                events: m.Events = machine.ask(m.AskHistory)
                all_events += [(f"{name}:{root}", event) for root, event in events]
        return sorted(all_events, key=lambda one: -one[1].at)

    def champions(self, root: str) -> list[JsonDict]:
        ask = partial(m.AskChampions, root=path_of(root))
        return self._of_root(root, lambda local: local.champions(root), ask, lambda why: [])

    def wait_judged(self, timeout: float, given_up: Callable[[], bool] = lambda: False) -> Snapshot | None:
        """The newest snapshot once every machine that answers has been looked at, after ``timeout`` seconds,
        or when it is no longer wanted."""
        wait_for(self._judged, timeout, given_up)
        return self._last

    @property
    def unjudged(self) -> frozenset[str]:
        """What was not looked at yet: parts of this machine, other machines."""
        waits = {one.name for one in self._machines.values() if not one.judged and one.state.state != "lost"}
        return frozenset(waits) | (self._local.unjudged if self._local is not None else frozenset())

    @property
    def trouble(self) -> str:
        """What went wrong in the watching itself, here or there, "" when nothing did."""
        return "" if self._last is None else self._last.watch.trouble

    @property
    def latest(self) -> Snapshot | None:
        return self._last

    def _machine(self, name: str) -> Remote:
        if name not in self._machines:
            raise WireError(f"{name} is not open")
        return self._machines[name]

    def _take_local(self, snapshot: Snapshot) -> None:
        self._newest_local = snapshot
        self._notify()

    def _notify(self) -> None:
        with self._wakeup:
            self._fresh = True
            self._wakeup.notify_all()

    def _run(self) -> None:
        """Publish at most five times a second; only the newest state counts."""
        while True:
            with self._wakeup:
                self._wakeup.wait_for(lambda: self._fresh or self._stopped, TICK_S)
                if self._stopped:
                    return
                self._fresh = False
            began = time.monotonic()
            self._merge()
            with self._wakeup:
                pause = max(FRAME_S, 5 * (time.monotonic() - began))
                self._wakeup.wait_for(lambda: self._stopped, pause)

    def _merge(self) -> None:
        now, machines = time.time(), list(self._machines.values())
        local, self._version = self._newest_local, self._version + 1
        others = [machine.snapshot(now) for machine in machines]
        roots = [root_identity(root) for one in others for root in one.situation.roots]
        last_seen = None if local is not None else self._state.looked(roots)
        snapshot = merged(self._version, now, local, others, [one.state for one in machines], last_seen)
        if self._bell and not snapshot.bell and any(machine.rings for machine in machines):
            snapshot = replace(snapshot, bell=self._bell)
        self._alert(others, now)
        if self._alerts is not None and self._alerts.problems:
            problems = (*snapshot.situation.problems, *self._alerts.problems)
            snapshot = replace(snapshot, situation=replace(snapshot.situation, problems=problems))
        self._last = snapshot
        self._save_facts(others, now)
        waits = self._local is not None and not self._local.judged
        if not waits and all(one.judged or one.state.state == "lost" for one in machines):
            self._judged.set()
        if self._publish is not None:
            self._publish(snapshot)

    def _alert(self, others: Sequence[Snapshot], now: float) -> None:
        """Have alerts sent about machines that were judged and do not send their own."""
        if self._alerts is None:
            return
        if elapsed(self._silences_at, now) > SILENCES_EVERY_S:
            self._silences_at = now
            self._pool.submit(self._ask_silences)
        for snapshot, machine in zip(others, self._machines.values(), strict=True):
            if machine.judged and machine.state.state == "live" and not machine.alerting:
                self._alerts.update(snapshot, self._silences, now)

    def _ask_silences(self) -> None:
        for machine in self._machines.values():
            for root in machine.roots:
                with contextlib.suppress(WireError):
                    todo: m.Todo = machine.ask(lambda number, r=root: m.AskTasks(number, path_of(r)))  # type: ignore[misc]
                    self._silences[root] = todo.silences

    def _save_facts(self, others: Sequence[Snapshot], now: float) -> None:
        """Keep what ``status`` and ``brief`` tell of other machines."""
        if elapsed(self._kept_at, now) < KEEP_EVERY_S:
            return
        from runwatch.store.snapshot_facts import facts

        for snapshot, machine in zip(others, self._machines.values(), strict=True):
            if machine.judged and machine.state.state == "live":
                self._kept_at = now
                key = " ".join(map(root_identity, snapshot.situation.roots))
                with contextlib.suppress(OSError):
                    self._state.keep(key, facts(snapshot, date.fromtimestamp(now)), now, KEEP_EVERY_S)


def _ignore_answer(answer: IntentAnswer) -> None:
    """Not waited for."""


def _with_remote_root(intent: Intent) -> Intent:
    """The intent with its root as the other machine names it."""
    changes: Mapping[str, object] = (
        {"run": RunKey(path_of(intent.run.root), intent.run.id)}
        if isinstance(intent, PinBaseline)
        else {"root": path_of(root_of(intent))}
    )
    return replace(intent, **changes)
