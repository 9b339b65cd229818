"""NaN or infinity in a loss, an evaluation metric, or three gradient norms in a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import itemgetter

from msgspec.structs import replace

from runwatch.domain.directions import direction_of, split_of
from runwatch.domain.finding import Finding
from runwatch.domain.health import HealthSign
from runwatch.domain.run import Run
from runwatch.domain.situation import Situation
from runwatch.rules.engine.findings import KEEP as _KEEP
from runwatch.rules.engine.findings import sign_finding, signs_of
from runwatch.text.safe import safe
from runwatch.text.units import plural

NAME = "metric-nonfinite"
DESCRIPTION = "A loss or evaluation metric is NaN or infinite, or a gradient norm three times in a row."
DEFAULTS: Mapping[str, object] = {}
HOLD, KEEP, MANY = 0.0, _KEEP, "metrics of {scope} are NaN or infinite"
WORDS = ("not finite", "not finite")
PLAIN = "The training {name} produces invalid numbers."
EXPLAINS = frozenset({"run-diverged", "loss-spike"})


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """Critical at once. What became non-finite with or after a training loss is part of that finding."""
    for run, run_signs in groupby(signs_of(situation, "nonfinite"), itemgetter(0)):
        signs = [sign for _, sign in run_signs]
        head = min((sign for sign in signs if _is_training_loss(sign.tag)), key=_place, default=None)
        followers = [
            sign for sign in signs if head is not None and sign is not head and _place(sign) >= _place(head)
        ]
        if head is not None:
            yield _with(_finding(run, head), [_finding(run, sign) for sign in followers])
        yield from (_finding(run, sign) for sign in signs if sign is not head and sign not in followers)


def _is_training_loss(tag: str) -> bool:
    return split_of(tag) in (None, "train") and direction_of(tag) == "min"


def _place(sign: HealthSign) -> int:
    return sign.first_step if sign.first_step is not None else 0


def _finding(run: Run, sign: HealthSign) -> Finding:
    return sign_finding(
        run,
        sign,
        NAME,
        f"{safe(sign.tag)} of {safe(run.title)} is not finite",
        "Stop it unless it recovers by itself; resume from a checkpoint before step "
        f"{sign.first_step} with a lower learning rate or gradient clipping, and look for bad rows in the "
        "batch of that step (log of zero, division by zero, half precision).",
    )


def _with(finding: Finding, followers: list[Finding]) -> Finding:
    if not followers:
        return finding
    evidence = {**finding.evidence, "also": [other.summary for other in followers]}
    summary = f"{finding.summary}, and {plural(len(followers), 'other metric')}"
    also = tuple(other.fingerprint for other in followers)
    return replace(finding, summary=summary, evidence=evidence, also=also)
