"""Numbers, sizes, durations and moments in the words that people use."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def number(value: float | None, digits: int = 4) -> str:
    """A number with ``digits`` significant digits, no trailing noise: 0.3121, 1.2e-05, 48,000, nan, -."""
    if value is None:
        return "–"
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == 0:
        return "0"
    size = abs(value)
    if value == int(value) and size < 1e9:
        return f"{int(value):,}"
    if size >= 1e6 or size < 1e-4:
        return f"{value:.{max(digits - 2, 1)}e}"
    decimals = max(digits - 1 - math.floor(math.log10(size)), 0)
    return f"{value:,.{decimals}f}"


def signed(value: float | None, digits: int = 3) -> str:
    """A difference with its sign: +0.012, −0.4."""
    if value is None or not math.isfinite(value):
        return number(value, digits)
    text = number(abs(value), digits)
    return ("+" if value > 0 else "−" if value < 0 else "±") + text


def percent(share: float | None, digits: int = 0) -> str:
    """A share in 0..1 as a percentage."""
    if share is None or not math.isfinite(share):
        return "–"
    if 0 < share < 0.5 * 10 ** -(digits + 2):
        return f"<{10**-digits:g}%"
    return f"{100 * share:.{digits}f}%"


def count(value: int) -> str:
    """A count in at most five characters: 950, 48.0k, 1.20M."""
    if abs(value) < 10_000:
        return str(value)
    for limit, unit in ((1e6, "k"), (1e9, "M"), (1e12, "G")):
        if abs(value) < limit:
            scaled = value / (limit / 1e3)
            return f"{scaled:.3g}{unit}"
    return f"{value:.2e}"


def size(bytes_: int | None) -> str:
    """Bytes in binary units: 812 B, 3.4 GiB."""
    if bytes_ is None:
        return "–"
    value = float(bytes_)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1024
    return f"{bytes_} B"


def duration(seconds: float | None) -> str:
    """A span in at most two units: 42 s, 5 min, 3 h 20 min, 2 d 4 h."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    seconds = max(seconds, 0.0)
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    if seconds < HOUR:
        return f"{seconds / MINUTE:.0f} min"
    if seconds < DAY:
        hours, minutes = divmod(round(seconds / MINUTE), 60)
        return f"{hours} h {minutes:02d}" if minutes else f"{hours} h"
    days, hours = divmod(round(seconds / HOUR), 24)
    return f"{days} d {hours} h" if hours and days < 10 else f"{days} d"


def ago(then: float | None, now: float) -> str:
    """How long ago, in one short word: now, 42s, 5m, 3h, 2d."""
    if then is None:
        return "–"
    seconds = max(now - then, 0.0)
    for limit, unit, letter in ((MINUTE, 1.0, "s"), (HOUR, MINUTE, "m"), (DAY, HOUR, "h")):
        if seconds < limit:
            return "now" if seconds < 2 else f"{seconds / unit:.0f}{letter}"
    return f"{seconds / DAY:.0f}d"


def since(then: float | None, now: float) -> str:
    """How long ago, as it is said in a sentence: "now", "3h ago"."""
    age = ago(then, now)
    return age if age in ("now", "–") else f"{age} ago"


def moment(then: float | None, now: float) -> str:
    """A moment as people say it: 18:04, yesterday 18:04, Mon 18:04, 2026-03-02."""
    if then is None:
        return "never"
    when, today = datetime.fromtimestamp(then), datetime.fromtimestamp(now)
    days = (today.date() - when.date()).days
    if 1 < days < 7:
        return f"{when:%a %H:%M}"
    if days not in (0, 1):
        return when.date().isoformat()
    clock = f"{when.hour:02d}:{when.minute:02d}"
    return clock if days == 0 else f"yesterday {clock}"


_EARLIEST, _LATEST = -6.2e10, 2.5e11  # the years 5 and 9892: in any zone a date


def iso(then: float | None) -> str | None:
    """ISO 8601 with the local zone, to the second; None stays None, and so does a time that no calendar
    has."""
    if then is None or not _EARLIEST <= then <= _LATEST:
        return None
    return datetime.fromtimestamp(then).astimezone().isoformat(timespec="seconds")


def several(names: Sequence[str], most: int) -> str:
    """ "a, b and 3 more": the first ``most`` of them."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def plural(n: int, word: str, many: str | None = None) -> str:
    """ "1 run", "3 runs"."""
    return f"{n:,} {word if n == 1 else many or word + 's'}"
