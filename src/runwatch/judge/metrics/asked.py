"""Metrics with a number in their name, computed only where the options name them: ``fbeta_2``,
``recall_at_100``, ``pinball_0.9``."""

from __future__ import annotations

import re

from runwatch.domain.comparison import CompareOptions

_NUMBERED = re.compile(r"(fbeta|recall_at|pinball)_(\d+(?:\.\d+)?)")


def asked_of(options: CompareOptions) -> tuple[tuple[str, str, float], ...]:
    """(name, family, number) of each such metric that is primary or has a tolerance or direction."""
    names = dict.fromkeys((options.primary or "", *options.tolerances, *options.directions))
    matches = (_NUMBERED.fullmatch(name) for name in names)
    parsed = ((found[0], found[1], float(found[2])) for found in matches if found is not None)
    return tuple(one for one in parsed if _is_sensible(one[1], one[2]))


def _is_sensible(family: str, number: float) -> bool:
    if family == "pinball":
        return 0 < number < 1
    return number > 0 and (family == "fbeta" or number == int(number))
