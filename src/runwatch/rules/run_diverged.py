"""A loss that has left its best level for good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runwatch.domain.finding import Finding
from runwatch.domain.situation import Situation
from runwatch.rules.engine.findings import KEEP as _KEEP
from runwatch.rules.engine.findings import sign_finding, signs_of
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
        surely = sign.severity == "critical"
        what = "diverged" if surely else "rose far above its best"
        its = "Its" if surely else "Unless a learning-rate restart or a new stage was intended: its"
        advice = (
            f"{its} best was at step {sign.first_step}: stop it, and resume from a checkpoint before the rise"
            " with a lower learning rate, warm-up or gradient clipping."
        )
        yield sign_finding(run, sign, NAME, f"{safe(sign.tag)} of {safe(run.title)} {what}", advice)
