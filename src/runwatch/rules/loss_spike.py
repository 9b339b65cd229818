"""Sudden jumps of a loss above its own level."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runwatch.domain.finding import Finding
from runwatch.domain.situation import Situation
from runwatch.rules.engine.findings import KEEP as _KEEP
from runwatch.rules.engine.findings import sign_finding, signs_of
from runwatch.rules.engine.options import number
from runwatch.text.safe import safe

NAME = "loss-spike"
DESCRIPTION = "A loss jumps above its own level; three times within 500 points is a warning."
DEFAULTS: Mapping[str, object] = {"recent_points": 500}
HOLD, KEEP, MANY = 0.0, _KEEP, ""
WORDS = ("loss spike", "loss spike")
PLAIN = "The training {name} had a sudden setback."


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """Info for the newest spike of a curve while it is recent, a warning when there are three; older ones
    are marks on the chart only."""
    newest = {(run.key, sign.tag): (run, sign) for run, sign in signs_of(situation, "spike")}
    for run, sign in newest.values():
        ago = sign.evidence.get("points_ago")
        if not isinstance(ago, int) or ago > number(options, "recent_points"):
            continue
        yield sign_finding(
            run,
            sign,
            NAME,
            f"{safe(sign.tag)} of {safe(run.title)} keeps spiking",
            "Look at the batches of these steps, and at the gradient norm just before; clip gradients or "
            "lower the learning rate if it goes on.",
        )
