"""Days, spans and repetitions as people type them, and as topydo and pter read them."""

from __future__ import annotations

import re
from datetime import date, timedelta

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PART = re.compile(r"(\d{1,4})\s*(days?|weeks?|months?|years?|[dwmyb])")
_SPAN = re.compile(rf"(?:{_PART.pattern})+")
_FORMS = "a date (2026-12-01), tomorrow, a weekday, or a span such as 3d, 2w or 1m"


def day(value: str | None) -> date | None:
    """``YYYY-MM-DD`` as a date, None for anything else."""
    if value is None or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def future_day(words: str, today: date) -> date:
    """The day that is meant: a date, ``today``, ``tomorrow``, a weekday (the next one), ``3d``, ``2w``,
    ``1m``, ``1y``, ``5b`` (business days). Raises ``ValueError`` with the forms that are understood."""
    word = words.strip().lower()
    if parsed := day(word):
        return parsed
    if word in ("today", "tomorrow"):
        return today + timedelta(days=word == "tomorrow")
    if (later := after(word.removeprefix("+"), today)) is not None:
        return later
    numbers = [n for n, name in enumerate(_WEEKDAYS) if len(word) >= 2 and name.startswith(word)]
    if len(numbers) != 1:
        raise ValueError(f"{words!r} is not a day; give {_FORMS}")
    return today + timedelta(days=(numbers[0] - today.weekday() - 1) % 7 + 1)


def after(span: str, start: date) -> date | None:
    """``start`` moved on by ``3d``, ``2w``, ``1m``, ``1y``, ``5b`` or several of them (``1m2d``): months and
    years first, clamped to the end of a shorter month; None when it is no span or leaves the calendar."""
    if not _SPAN.fullmatch(span):
        return None
    total = dict.fromkeys("dwmyb", 0)
    for count, unit in _PART.findall(span):
        total[unit[0]] += int(count)
    try:
        moved = _months(start, 12 * total["y"] + total["m"]) + timedelta(days=total["d"], weeks=total["w"])
        return _business_days(moved, total["b"])
    except (ValueError, OverflowError):
        return None


def next_time(
    rec: str, due: date | None, threshold: date | None, today: date
) -> tuple[date | None, date | None]:
    """``due:`` and ``t:`` of the next occurrence of a task with ``rec:REC``, which was finished ``today``: a
    span from today on, with ``+`` before it from its own day on (``due:``, else ``t:``). ``t:`` keeps its
    distance to ``due:``; a task with neither gets a ``due:``. Raises ``ValueError`` when ``rec`` is no
    span."""
    strict = rec.startswith("+")
    base = (due or threshold or today) if strict else today
    moved = after(rec.removeprefix("+").lower(), base)
    if moved is None or moved <= base:
        raise ValueError(f"rec:{rec} is not a valid repetition; write rec:1w, or rec:+1m for strict months")
    if due is None and threshold is not None:
        return None, moved
    return moved, moved - (due - threshold) if due is not None and threshold is not None else None


def _months(start: date, months: int) -> date:
    from calendar import monthrange  # not worth a start's time

    year, month = start.year + (start.month - 1 + months) // 12, (start.month - 1 + months) % 12 + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))


def _business_days(start: date, count: int) -> date:
    moved = start + timedelta(weeks=count // 5) if count and start.weekday() < 5 else start
    left = count % 5 if count and start.weekday() < 5 else count
    while left:
        moved += timedelta(days=1)
        left -= moved.weekday() < 5
    return moved
