"""Metrics that are computed only where the options name them: those with a number in their name
(``fbeta_2``, ``recall_at_100``, ``pinball_0.9``) and those that a person installed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from runwatch.domain.comparison import CompareOptions

_NUMBERED = re.compile(r"(fbeta|recall_at|pinball)_(\d+(?:\.\d+)?)")


def asked_of(options: CompareOptions) -> tuple[str, ...]:
    """Names of metrics that are primary or have a tolerance or direction."""
    primary = () if options.primary is None else (options.primary,)
    return tuple(dict.fromkeys((*primary, *options.tolerances, *options.directions)))


def numbers(names: Sequence[str], family: str) -> Iterator[tuple[str, float]]:
    """(name, number) of each asked metric of ``family`` whose number makes sense."""
    for name in names:
        match = _NUMBERED.fullmatch(name)
        if match is not None and match[1] == family and _is_sensible(family, float(match[2])):
            yield name, float(match[2])


def _is_sensible(family: str, number: float) -> bool:
    if family == "pinball":
        return 0 < number < 1
    return number > 0 and (family == "fbeta" or number == int(number))
