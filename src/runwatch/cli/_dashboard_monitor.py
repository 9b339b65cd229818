"""The monitor as the dashboard wants it: with what happened since the person last looked."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from runwatch.domain.situation import Snapshot
from runwatch.domain.task import TaskEvent
from runwatch.monitor.live import Monitor

if TYPE_CHECKING:
    from runwatch.show.brief import Brief

ANSWER_TIMEOUT_S = 20.0


class _Remembering(Protocol):
    def looked(self, root: str) -> float | None: ...
    def wait_judged(self, timeout: float, given_up: Callable[[], bool]) -> Snapshot | None: ...
    def history(self) -> list[tuple[str, TaskEvent]]: ...


def briefs_of(watching: _Remembering, given_up: Callable[[], bool]) -> list[tuple[str, Brief]]:
    """(root, what happened there since the person last looked at it, in the last day where nobody has), once
    all has been looked at; left out are roots where nothing happened. Waits until ``given_up()``: not for the
    event loop."""
    snapshot = watching.wait_judged(ANSWER_TIMEOUT_S, given_up)
    if snapshot is None or given_up():
        return []
    last_seen = {root: watching.looked(root) for root in snapshot.situation.roots}
    briefs = [(root, _brief(watching, snapshot, root, at)) for root, at in last_seen.items()]
    return [(root, brief) for root, brief in briefs if brief is not None]


def _brief(watching: _Remembering, snapshot: Snapshot, root: str, last_seen: float | None) -> Brief | None:
    from datetime import date

    from runwatch.show.brief import compose, worth_showing
    from runwatch.store.snapshot_facts import facts

    now = time.time()
    known = {**facts(_of_root(snapshot, root), date.fromtimestamp(now)), "looked": last_seen}
    history = [(where, event) for where, event in reversed(watching.history()) if where == root]
    brief = compose(known, history, now, None, None)
    return brief if brief.first or worth_showing(brief) else None


def _of_root(snapshot: Snapshot, root: str) -> Snapshot:
    """The part of a snapshot that is about one root; what is about the machine stays in all."""
    situation = snapshot.situation
    return replace(
        snapshot,
        situation=replace(
            situation,
            roots=(root,),
            runs=tuple(run for run in situation.runs if run.root == root),
            data=tuple(data for data in situation.data if data.root == root),
        ),
        findings=tuple(f for f in snapshot.findings if f.context == "host" or f.root == root),
        tasks={root: snapshot.tasks[root]} if root in snapshot.tasks else {},
    )


class DashboardMonitor(Monitor):
    """This machine's monitor, which can tell what happened since the person last looked."""

    def briefs(self, given_up: Callable[[], bool]) -> list[tuple[str, Brief]]:
        return briefs_of(self, given_up)
