"""Durations as people write them."""

from __future__ import annotations

import re

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}

_LONGEST = 1e11
_NUMBER = r"\d+(?:\.\d+)?"
_PART = re.compile(rf"({_NUMBER})\s*(ms|min|s|m|h|d|w)\s*")
_WHOLE = re.compile(rf"\s*(?:(?:{_PART.pattern})+|{_NUMBER})\s*")


def seconds(value: object) -> float | None:
    """Seconds of a number of seconds, or of text: "90", "90s", "1h30m", "2 d". None: it is no duration, which
    is not below 0 nor longer than 3,000 years."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        parts = _PART.findall(value)
        value = sum(float(number) * UNITS[unit] for number, unit in parts) if parts else float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= _LONGEST else None
