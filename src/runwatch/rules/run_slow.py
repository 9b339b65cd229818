"""A run that has lost a third of its pace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runwatch.domain.finding import Finding
from runwatch.domain.situation import Situation
from runwatch.rules.engine.findings import KEEP as _KEEP
from runwatch.rules.engine.findings import sign_finding, signs_of
from runwatch.text.safe import safe

NAME = "run-slow"
DESCRIPTION = "For five minutes a step has taken 1.43 times as long as before."
DEFAULTS: Mapping[str, object] = {}
HOLD, KEEP, MANY = 0.0, _KEEP, ""
WORDS = ("slow", "slow")
PLAIN = "The training {name} has become slower."


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """A warning, while it runs. The five minutes are in the sign itself."""
    for run, sign in signs_of(situation, "slow"):
        if run.status == "running":
            yield sign_finding(
                run,
                sign,
                NAME,
                f"Run {safe(run.title)} has become slow",
                "See what else uses this machine (processor, disk, GPU), whether a GPU is throttled, and "
                "whether the data loader keeps up.",
                "warning",
                subject="",
            )
