"""The verdict rule: a column is called only when its shift is both sure (Benjamini-Hochberg over the columns,
and the day rule where there are days) and large enough to matter."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from runwatch.domain.drift import DriftVerdict
from runwatch.domain.profile import DUPLICATE, GUESSED, DriftOptions, NamedProfile, TableProfile
from runwatch.judge.drift.column_pair import ColumnPair, paired
from runwatch.judge.drift.days import MIN_DAYS, DayComparison, compare_with_days
from runwatch.judge.drift.evidence import (
    GONE,
    NESTED,
    NESTED_TYPES,
    NO_VALUES,
    ColumnEvidence,
    DriftTest,
    examine,
    smallest_visible,
    unit_factor,
    visible_in_levels,
)
from runwatch.judge.metrics.adjust import benjamini_hochberg

RANK: dict[DriftVerdict, int] = {"unknown": 0, "stable": 1, "warning": 2, "drifted": 3}


class Decision(msgspec.Struct, frozen=True):
    """The verdict on one column."""

    verdict: DriftVerdict
    evidence: ColumnEvidence
    deciding: DriftTest | None
    """The test that made it, or the values' own test where nothing was called."""
    sure: tuple[DriftTest, ...]
    """The tests that were significant."""
    p_adjusted: float | None
    smallest_visible: float | None
    held_back: bool = False
    """Significant in the rows, but no more than the reference's days differ among themselves."""
    unit: float | None = None
    among: DayComparison | None = None
    """How the batch stands among those days."""

    @property
    def effect(self) -> float | None:
        return self.deciding.effect if self.deciding else None


def decide(
    reference: TableProfile,
    current: TableProfile,
    options: DriftOptions,
    days: Sequence[NamedProfile] = (),
    recent: Sequence[NamedProfile] = (),
) -> list[Decision]:
    """One decision a column of the grid, in its order. ``days``: the reference's files, of use from eight on;
    ``recent``: the batches up to the newest, oldest first, for the day rule."""
    pairs = paired(reference, current)
    why = _absent(reference, current)
    evidence = [
        ColumnEvidence((), why[pair.column.name]) if pair.column.name in why else examine(pair, options)
        for pair in pairs
    ]
    known = [e.p_value for e in evidence if e.p_value is not None]
    adjusted = iter(benjamini_hochberg([min(1.0, p * options.tests) for p in known]))
    limit = _limit(known, options)
    rows_only = [
        _decision(pair, e, None if e.p_value is None else next(adjusted), limit, len(known), options)
        for pair, e in zip(pairs, evidence, strict=True)
    ]
    if len(days) < MIN_DAYS or not recent:
        return rows_only
    return _among_days(rows_only, reference, options, days, recent)


def _absent(reference: TableProfile, current: TableProfile) -> dict[str, str]:
    """Why columns of the grid cannot be compared, where more can be said than that they have no rows."""
    if not current.rows:
        return {column.name: "the batch has no rows" for column in current.grid.columns}
    twice = "its name occurs more than once in the batch"
    return {
        **_nested_once(reference, current),
        **{name: twice for name, type_ in current.schema if type_ == DUPLICATE},
    }


def _nested_once(reference: TableProfile, current: TableProfile) -> dict[str, str]:
    """Columns that are nested on one side and text on the other that spells no nested values, and what is
    below them."""
    before, now = _nested(reference), _nested(current)
    out: dict[str, str] = {}
    for name in before.keys() & now.keys():
        if before[name] == now[name]:
            continue
        sides = ("nested in the reference and text", "text in the reference and nested")
        why = f"{name} is {sides[now[name]]} in the batch: write both nested (Parquet, JSON lines)"
        below = (one.name for one in reference.grid.columns if one.name.startswith(f"{name}."))
        seen = {column for column, _ in current.schema}
        out[name] = why
        out.update((one, why) for one in below if one not in seen)
    return out


def _nested(profile: TableProfile) -> dict[str, bool]:
    """Which columns are nested and which are text, by the types found."""
    types = {name: type_.removeprefix(GUESSED) for name, type_ in profile.schema}
    text = ("string", "large_string", "dictionary<")
    return {n: t.startswith(NESTED_TYPES) for n, t in types.items() if t.startswith((*NESTED_TYPES, *text))}


def _limit(p_values: list[float], options: DriftOptions) -> float:
    """The raw p up to which Benjamini-Hochberg rejects; below 0 when it rejects none."""
    adjusted = benjamini_hochberg([min(1.0, p * options.tests) for p in p_values])
    return _critical(adjusted, options.q) / options.tests


