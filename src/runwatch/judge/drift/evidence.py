"""The evidence for drift of one column: its tests, each with a p-value and an effect in its own measure."""

from __future__ import annotations

import math
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from runwatch.domain.drift import DriftVerdict
from runwatch.domain.profile import ColumnGrid, ColumnProfile, DriftOptions, Ints
from runwatch.judge.drift import clock
from runwatch.judge.drift.column_pair import ColumnPair, iqr, pooled, quantile
from runwatch.judge.drift.measures import chi2, js, ks, total_variation
from runwatch.judge.drift.p_values import chi2_p_value, ks_p_value, normal_p_value, proportions_p_value

Subject = Literal["distribution", "length", "shape", "missing", "new categories", "invalid"]
NOISE_KS = 0.87
NOISE_TV = 0.4
_NEAR_ZERO = 0.1
GONE = "not in the batch"
NESTED = "nested: only its missing share is compared, and each of its parts as a column of its own"
NESTED_TYPES = ("struct<", "list<", "large_list<", "fixed_size_list<", "map<")
NO_VALUES = ("no values to compare", "the batch has no values")


class DriftTest(msgspec.Struct, frozen=True):
    """One test of one column."""

    subject: Subject
    method: str
    p_value: float
    effect: float
    """The distance with the no-drift noise taken off."""
    levels: tuple[float, float]
    """Effects from which it is a warning and drifted."""
    divergence: float = 0.0
    """For categories, the Jensen-Shannon distance (base 2, noise off): a level that all but vanished moves
    few rows, so that total variation stays small, yet is another distribution."""

    @property
    def level(self) -> DriftVerdict:
        """What the test says if it is significant."""
        warning, drifted = self.levels
        if self.effect >= drifted or (self.effect >= drifted / 2 and self.divergence >= drifted):
            return "drifted"
        return "warning" if self.effect >= warning else "stable"


class ColumnEvidence(msgspec.Struct, frozen=True):
    """All tests of one column, or why there are none (``reason``). ``note``: why its values themselves were
    not compared, though it was judged."""

    tests: tuple[DriftTest, ...]
    reason: str = ""
    note: str = ""

    @property
    def p_value(self) -> float | None:
        """The column's one p-value: Bonferroni over its tests."""
        return min(1.0, len(self.tests) * min(t.p_value for t in self.tests)) if self.tests else None


def examine(pair: ColumnPair, options: DriftOptions) -> ColumnEvidence:
    """The tests that apply to a column; all of them count in its Bonferroni correction, whether or not the
    data left them anything to find."""
    ref, cur = pair.reference, pair.current
    if not ref.rows or not cur.rows:
        return ColumnEvidence((), "the reference has no rows" if not ref.rows else GONE)
    labels = pair.column.role == "target"
    if labels and bool(pair.n) != bool(pair.m):
        return ColumnEvidence((), "the batch has no labels yet" if pair.n else "the reference has no labels")
    note = _incomparable(pair)
    shift = clock.clock_shift(pair) if not note and clock.is_clock(pair.column) else None
    tests = [_missing(pair, options)]
    if ref.invalid or cur.invalid:
        tests.append(_invalid(pair, options))
    if shift is not None and max(shift.back, shift.ahead) > 0:
        tests.append(_out_of_time(pair, shift, options))
    elif shift is not None and shift.on:
        note = "time moved on: only its missing share is compared"
        marked = clock.placeholders(pair)
        if marked.any():
            shares = (_split(side.counts, marked) for side in (ref, cur))
            tests.append(level_test(next(shares), next(shares), options, "distribution"))
    elif not note:
        tests.extend(_values(pair, options))
    if note and ref.missing == ref.rows and cur.missing == cur.rows:
        return ColumnEvidence((), "no values on either side")
    if labels and pair.column.name != "y" and len(tests) > 1:
        del tests[0]  # labels come late; a y may be a coordinate
    return ColumnEvidence(tuple(tests), "", note)


