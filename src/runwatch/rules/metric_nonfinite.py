"""NaN or infinity in a loss, an evaluation metric, or three gradient norms in a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runwatch.domain.finding import Finding
from runwatch.domain.situation import Situation
from runwatch.rules.engine.making import KEEP as _KEEP
from runwatch.rules.engine.making import about_run, signs_of
from runwatch.text.safe import safe

NAME = "metric-nonfinite"
DESCRIPTION = "A loss or evaluation metric is NaN or infinite, or a gradient norm three times in a row."
DEFAULTS: Mapping[str, object] = {}
HOLD, KEEP, MANY = 0.0, _KEEP, "metrics of {scope} are NaN or infinite"


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """Critical at once."""
    for run, sign in signs_of(situation, "nonfinite"):
        since = sign.evidence.get("since")
        yield about_run(
            run,
            NAME,
            sign.severity,
            sign.summary,
            f"{safe(sign.tag)} of {safe(run.id)} is not finite",
            "Stop it unless it recovers by itself; resume from a checkpoint before step "
            f"{sign.first_step} with a lower learning rate or gradient clipping, and look for bad rows in "
            "the batch of that step (log of zero, division by zero, half precision).",
            subject=sign.tag,
            since=since if isinstance(since, float) else run.updated,
            evidence={**sign.evidence, "last_step": sign.last_step},
        )
