"""Days and spans as people type them."""

from __future__ import annotations

import re
from datetime import date, timedelta

from runwatch.tasks.todotxt import day

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SPAN = re.compile(r"\+?(\d{1,4})\s*(d|w|day|days|week|weeks)")
_FORMS = "a date (2026-12-01), tomorrow, a weekday, or a span such as 3d or 2w"


def future_day(words: str, today: date) -> date:
    """The day that is meant: a date, ``today``, ``tomorrow``, a weekday (the next one), ``3d``, ``2w``.
    Raises ``ValueError`` with the forms that are understood."""
    word = words.strip().lower()
    if found := day(word):
        return found
    if word in ("today", "tomorrow"):
        return today + timedelta(days=word == "tomorrow")
    if match := _SPAN.fullmatch(word):
        return today + timedelta(days=int(match[1]) * (7 if match[2][0] == "w" else 1))
    numbers = [n for n, name in enumerate(_WEEKDAYS) if len(word) >= 2 and name.startswith(word)]
    if len(numbers) != 1:
        raise ValueError(f"{words!r} is no day; give {_FORMS}")
    return today + timedelta(days=(numbers[0] - today.weekday() - 1) % 7 + 1)
