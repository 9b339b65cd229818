"""A run that claims to run and has written nothing for too long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runwatch.domain.finding import Finding, Severity
from runwatch.domain.health import HealthSign
from runwatch.domain.situation import Situation
from runwatch.rules.engine.findings import KEEP as _KEEP
from runwatch.rules.engine.findings import run_finding
from runwatch.rules.engine.options import number
from runwatch.text.safe import safe
from runwatch.text.units import duration

NAME = "run-stalled"
DESCRIPTION = "A run that was alive has been silent for much longer than its usual interval."
DEFAULTS: Mapping[str, object] = {"critical_after": "6h"}
HOLD, KEEP, MANY = 120.0, _KEEP, ""
WORDS = ("stalled", "stalled")
PLAIN = "The training {name} has not moved for long."
TOPIC = "end"
EXPLAINS = frozenset({"run-slow", "gpu-idle"})


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """A warning past the threshold, critical past three of them, or after
    ``critical_after`` where the threshold isn't known; info while it is only called quiet."""
    signs = {key: sign for key, found in situation.health.items() for sign in found if sign.kind == "stalled"}
    for run in situation.runs:
        if run.status != "stalled" and not (run.status == "running" and run.key in signs):
            continue
        sign = signs.get(run.key)
        silent = situation.now - run.updated if run.updated is not None else None
        severity = _severity(sign, silent, number(options, "critical_after"))
        what = "silent" if run.status == "stalled" else "quiet"
        summary = (
            f"{what} for {duration(silent)}: {safe(run.status_reason or (sign.summary if sign else ''), 160)}"
        )
        yield run_finding(
            run,
            NAME,
            severity,
            summary,
            f"Run {safe(run.title)} has stalled",
            "Check whether its process is still alive and what it is waiting for (a data loader, a lock, "
            "another rank); if it hangs, stop it and resume from the last checkpoint.",
            since=run.updated,
            evidence={"silent_seconds": silent, "step": run.step, **(sign.evidence if sign else {})},
        )


def _severity(sign: HealthSign | None, silent: float | None, late: float) -> Severity:
    if sign is not None:
        return sign.severity
    return "critical" if silent is not None and silent > late else "warning"
