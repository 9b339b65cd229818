"""A batch against its reference: every column's verdict with its figures, most consequential first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial, reduce

import numpy as np
from msgspec.structs import replace

from runwatch.domain.drift import Batch, ColumnDrift, DriftReport, DriftVerdict, Multivariate
from runwatch.domain.empty_words import one_segment, without_empty_words
from runwatch.domain.profile import DriftOptions, NamedProfile, TableProfile, empty_profile, merge
from runwatch.domain.run import Problem
from runwatch.judge.drift.column_pair import ColumnPair, paired
from runwatch.judge.drift.daymodel import WEEKS_FROM
from runwatch.judge.drift.days import MIN_DAYS
from runwatch.judge.drift.measures import figures, measures
from runwatch.judge.drift.sentences import reason, sentence
from runwatch.judge.drift.verdicts import RANK, Decision, decide

MAX_NEW = 20
SEGMENT_ROWS = 30
"""Rows on each side that a segment needs to be judged."""


def report(
    reference: TableProfile,
    current: Sequence[NamedProfile],
    options: DriftOptions | None = None,
    *,
    days: Sequence[NamedProfile] = (),
    earlier: Sequence[NamedProfile] = (),
    reference_files: int = 1,
    current_files: int | None = None,
    batches: Sequence[Batch] = (),
    problems: Sequence[Problem] = (),
    multivariate: Multivariate | None = None,
) -> DriftReport:
    """The rows of ``current`` (pooled) against ``reference``, both on one grid. ``days``: the reference's
    files one by one; ``earlier``: batches before these, oldest first, which the day rule may look back on.
    Nothing raises: what cannot be judged is ``unknown`` with its reason."""
    options = options or DriftOptions()
    reference, (current, days, earlier) = without_empty_words(reference, current, days, earlier)
    importance, usual = _importance(options, multivariate)
    pooled = reduce(merge, (one.profile for one in current), empty_profile(reference.grid))
    decisions = decide(reference, pooled, options, days, [*earlier, *current])
    pairs = paired(reference, pooled)
    columns = [
        _column(pairs[i], decisions[i], importance.get(grid.name), len(days))
        for i, grid in enumerate(reference.grid.columns)
    ]
    columns.extend(_unjudged(reference, pooled))
    judged = [column for column in columns if column.verdict != "unknown"]
    return DriftReport(
        verdict=_overall(judged, multivariate),
        share_drifted=sum(c.verdict == "drifted" for c in judged) / len(judged) if judged else None,
        reference_files=reference_files,
        reference_rows=reference.rows,
        current_files=len(current) if current_files is None else current_files,
        current_rows=pooled.rows,
        columns=tuple(sorted(columns, key=partial(_consequence, usual=usual))),
        multivariate=multivariate,
        batches=tuple(batches),
        problems=tuple(problems),
        note=_note(days),
    )


def _overall(judged: Sequence[ColumnDrift], together: Multivariate | None) -> DriftVerdict:
    """The worst of the columns and of all columns together, which may move while no single one does."""
    verdicts = [column.verdict for column in judged]
    if together is not None:
        verdicts.append(together.verdict)
    return max(verdicts, key=RANK.__getitem__, default="unknown")


def _importance(
    options: DriftOptions, multivariate: Multivariate | None
) -> tuple[Mapping[str, float], float]:
    """(importance by column, that of a column without one): as given, the median standing in for the rest;
    else how much a column gives the batch away to the domain classifier; else all the same."""
    if options.importance:
        return options.importance, float(np.median(list(options.importance.values())))
    if multivariate is not None and multivariate.top_features:
        return dict(multivariate.top_features), 0.0
    return {}, 1.0


def _consequence(column: ColumnDrift, usual: float) -> tuple[float, ...]:
    """Sorts the column to look at first to the front: verdict, then effect times importance."""
    weight = usual if column.importance is None else column.importance
    return (-RANK[column.verdict], -(column.effect or 0.0) * weight, -(column.effect or 0.0))


def _note(days: Sequence[NamedProfile]) -> str:
    if len(days) >= MIN_DAYS:
        message = f"judged against the spread of {len(days)} reference files"
        dated = all(day.day is not None for day in days)
        early = dated and len(days) < WEEKS_FROM
        return f"{message}; weekdays can be told apart from {WEEKS_FROM} on" if early else message
    return "baseline still learning: 8 or more reference files are needed to account for day-to-day spread"


def _column(pair: ColumnPair, decision: Decision, importance: float | None, days: int) -> ColumnDrift:
    column, ref, cur = pair.column, pair.reference, pair.current
    shown = dict.fromkeys(measures()) if decision.evidence.note else figures(pair)
    test = decision.deciding
    return ColumnDrift(
        name=column.name,
        kind=column.kind,
        verdict=decision.verdict,
        reason=reason(pair, decision, days),
        method=test.method if test else "none",
        effect=decision.effect,
        p_value=decision.evidence.p_value,
        p_adjusted=decision.p_adjusted,
        missing_reference=ref.missing_share,
        missing_current=cur.missing_share,
        new_categories=_new(pair),
        reference_n=pair.n if pair.column.bins else ref.n,
        current_n=pair.m if pair.column.bins else cur.n,
        smallest_visible=decision.smallest_visible,
        sentence=sentence(pair, decision),
        role=column.role,
        importance=importance,
        kind_guessed=column.guessed,
        measures=shown,
    )


def _new(pair: ColumnPair) -> tuple[str, ...]:
    """Categories that the reference does not have, most frequent first; none where its own tail is open."""
    if pair.column.words is None or (pair.reference.counts[-1] and not pair.column.open):
        return ()
    ranked = sorted(pair.current.others.items(), key=lambda item: (-item[1], item[0]))
    return tuple(word for word, _ in ranked[:MAX_NEW])


def _unjudged(reference: TableProfile, current: TableProfile) -> list[ColumnDrift]:
    """Columns that cannot be judged at all: names that occur twice, and columns only the batch has."""
    twice = reference.grid.duplicates
    seen = {column.name for column in reference.grid.columns} | {name for name, _ in reference.schema}
    fresh = [name for name, _ in current.schema if name not in seen and name not in twice]
    reasons = dict.fromkeys(twice, "its name occurs more than once") | dict.fromkeys(
        fresh, "not in the reference"
    )
    none = dict.fromkeys(measures())
    return [
        ColumnDrift(name, kind="constant", verdict="unknown", reason=why, method="none", measures=none)
        for name, why in reasons.items()
    ]


def segment_reports(
    by: str,
    reference: Mapping[str, TableProfile],
    current: Mapping[str, TableProfile],
    options: DriftOptions | None = None,
) -> list[tuple[str, DriftReport]]:
    """One report a segment ("region = south"), worst first. Every p-value is multiplied by the number of
    segments that have 30 rows on both sides; the rest are ``unknown``."""
    base = options or DriftOptions()
    reference, current = one_segment(reference, current)
    values = sorted({*reference, *current})
    judged = [v for v in values if _rows(reference, v) >= SEGMENT_ROWS and _rows(current, v) >= SEGMENT_ROWS]
    inner = replace(base, tests=base.tests * max(len(judged), 1))
    out: list[tuple[str, DriftReport]] = []
    for value in values:
        known = reference.get(value) or current.get(value)
        assert known is not None
        before = reference.get(value) or empty_profile(known.grid)
        now = current.get(value) or empty_profile(known.grid)
        if value not in judged:
            now = empty_profile(known.grid)
        named = NamedProfile(value, now)
        out.append((f"{by} = {value}", report(before, [named], inner)))
    return sorted(out, key=lambda pair: (-RANK[pair[1].verdict], -(pair[1].share_drifted or 0.0)))


def _rows(profiles: Mapping[str, TableProfile], value: str) -> int:
    profile = profiles.get(value)
    return profile.rows if profile is not None else 0
