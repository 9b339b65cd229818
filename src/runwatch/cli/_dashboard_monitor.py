"""The monitor as the dashboard wants it: with the brief on top."""

from __future__ import annotations

import time
from typing import Protocol

from runwatch.domain.situation import Snapshot
from runwatch.domain.task import TaskEvent
from runwatch.monitor.live import Monitor
from runwatch.store.state import State

PATIENCE_S = 20.0


class _Remembering(Protocol):
    @property
    def state(self) -> State: ...
    def wait_judged(self, patience: float) -> Snapshot | None: ...
    def history(self) -> list[tuple[str, TaskEvent]]: ...


def brief_of(watching: _Remembering) -> str:
    """The brief as text, once all has been looked at; "" when nothing happened since the last look, or nobody
    has looked before. Waits: not for the event loop."""
    from datetime import date

    from runwatch.show.brief import compose, text, worth_showing
    from runwatch.store.snapshot_facts import facts

    looked = watching.state.looked()
    snapshot = watching.wait_judged(PATIENCE_S) if looked is not None else None
    if snapshot is None or looked is None:
        return ""
    now = time.time()
    known = {**facts(snapshot, date.fromtimestamp(now)), "looked": looked}
    made = compose(known, list(reversed(watching.history())), now, None, None)
    return "\n".join(text(made)) if worth_showing(made) else ""


class DashboardMonitor(Monitor):
    """This machine's monitor, which can tell what happened since the person last looked."""

    def brief(self) -> str:
        return brief_of(self)
