"""Here: one look at several machines, each at its own roots."""

from __future__ import annotations

import atexit
import contextlib
import threading
import time
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from runwatch import config
from runwatch.config.settings import Settings
from runwatch.domain.address import host_of, joined, path_of
from runwatch.domain.points import Points
from runwatch.domain.run import Problem, RunKey
from runwatch.domain.situation import Snapshot
from runwatch.domain.task import TaskEvent
from runwatch.hosts import messages as m
from runwatch.hosts.curves import RemoteCurves
from runwatch.hosts.merging import merged
from runwatch.hosts.remote import Remote, opening
from runwatch.hosts.targets import Target
from runwatch.hosts.wire import WireError
from runwatch.monitor import once
from runwatch.monitor.wanted import Wanted
from runwatch.store.state import open_state
from runwatch.system.identity import root_identity


class Connected:
    """Machines, each asked to look once; ``wait`` until each has answered or failed. They stay connected for
    questions until the process ends."""

    def __init__(self, others: Sequence[Target], wanted: Wanted | None) -> None:
        """``wanted`` None: no look, only questions."""
        self._wakeup = threading.Event()
        how: dict[str, bool] = {"once": wanted is not None, "idle": wanted is None}
        if wanted is not None:
            how |= {"data": wanted.data, "judging": wanted.judging, "machine": wanted.machine}
        self.machines = {one.name: Remote(one, opening(one, **how), self._wakeup.set) for one in others}
        for machine in self.machines.values():
            machine.start()
        atexit.register(self.close)

    def wait(self, timeout: float) -> None:
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            if all(one.judged or one.state.state == "lost" for one in self.machines.values()):
                return
            self._wakeup.wait(max(until - time.monotonic(), 0.0))
            self._wakeup.clear()

    def close(self) -> None:
        atexit.unregister(self.close)
        ending = [threading.Thread(target=one.stop, daemon=True) for one in self.machines.values()]
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join(3.0)


class FleetResult:
    """One finished look at several machines."""

    def __init__(
        self,
        here: Sequence[str],
        others: Sequence[Target],
        config_path: str | None,
        wanted: Wanted,
        now: float | None,
        timeout: float,
    ) -> None:
        began = time.monotonic()
        self._connected = Connected(others, wanted)
        self._local = once.load(here, config_path, wanted, now) if here else None
        self._connected.wait(timeout - (time.monotonic() - began))
        machines = self._connected.machines
        moment = time.time() if now is None else now
        self._curves = {name: RemoteCurves(machine.ask, 0) for name, machine in machines.items()}
        local = self._local.snapshot if self._local else None
        links = [replace(one.state, message=self._missing(one, timeout)) for one in machines.values()]
        snapshots = [one.snapshot(moment) for one in machines.values()]
        snapshot = merged(1, moment, local, snapshots, links, None if local else _looked(snapshots))
        missing = tuple(
            Problem(f"{link.name}:", None, link.message.removeprefix(f"{link.name}: "), "")
            for link in links
            if link.message
        )
        notes = tuple(Problem(f"{one.name}:", None, n) for one in machines.values() for n in one.notes)
        situation = replace(
            snapshot.situation,
            problems=(*snapshot.situation.problems, *notes, *missing),
            unjudged=(*snapshot.situation.unjudged, *missing),
        )
        self.snapshot: Snapshot = replace(snapshot, situation=situation)
        base = config.user_settings(config_path)
        self.settings: Mapping[str, Settings] = {
            **(self._local.settings if self._local else {}),
            **{
                root: replace(base, folder=path_of(root), metrics=one.metrics.get(root, base.metrics))
                for one in machines.values()
                for root in one.roots
            },
        }

    @staticmethod
    def _missing(machine: Remote, timeout: float) -> str:
        """Why a machine's answer is not there, "" when it is."""
        if machine.judged:
            return ""
        return machine.state.message or machine.target.silent(timeout)

    def history(self) -> list[tuple[str, TaskEvent]]:
        """What happened to tasks and findings of other machines: (root, event), oldest first."""
        all_events: list[tuple[str, TaskEvent]] = []
        for name, machine in self._connected.machines.items():
            with contextlib.suppress(WireError):
                events: m.Events = machine.ask(m.AskHistory)
                all_events += [(joined(name, root), event) for root, event in events]
        return sorted(all_events, key=lambda one: one[1].at)

    def series(self, key: RunKey, tag: str) -> Points:
        """Raises WireError: the machine is gone."""
        name = host_of(key.root)
        if name is not None:
            return self._curves[name].series(key, tag)
        return self._local.series(key, tag) if self._local else Points.empty()


def _looked(snapshots: Sequence[Snapshot]) -> float | None:
    """When a person last saw the roots of these."""
    with open_state() as state:
        return state.looked([root_identity(root) for one in snapshots for root in one.situation.roots])
