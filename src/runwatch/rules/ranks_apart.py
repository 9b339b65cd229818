"""The ranks of a distributed run no longer do the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runwatch.domain.finding import Finding, Severity
from runwatch.domain.situation import Situation
from runwatch.rules.engine.findings import KEEP as _KEEP
from runwatch.rules.engine.findings import sign_finding, signs_of
from runwatch.text.safe import safe

NAME = "ranks-apart"
DESCRIPTION = "A rank of a distributed run is behind the others, or its loss differs from theirs."
DEFAULTS: Mapping[str, object] = {}
HOLD, KEEP, MANY = 120.0, _KEEP, "ranks of {scope} are out of step"
WORDS = ("ranks apart", "ranks apart")
PLAIN = "The parts of the training {name} no longer keep pace."


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """A warning for a rank that is behind while the run goes on, info else."""
    for run, sign in signs_of(situation, "ranks-apart"):
        severity: Severity = sign.severity if run.status == "running" else "info"
        yield sign_finding(
            run,
            sign,
            NAME,
            f"Ranks of {safe(run.title)} are out of step",
            "Look at the log of that rank and at its node: a rank that waits, or reads the wrong "
            "data, makes all others wait or learn from less.",
            severity,
        )
