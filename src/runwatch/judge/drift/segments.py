"""Drift within each segment, corrected for how many segments are looked at."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from runwatch.domain.drift import DriftReport
from runwatch.domain.profile import DriftOptions, NamedProfile, TableProfile, empty_profile
from runwatch.judge.drift.report import report
from runwatch.judge.drift.verdicts import RANK

MIN_ROWS = 30


def segment_reports(
    by: str,
    reference: Mapping[str, TableProfile],
    current: Mapping[str, TableProfile],
    options: DriftOptions | None = None,
) -> list[tuple[str, DriftReport]]:
    """One report a segment ("region = south"), worst first. Every p-value is multiplied by the number of
    segments that have 30 rows on both sides; the rest are ``unknown``."""
    base = options or DriftOptions()
    values = sorted({*reference, *current})
    judged = [v for v in values if _rows(reference, v) >= MIN_ROWS and _rows(current, v) >= MIN_ROWS]
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
