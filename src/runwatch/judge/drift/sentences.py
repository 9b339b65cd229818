"""What changed in a column, in one plain sentence; why the verdict is what it is, in another."""

from __future__ import annotations

import math

import numpy as np

from runwatch.domain.profile import ColumnProfile
from runwatch.judge.drift import clock
from runwatch.judge.drift.column_pair import ColumnPair, iqr, quantile, times_apart
from runwatch.judge.drift.evidence import NO_VALUES
from runwatch.judge.drift.verdicts import Decision
from runwatch.text.units import number, percent, signed

_SHIFT = 0.05
_HANG_TOGETHER = 1.5
_FEW = 0.005


def share(value: float) -> str:
    return percent(value, 0 if value == 0 or value >= 0.1 else 1)


def sentence(pair: ColumnPair, decision: Decision) -> str:
    """What changed: median, missing share, levels, new categories. Empty when there is nothing to compare."""
    parts: list[str] = []
    subjects = {test.subject for test in decision.sure}
    if pair.n and pair.m and not decision.evidence.note:
        if subjects & {"distribution", "length", "shape"}:
            text = _ordered(pair, decision) if pair.ordered else _levels(pair)
            parts.extend([text] if text else [])
        infinite = _infinite(pair.current) - _infinite(pair.reference)
        if "distribution" in subjects and infinite >= _FEW:
            parts.append(f"{share(_infinite(pair.current))} of the values are infinite")
        if "new categories" in subjects:
            fresh = pair.fresh(pair.current) / pair.m
            parts.append(f"{share(float(fresh))} of the values are new categories")
    if "missing" in subjects:
        before, now = pair.reference.missing_share or 0.0, pair.current.missing_share or 0.0
        parts.append(f"missing went from {share(before)} to {share(now)}")
    if "invalid" in subjects:
        parts.append(f"{share(pair.current.invalid / pair.current.rows)} of the values are of another type")
    if not parts:
        return "no change beyond chance" if decision.verdict == "stable" else ""
    return "; ".join(parts)


def _infinite(profile: ColumnProfile) -> float:
    return (profile.neg_inf + profile.pos_inf) / max(profile.n, 1)


def _ordered(pair: ColumnPair, decision: Decision) -> str:
    what = "median length" if pair.column.shaped else "median"
    before = quantile(pair.column, pair.reference, 0.5)
    now = quantile(pair.column, pair.current, 0.5)
    spread = iqr(pair.column, pair.reference)
    if before is None or now is None:
        return ""
    if clock.is_clock(pair.column) and (message := clock.sentence(pair)):
        return message
    if decision.unit is not None:
        times, _ = times_apart(pair.column, pair.reference, pair.current)
        way = "larger" if decision.unit > 1 else "smaller"
        return f"{times} {way}: a change of unit"
    if spread is not None and abs(now - before) >= _SHIFT * spread:
        verb = "rose" if now > before else "fell"
        return f"the {what} {verb} by {number(abs(now - before) / spread, 2)} IQR"
    return _spread(pair, what)


def _spread(pair: ColumnPair, what: str) -> str:
    before, now = iqr(pair.column, pair.reference), iqr(pair.column, pair.current)
    if before and now and abs(math.log(now / before)) > 0.1:
        way, times = ("grew", now / before) if now > before else ("shrank", before / now)
        return f"the {what} stayed; the spread {way} {number(times, 2)} times"
    shares = pair.deciles[1] / max(pair.m, 1) - pair.deciles[0] / max(pair.n, 1)
    at = int(np.abs(shares).argmax())
    points = signed(100 * float(shares[at]), 2)
    return f"the {what} stayed; the shape changed most around decile {at + 1} ({points} points)"


def _levels(pair: ColumnPair) -> str:
    assert pair.column.words is not None
    before, now = pair.reference.counts / pair.n, pair.current.counts / pair.m
    gap = now - before
    at = int(np.abs(gap[:-1]).argmax()) if len(gap) > 1 else 0
    if not len(pair.column.words):
        return ""
    if abs(gap[at]) < 0.001:
        return ""
    return f"{pair.column.words[at]!r} went from {share(float(before[at]))} to {share(float(now[at]))}"


def reason(pair: ColumnPair, decision: Decision, days: int) -> str:
    """Why the verdict is what it is."""
    message, stood = _reason(pair, decision, days), decision.among
    worth = _effective_rows(pair, decision)
    if worth is not None and not decision.evidence.reason:
        message += f"; these rows are not independent (about {worth[0]:,} and {worth[1]:,} effective)"
    if stood is None or not stood.days:
        return message
    if not decision.held_back:
        message += f"; {stood.compared} is unlike that of the {stood.days} reference files"
    if stood.independent < stood.days / 2:
        message += f" (near ones are alike: worth about {max(1, round(stood.independent))} independent ones)"
    if stood.set_aside:
        message += f" ({stood.set_aside} of them, unlike all others, set aside)"
    return message


def _effective_rows(pair: ColumnPair, decision: Decision) -> tuple[int, int] | None:
    """How many independent rows each side is worth, where that is at most two thirds of its rows; None
    else."""
    ref, cur = pair.reference, pair.current
    if decision.evidence.note:
        rows, design = (ref.rows, cur.rows), (ref.missing_design, cur.missing_design)
    else:
        rows, design = (pair.n, pair.m), (ref.design, cur.design)
    if max(design) < _HANG_TOGETHER:
        return None
    return round(rows[0] / design[0]), round(rows[1] / design[1])


def _reason(pair: ColumnPair, decision: Decision, days: int) -> str:
    evidence, test = decision.evidence, decision.deciding
    if evidence.reason:
        return evidence.reason
    if decision.unit is not None:
        return "the median changed by more than a factor of 10"
    if decision.held_back:
        return f"no more than the {days} reference files differ among themselves"
    if decision.verdict in ("warning", "drifted") and test is not None:
        level = test.levels[1 if decision.verdict == "drifted" else 0]
        if test.effect < level:
            natural = math.sqrt(math.log(2))  # the unit in which the figure "js" is shown
            far = number(test.divergence * natural, 3)
            return f"Jensen-Shannon distance {far}, at or above {number(level * natural, 2)}"
        return (
            f"{test.method}: effect {number(test.effect, 3)}, at or above {number(level, 2)}, and significant"
        )
    if decision.verdict == "unknown" and evidence.note not in NO_VALUES:
        return f"cannot tell: {_too_few(pair, decision)}"
    if evidence.note:
        return evidence.note
    if decision.sure:
        return "significant, but too small to matter"
    return f"no shift above chance; {_too_few(pair, decision)}"


def _too_few(pair: ColumnPair, decision: Decision) -> str:
    seen = decision.smallest_visible
    if seen is None:
        return "there are no values to compare"
    shown = "nothing" if seen >= 1 else f"no shift below {number(seen, 2)}"
    rows = (pair.reference.rows, pair.current.rows) if decision.evidence.note else (pair.n, pair.m)
    return f"{rows[0]:,} and {rows[1]:,} rows can show {shown}"
