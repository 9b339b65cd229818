"""A loss that has left its best level for good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runwatch.domain.finding import Finding
from runwatch.domain.situation import Situation
from runwatch.rules.engine.making import KEEP as _KEEP
from runwatch.rules.engine.making import about_run, begun, signs_of
from runwatch.text.safe import safe

NAME = "run-diverged"
DESCRIPTION = "A loss has risen far above its best and stays there."
DEFAULTS: Mapping[str, object] = {}
HOLD, KEEP, MANY = 0.0, _KEEP, "losses of {scope} diverged"
WORDS = ("diverged", "diverged")
PLAIN = "The training {name} is getting worse instead of better."
ONE_OF_A_KIND = True
EXPLAINS = frozenset({"loss-spike", "run-overfitting", "metric-regressed", "slice-regressed"})


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """Critical above the level where the loss began, a warning below it; it is withdrawn when the loss comes
    back."""
    for run, sign in signs_of(situation, "diverged"):
        advice = (
            f"Its best was at step {sign.first_step}: stop it, and resume from a checkpoint before the rise "
        )
        advice += "with a lower learning rate, warm-up or gradient clipping."
        if sign.severity != "critical":
            advice = (
                f"Unless a learning-rate restart or a new stage was intended: {advice[0].lower()}{advice[1:]}"
            )
        yield about_run(
            run,
            NAME,
            sign.severity,
            sign.summary,
            f"{safe(sign.tag)} of {safe(run.title)} rose far above its best"
            if sign.severity != "critical"
            else f"{safe(sign.tag)} of {safe(run.title)} diverged",
            advice,
            subject=sign.tag,
            since=begun(run, sign),
            evidence={**sign.evidence, "first_step": sign.first_step, "last_step": sign.last_step},
        )