def _critical(adjusted: Sequence[float], q: float) -> float:
    """q times the share of rejections; below 0 when there are none."""
    rejected = sum(p <= q for p in adjusted)
    return q * rejected / len(adjusted) if rejected else -1.0


def _decision(
    pair: ColumnPair,
    evidence: ColumnEvidence,
    adjusted: float | None,
    limit: float,
    columns: int,
    options: DriftOptions,
) -> Decision:
    n, m = (pair.reference.rows, pair.current.rows) if evidence.note else (pair.n, pair.m)
    design = pair.missing_design if evidence.note else pair.design
    visible = smallest_visible(n, m, columns, options, design)
    if visible is not None and pair.column.words is not None and not evidence.note:
        levels = len(pair.levels[0])
        visible = min(visible, visible_in_levels(levels, n, m, columns, options, design) or visible)
    if not evidence.tests:
        gone = evidence.reason == GONE and pair.column.role == "feature"
        return Decision(
            "drifted" if gone else "unknown",
            evidence=evidence,
            deciding=None,
            sure=(),
            p_adjusted=None,
            smallest_visible=visible,
        )
    sure = tuple(t for t in evidence.tests if t.p_value * len(evidence.tests) <= limit)
    moved = any(t.subject == "distribution" for t in sure)
    unit = unit_factor(pair.column, pair.reference, pair.current) if moved else None
    return _called(evidence, sure, adjusted, visible, options, unit)


def _called(
    evidence: ColumnEvidence,
    sure: tuple[DriftTest, ...],
    adjusted: float | None,
    visible: float | None,
    options: DriftOptions,
    unit: float | None,
    held_back: bool = False,
) -> Decision:
    worst = max(sure, key=lambda t: (RANK[t.level], t.effect / t.levels[1]), default=None)
    verdict: DriftVerdict = worst.level if worst else "stable"
    if unit is not None:
        verdict, worst = "drifted", next(t for t in sure if t.subject == "distribution")
    if verdict == "stable":
        worst = _own(evidence)
        blind = evidence.note != NESTED and (visible is None or visible > options.visible)
        if not sure and not held_back and blind:
            verdict = "unknown"
        if evidence.note in NO_VALUES and not sure:
            verdict = "unknown"
    return Decision(
        verdict,
        evidence=evidence,
        deciding=worst,
        sure=sure,
        p_adjusted=adjusted,
        smallest_visible=visible,
        held_back=held_back,
        unit=unit,
    )


def _own(evidence: ColumnEvidence) -> DriftTest | None:
    """The test of the values themselves, else the first."""
    of_values = [t for t in evidence.tests if t.subject in ("distribution", "length")]
    return of_values[0] if of_values else evidence.tests[0] if evidence.tests else None


def _among_days(
    decisions: list[Decision],
    reference: TableProfile,
    options: DriftOptions,
    days: Sequence[NamedProfile],
    recent: Sequence[NamedProfile],
) -> list[Decision]:
    """Keeps only those tests that the day rule confirms, Benjamini-Hochberg at ``day_q`` over all columns;
    a column that the rows did not call counts as a p of 1."""
    chances: list[float] = []
    judged: list[dict[str, DayComparison]] = []
    for index, decision in enumerate(decisions):
        by_subject: dict[str, DayComparison] = {}
        if decision.verdict in ("warning", "drifted"):
            by_subject = {
                t.subject: compare_with_days(reference, days, recent, index, t.subject) for t in decision.sure
            }
        judged.append(by_subject)
        least = min((one.p_value for one in by_subject.values()), default=1.0)
        chances.append(min(1.0, len(by_subject) * least) if by_subject else 1.0)
    adjusted = benjamini_hochberg(chances)
    limit = _critical(adjusted, options.day_q)
    out: list[Decision] = []
    for decision, by_subject in zip(decisions, judged, strict=True):
        if not by_subject:
            out.append(decision)
            continue
        sure = tuple(t for t in decision.sure if by_subject[t.subject].p_value * len(by_subject) <= limit)
        unit = decision.unit if any(t.subject == "distribution" for t in sure) else None
        made = _called(
            decision.evidence, sure, decision.p_adjusted, decision.smallest_visible, options, unit, not sure
        )
        deciding = made.deciding.subject if made.deciding else ""
        decisive = by_subject.get(deciding) or min(by_subject.values(), key=lambda one: one.p_value)
        out.append(replace(made, among=decisive))
    return out
