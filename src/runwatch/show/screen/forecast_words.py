"""Where a run is going: when it ends, where its curve ends, and whether the next checkpoint has room."""

from __future__ import annotations

import os

from runwatch.domain.health import CurveForecast
from runwatch.domain.machine import Disk, Machine
from runwatch.domain.run import Run
from runwatch.show.screen.view import Span, Tone, Words, join, text, words
from runwatch.text import units
from runwatch.text.safe import safe

_NEXT = 1.5
_LIKELY, _UNLIKELY = 0.8, 0.2


def about(eta: tuple[float, float, float]) -> str:
    """(about, low, high) seconds in words: "about 3 min (2 to 5)"."""
    middle, low, high = (units.duration(seconds) for seconds in eta)
    number, unit = _parted(middle)
    if unit and _parted(low)[1] == _parted(high)[1] == unit:
        low, high = _parted(low)[0], _parted(high)[0]
        return f"about {number} {unit}" + (f" ({low} to {high})" if low != high else "")
    return f"about {middle} ({low} to {high})"


def _parted(duration: str) -> tuple[str, str]:
    """ "3 min" as ("3", "min"); ("…", "") when there is more than one unit."""
    parts = duration.split(" ")
    return (parts[0], parts[1]) if len(parts) == 2 else (duration, "")


def forecast_sentence(forecast: CurveForecast | None) -> Words:
    """Where the curve is heading, and whether that beats the baseline; empty when there is no forecast."""
    if forecast is None:
        return ()
    if forecast.about is None:
        return words(Span("cannot tell yet where ", "muted"), text(forecast.tag), _why(" ends", forecast))
    where = [text(forecast.tag, "strong"), text(f" heads for {units.number(forecast.about)}")]
    if forecast.low is not None and forecast.high is not None:
        span = f" ({units.number(forecast.low)} to {units.number(forecast.high)})"
        where.append(text(span, "muted"))
    return join([words(*where), chance(forecast)])


def chance(forecast: CurveForecast) -> Words:
    """How likely it is that the run beats the baseline, in words."""
    if forecast.beats_baseline is None:
        return (_why("cannot tell yet whether it beats the baseline", forecast),)
    tone: Tone = "plain"
    if forecast.beats_baseline >= _LIKELY:
        tone = "good"
    elif forecast.beats_baseline <= _UNLIKELY:
        tone = "warn"
    return text(f"beats the baseline with {_percent(forecast.beats_baseline)} probability", tone)


def _percent(share: float) -> str:
    return "over 99%" if share > 0.99 else "under 1%" if share < 0.01 else units.percent(share)


def _why(lead: str, forecast: CurveForecast) -> Span:
    return Span(lead + (f": {safe(forecast.reason)}" if forecast.reason else ""), "muted")


def checkpoint_words(run: Run, machine: Machine | None, now: float) -> Words:
    """How many checkpoints, the newest, and whether the next one (half as large again) has room."""
    if not run.checkpoints:
        return ()
    newest = max(run.checkpoints, key=lambda checkpoint: checkpoint.mtime)
    lead = f"{units.plural(len(run.checkpoints), 'checkpoint')}, newest {units.since(newest.mtime, now)}"
    parts: list[Words] = [text(f"{lead}, {units.size(newest.size)}", "muted")]
    disk = disk_of(run.root, machine)
    if disk is not None and run.status in ("running", "stalled"):
        need = round(newest.size * _NEXT)
        room = f"{units.size(disk.free)} free on {safe(disk.mount)}"
        if disk.free >= need:
            parts.append(text("the next one fits", "muted"))
        else:
            parts.append(text(f"✗ the next one ({units.size(need)}) may not fit: {room}", "bad"))
    return join(parts)


def disk_of(path: str, machine: Machine | None) -> Disk | None:
    """The disk that a path lies on: the longest mount above it."""
    above = [
        disk
        for disk in (machine.disks if machine else ())
        if path == disk.mount or path.startswith(disk.mount.rstrip(os.sep) + os.sep)
    ]
    return max(above, key=lambda disk: len(disk.mount), default=None)
