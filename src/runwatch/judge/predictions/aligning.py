"""The guards before comparing: which rows of both sides are the same case."""

from __future__ import annotations

import re

import msgspec
import numpy as np
from msgspec.structs import replace

from runwatch.domain.points import IntArray
from runwatch.domain.predictions import Coded, Column, PredictionRows
from runwatch.judge.predictions.labels import canonical, coded, is_missing, same_values
from runwatch.text.units import plural

_BEGINS_WITH_YEAR = re.compile(r"\d{4}[-/.]")


class RowAlignment(msgspec.Struct, frozen=True, eq=False):
    """Which rows of two sides belong together."""

    baseline: IntArray
    """Row numbers that stand side by side with the candidate's (paired), or that count at all."""
    candidate: IntArray
    paired: bool
    notes: tuple[str, ...] = ()
    refusal: str = ""
    """Why the sides cannot be compared; then nothing else holds."""


def align(baseline: PredictionRows, candidate: PredictionRows) -> RowAlignment:
    """Rows joined by key where both have one, else by position where length and truth are the same, else
    not paired. Rows without a truth are left out."""
    for who, side in (("baseline", baseline), ("candidate", candidate)):
        if not len(side):
            nothing = np.empty(0, dtype=np.int64)
            return RowAlignment(
                nothing, candidate=nothing, paired=False, notes=(), refusal=f"the {who} has no rows"
            )
    if baseline.key is not None and candidate.key is not None:
        alignment = _by_key(baseline, candidate)
    elif len(baseline) == len(candidate):
        rows = np.arange(len(baseline))
        alignment = RowAlignment(rows, rows, True)
    else:
        note = f"{len(candidate):,} candidate and {len(baseline):,} baseline rows and no key: not paired"
        alignment = RowAlignment(np.arange(len(baseline)), np.arange(len(candidate)), False, (note,))
    return (
        alignment
        if alignment.refusal
        else _same_truth(_labelled(alignment, baseline, candidate), baseline, candidate)
    )


def _by_key(baseline: PredictionRows, candidate: PredictionRows) -> RowAlignment:
    assert baseline.key is not None and candidate.key is not None
    nothing = np.empty(0, dtype=np.int64)
    codes_a, codes_b = canonical([baseline.key, candidate.key])
    for who, codes in (("baseline", codes_a), ("candidate", codes_b)):
        known = codes[codes >= 0]
        doubled = len(known) - int(np.count_nonzero(np.bincount(known)))
        if doubled:
            reason = f"{plural(doubled, 'duplicate key')} in the {who}: a key must name one row"
            return RowAlignment(nothing, candidate=nothing, paired=False, notes=(), refusal=reason)
    place = np.full(int(max(codes_a.max(initial=-1), codes_b.max(initial=-1))) + 1, -1, dtype=np.int64)
    place[codes_a[codes_a >= 0]] = np.flatnonzero(codes_a >= 0)
    matches = np.where(codes_b >= 0, place[codes_b], -1) if len(place) else np.full(len(codes_b), -1)
    rows_b = np.flatnonzero(matches >= 0)
    if not len(rows_b):
        shown = f"(baseline: {_example(baseline.key)}; candidate: {_example(candidate.key)})"
        return RowAlignment(
            nothing, candidate=nothing, paired=False, notes=(), refusal=f"no key is on both sides {shown}"
        )
    only_a, only_b = len(codes_a) - len(rows_b), len(codes_b) - len(rows_b)
    note = f"{len(rows_b):,} rows joined by key; only candidate: {only_b:,}, only baseline: {only_a:,}"
    return RowAlignment(matches[rows_b], rows_b, True, (note,) if only_a or only_b else ())


def in_time_order(
    alignment: RowAlignment, baseline: PredictionRows, candidate: PredictionRows
) -> RowAlignment:
    """Rows that were joined by key in the order of the key, where it is a number or begins with a year: what
    neighbouring rows have in common enters the variance of a forecast."""
    if baseline.key is None or candidate.key is None:
        return alignment
    if not _is_in_time_order(candidate.key):
        if not (np.diff(alignment.baseline) < 0).any():
            return alignment
        note = "the key gives no order in time: rows are taken in the candidate's order"
        return replace(alignment, notes=(*alignment.notes, note))
    ((codes,), _) = coded([candidate.key])
    order = np.argsort(codes[alignment.candidate], kind="stable")
    return replace(alignment, baseline=alignment.baseline[order], candidate=alignment.candidate[order])


def _is_in_time_order(key: Column) -> bool:
    return not isinstance(key, Coded) or all(_BEGINS_WITH_YEAR.match(label) for label in key.labels)


def _example(key: Column) -> str:
    first = next(iter(key.labels), "-") if isinstance(key, Coded) else str(key[0]) if len(key) else "-"
    return f"such as {first}"


def _labelled(alignment: RowAlignment, baseline: PredictionRows, candidate: PredictionRows) -> RowAlignment:
    lost_a = is_missing(baseline.truth)[alignment.baseline]
    lost_b = is_missing(candidate.truth)[alignment.candidate]
    if alignment.paired:
        lost_a = lost_b = lost_a | lost_b
    if not lost_a.any() and not lost_b.any():
        return alignment
    count = int(max(np.count_nonzero(lost_a), np.count_nonzero(lost_b)))
    kept_a, kept_b = alignment.baseline[~lost_a], alignment.candidate[~lost_b]
    note = f"{plural(count, 'row')} without a truth left out"
    refusal = "" if len(kept_a) and len(kept_b) else "no row has a truth"
    return RowAlignment(
        kept_a, candidate=kept_b, paired=alignment.paired, notes=(*alignment.notes, note), refusal=refusal
    )


def _same_truth(alignment: RowAlignment, baseline: PredictionRows, candidate: PredictionRows) -> RowAlignment:
    if not alignment.paired or alignment.refusal:
        return alignment
    same = same_values(baseline.truth, alignment.baseline, candidate.truth, alignment.candidate)
    differ = int(np.count_nonzero(~same))
    if not differ:
        return alignment
    share = f"{differ:,} of {plural(len(same), 'row')}"
    note = f"the truth differs in {share}: the paired test is refused, intervals are unpaired"
    return RowAlignment(alignment.baseline, alignment.candidate, False, (*alignment.notes, note))
