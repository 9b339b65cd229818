"""Validation gets worse while training still gets better."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runwatch.domain.finding import Finding, Severity
from runwatch.domain.situation import Situation
from runwatch.rules.engine.findings import KEEP as _KEEP
from runwatch.rules.engine.findings import sign_finding, signs_of
from runwatch.text.safe import safe

NAME = "run-overfitting"
DESCRIPTION = "The validation loss is clearly worse than its best while the training loss falls."
DEFAULTS: Mapping[str, object] = {}
HOLD, KEEP, MANY = 0.0, _KEEP, "validation losses of {scope} get worse"
WORDS = ("overfitting", "overfitting")
PLAIN = "The training {name} has passed its best."
ONE_OF_A_KIND = True


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """A warning while the run goes on; info afterwards, for early stopping always ends like this."""
    for run, sign in signs_of(situation, "overfitting"):
        severity: Severity = "warning" if run.status == "running" else "info"
        yield sign_finding(
            run,
            sign,
            NAME,
            f"Run {safe(run.title)} overfits: {safe(sign.tag)} gets worse",
            f"The best model was at step {sign.first_step}: keep that checkpoint, and stop early or "
            "regularise (weight decay, dropout, augmentation, more data).",
            severity,
        )