def _incomparable(pair: ColumnPair) -> str:
    """Why the values are not compared, empty when they are."""
    if not pair.n and not pair.m:
        return NESTED if pair.column.type.startswith(NESTED_TYPES) else NO_VALUES[0]
    if not pair.n:
        return "the reference has no values" if pair.column.bins else "only its missing share is compared"
    if not pair.m:
        return NO_VALUES[1]
    if pair.column.role == "key":
        return "an identifier: only its missing share is compared"
    if pair.column.ascending:
        return "grows with the rows, like a counter: only its missing share is compared"
    if pair.column.foreign and (pair.column.words is None or pair.fresh(pair.current) > pair.m / 2):
        return "names users, orders or the like: only its missing share is compared"
    if clock.continues_reference(pair):
        return "goes on where the reference ends, like a counter: only its missing share is compared"
    return ""


def _out_of_time(pair: ColumnPair, shift: clock.ClockShift, options: DriftOptions) -> DriftTest:
    """The share of times that lie before or far beyond all of the reference's."""
    share = max(shift.back, shift.ahead)
    p = proportions_p_value(0, pair.n, round(share * pair.m), pair.m)
    return DriftTest("distribution", method="clock", p_value=p, effect=share, levels=options.levels)


def _split(counts: Ints, marked: NDArray[np.bool_]) -> Ints:
    """(each marked bin's count, all others together)."""
    return np.append(counts[marked], counts[~marked].sum())


def _values(pair: ColumnPair, options: DriftOptions) -> list[DriftTest]:
    if pair.ordered:
        name: Subject = "length" if pair.column.shaped else "distribution"
        tests = [ordered_test(pair, options, name)]
        if pair.column.shaped:
            other = np.zeros(1, dtype=np.int64)
            a, b = np.append(pair.reference.shapes, other), np.append(pair.current.shapes, other)
            tests.append(level_test(*pooled(a, b, pair.design), options, "shape", pair.design))
        return tests
    return [level_test(*pair.levels, options, "distribution", pair.design), new_categories(pair, options)]


def ordered_test(pair: ColumnPair, options: DriftOptions, subject: Subject = "distribution") -> DriftTest:
    """Kolmogorov-Smirnov on the certified lower end, coarser rounding apart."""
    distance = ks.unrounded(pair)
    effect = math.sqrt(max(0.0, distance**2 - NOISE_KS**2 / max(pair.effective, 1e-9)))
    p = ks_p_value(distance, _worth(pair.n, pair.design), _worth(pair.m, pair.design))
    return DriftTest(subject, method="Kolmogorov-Smirnov", p_value=p, effect=effect, levels=options.levels)


def _worth(rows: int, design: float) -> int:
    """How many independent rows ``rows`` are worth."""
    return rows if design <= 1 else max(1, round(rows / design)) if rows else 0


def level_test(a: Ints, b: Ints, options: DriftOptions, subject: Subject, design: float = 1.0) -> DriftTest:
    """Two-sample chi-square, corrected for dependent rows (Rao, Scott 1981); the effect is total
    variation."""
    n, m = int(a.sum()), int(b.sum())
    if len(a) < 2:
        return DriftTest(subject, method="chi-square", p_value=1.0, effect=0.0, levels=options.levels)
    distance = total_variation.total_variation(a, b)
    effect = math.sqrt(max(0.0, distance**2 - NOISE_TV**2 * (len(a) - 1) * design * (n + m) / (n * m)))
    noise = (len(a) - 1) * design * (n + m) / (8 * math.log(2) * n * m)
    divergence = math.sqrt(max(0.0, js.js_distance(a, b) ** 2 / math.log(2) - noise))
    p = (
        chi2_p_value(chi2.chi_square(a, b)[0] / design, len(a) - 1)
        if design > 1
        else chi2.chi_square(a, b)[1]
    )
    return DriftTest(
        subject, method="chi-square", p_value=p, effect=effect, levels=options.levels, divergence=divergence
    )


def _missing(pair: ColumnPair, options: DriftOptions) -> DriftTest:
    ref, cur = pair.reference, pair.current
    p = shares_p(ref.missing, ref.rows, cur.missing, cur.rows, pair.missing_design)
    gap = abs(cur.missing / cur.rows - ref.missing / ref.rows)
    return DriftTest("missing", method="missing share", p_value=p, effect=gap, levels=options.levels)


