"""The kernel killed a process for lack of memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runwatch.domain.finding import Finding
from runwatch.domain.run import Run
from runwatch.domain.situation import Situation
from runwatch.rules.engine.findings import host_finding
from runwatch.rules.engine.options import number
from runwatch.text.safe import safe
from runwatch.text.units import plural

NAME = "out-of-memory-kill"
DESCRIPTION = "The kernel killed a process for lack of memory since runwatch started."
DEFAULTS: Mapping[str, object] = {"recent": "1h"}
HOLD, KEEP, MANY = 0.0, 0.0, ""
SUBJECTS = ("host",)
WORDS = ("out of memory kill", "out of memory kill")
PLAIN = "A machine ran out of memory: {name}."


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """Critical and lasting; it names the runs that went away at that time."""
    if situation.machine is None or situation.machine.oom_kills <= 0:
        return
    lost = [run for run in situation.runs if _vanished(run, situation.now, number(options, "recent"))]
    named = ", ".join(safe(run.title) for run in lost[:3])
    which = f"; gone since: {named}" if lost else ""
    yield host_finding(
        situation,
        NAME,
        "critical",
        "",
        f"{plural(situation.machine.oom_kills, 'process', 'processes')} killed for lack of memory{which}",
        "A process was killed for lack of memory" + (f": {named}" if lost else ""),
        "Restart what is missing with a smaller batch or fewer loader workers; see what else holds memory.",
        evidence={"kills": situation.machine.oom_kills, "runs": [run.id for run in lost]},
        lasting=True,
    )


def _vanished(run: Run, now: float, recent: float) -> bool:
    if (
        run.status not in ("crashed", "stalled", "unknown")
        or run.updated is None
        or now - run.updated > recent
    ):
        return False
    return any(process.alive is False for process in run.processes) or "kill" in run.status_reason.lower()
