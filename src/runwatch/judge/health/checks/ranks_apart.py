"""The ranks of a distributed run no longer do the same."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from runwatch.domain.health import HealthSign
from runwatch.judge.health.base import CurveView, RunCheck
from runwatch.judge.health.roles import rank_of
from runwatch.judge.health.trace import Trace
from runwatch.judge.health.windows import median
from runwatch.text.safe import safe
from runwatch.text.units import number

_BLOCKS = 24
_APART, _ERRORS = 0.2, 6.0
_BEHIND, _BEHIND_POINTS = 0.1, 20


class RanksApart(RunCheck):
    """Of one loss written by several ranks: one is behind by a tenth of the run and 20 points, or its level
    over the last quarter is off the ranks' median by 20% and six standard errors."""

    NAME: ClassVar[str] = "ranks-apart"

    def signs(self, curves: Mapping[str, CurveView]) -> list[HealthSign]:
        groups: dict[str, list[tuple[int, CurveView, Trace]]] = {}
        for tag, view in curves.items():
            rank = rank_of(tag)
            if rank is not None and view.role in ("train", "validation") and view.trace is not None:
                groups.setdefault(rank[0], []).append((rank[1], view, view.trace))
        signs = []
        for members in groups.values():
            if len(members) > 1:
                signs += _behind(members) or _off_level(members)
        return signs


def _behind(members: list[tuple[int, CurveView, Trace]]) -> list[HealthSign]:
    ahead = max(trace.last_step or 0 for _, _, trace in members)
    most = max(trace.count for _, _, trace in members)
    signs = []
    for rank, view, trace in members:
        last = trace.last_step or 0
        if ahead - last > _BEHIND * abs(ahead) and most - trace.count > _BEHIND_POINTS:
            summary = f"rank {rank} is at step {last}, the others at {ahead}"
            evidence = {"rank": rank, "step": last, "others": ahead, "why": "behind"}
            signs.append(
                HealthSign(
                    "ranks-apart",
                    severity="warning",
                    tag=view.tag,
                    first_step=last,
                    last_step=ahead,
                    summary=summary,
                    evidence=evidence,
                )
            )
    return signs


def _off_level(members: list[tuple[int, CurveView, Trace]]) -> list[HealthSign]:
    if len(members) < 3 or min(trace.filled for _, _, trace in members) < _BLOCKS:
        return []
    quarters = [trace.means[-(trace.filled // 4) :] for _, _, trace in members]
    levels = np.array([median(quarter) for quarter in quarters])
    middle = median(levels)
    signs = []
    for (rank, view, trace), quarter, level in zip(members, quarters, levels, strict=True):
        noise = 1.4826 * median(np.abs(np.diff(quarter))) / math.sqrt(2)
        error = math.sqrt(2) * 1.2533 * noise / math.sqrt(len(quarter))
        if abs(level - middle) > max(_APART * abs(middle), _ERRORS * error):
            summary = (
                f"rank {rank}: {safe(view.tag)} is {number(float(level))}, the ranks' median {number(middle)}"
            )
            first = int(trace.steps[-len(quarter)])
            evidence = {"rank": rank, "level": float(level), "median": middle, "why": "level"}
            signs.append(
                HealthSign(
                    "ranks-apart",
                    severity="info",
                    tag=view.tag,
                    first_step=first,
                    last_step=trace.last_step,
                    summary=summary,
                    evidence=evidence,
                )
            )
    return signs