def shares_p(a: int, n: int, b: int, m: int, design: float) -> float:
    """``proportions_p_value`` of rows of which ``design`` are worth one independent one."""
    if design <= 1:
        return proportions_p_value(a, n, b, m)
    rows = _worth(n, design), _worth(m, design)
    return proportions_p_value(round(a / n * rows[0]), rows[0], round(b / m * rows[1]), rows[1])


def _invalid(pair: ColumnPair, options: DriftOptions) -> DriftTest:
    ref, cur = pair.reference, pair.current
    p = shares_p(ref.invalid, ref.rows, cur.invalid, cur.rows, pair.missing_design)
    gap = abs(cur.invalid / cur.rows - ref.invalid / ref.rows)
    return DriftTest("invalid", method="share of another type", p_value=p, effect=gap, levels=options.levels)


def new_categories(pair: ColumnPair, options: DriftOptions) -> DriftTest:
    """The share of values outside the reference's words against the mass that its tail hides (Good 1953: its
    singletons over n), one-sided. The variance counts that unseen values come in clumps."""
    n, m = pair.n, pair.m
    once, twice = rare_values(pair)
    expected = min(1.0, once / n)
    fresh = pair.fresh(pair.current)
    excess = fresh / m - expected
    if once < 5 and fresh < 10:
        p = shares_p(round(once), n, fresh, m, pair.design)
        p = p if excess > 0 else 1.0
    else:
        spread = math.sqrt(pair.design * (max(expected, 1 / n) / m + (once + 4 * twice + 1) / n**2))
        p = normal_p_value(excess / spread) / 2 if excess > 0 else 1.0
    effect = max(0.0, excess)
    return DriftTest(
        "new categories",
        method="share of new categories",
        p_value=p,
        effect=effect,
        levels=options.new_levels,
    )


def rare_values(pair: ColumnPair) -> tuple[float, float]:
    """Rows of the reference whose value would be new had they been left out (Good and Turing's singletons),
    and values that it has twice."""
    if not pair.column.open:
        counts = pair.reference.counts
        return int((counts[:-1] == 1).sum()) + int(counts[-1]), int((counts[:-1] == 2).sum())
    once, twice, of = pair.column.rare
    part = min(pair.n, of) / max(of, 1)
    return once * part + pair.fresh(pair.reference), twice * part


def smallest_visible(
    n: int, m: int, columns: int, options: DriftOptions, design: float = 1.0
) -> float | None:
    """The smallest distance that these n can show past Benjamini-Hochberg's margin over ``columns``."""
    if not n or not m:
        return None
    q = options.q / max(options.tests, 1)
    return math.sqrt(-math.log(q / (2 * max(columns, 1))) / 2) * math.sqrt(design * (n + m) / (n * m))


def visible_in_levels(
    levels: int, n: int, m: int, columns: int, options: DriftOptions, design: float = 1.0
) -> float | None:
    """The same for a column of so many levels: the total variation from which on chi-square is significant
    whatever the levels' shares (Cauchy-Schwarz). Below the bound of Kolmogorov-Smirnov for few levels."""
    if not n or not m:
        return None
    chance = options.q / max(options.tests, 1) / max(columns, 1)
    low, high = 0.0, 1e4
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if chi2_p_value(middle, max(levels - 1, 1)) > chance else (low, middle)
    return math.sqrt(high * design * (n + m) / (n * m)) / 2


def unit_factor(column: ColumnGrid, reference: ColumnProfile, current: ColumnProfile) -> float | None:
    """How many times the median grew or shrank, where it did by more than 10 and kept its sign. None where
    either median is near zero beside its own spread (a centred column): there a ratio is only noise."""
    before, now = quantile(column, reference, 0.5), quantile(column, current, 0.5)
    if column.kind != "numeric" or not before or not now or (before > 0) != (now > 0):
        return None
    for median, profile in ((before, reference), (now, current)):
        if abs(median) < _NEAR_ZERO * (iqr(column, profile) or 0.0):
            return None
    ratio = now / before
    return ratio if ratio > 10 or ratio < 0.1 else None
