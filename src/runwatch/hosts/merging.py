"""Here: several machines' snapshots as one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from msgspec.structs import replace

from runwatch.domain.finding import SEVERITIES, Finding
from runwatch.domain.hosts import HostLink
from runwatch.domain.situation import Situation, Snapshot, WatchState
from runwatch.hosts.snapshot_diff import Key
from runwatch.system.identity import host_name


def merged(
    version: int,
    now: float,
    local: Snapshot | None,
    others: Sequence[Snapshot],
    links: Sequence[HostLink],
    last_seen: float | None = None,
) -> Snapshot:
    """One snapshot over all of them; what is this machine's stays its own."""
    every = [*([local] if local else []), *others]
    findings = sorted(chain.from_iterable(s.findings for s in every), key=_order)
    return Snapshot(
        version=version,
        situation=_situation(now, local, others),
        findings=tuple(findings),
        tasks=_joined([s.tasks for s in every]),
        watch=_watch(local, others, links),
        looked=local.looked if local else last_seen,
        assumptions=tuple(chain.from_iterable(s.assumptions for s in every)),
        bell=local.bell if local else "",
        overlooked=tuple(chain.from_iterable(s.overlooked for s in every)),
    )


def _situation(now: float, local: Snapshot | None, others: Sequence[Snapshot]) -> Situation:
    every = [*([local.situation] if local else []), *(s.situation for s in others)]
    runs = sorted(
        chain.from_iterable(s.runs for s in every), key=lambda run: (-(run.updated or 0.0), run.root, run.id)
    )
    here = local.situation if local else Situation(now=now, host=host_name())
    return replace(
        here,
        now=now,
        roots=tuple(chain.from_iterable(s.roots for s in every)),
        runs=tuple(runs),
        health=_joined([s.health for s in every]),
        outlooks=_joined([s.outlooks for s in every]),
        baselines=_joined([s.baselines for s in every]),
        comparisons=_joined([s.comparisons for s in every]),
        predictions=_joined([s.predictions for s in every]),
        data=tuple(chain.from_iterable(s.data for s in every)),
        problems=tuple(chain.from_iterable(s.problems for s in every)),
        unreadable=_joined([s.unreadable for s in every]),
        unjudged=tuple(chain.from_iterable(s.unjudged for s in every)),
        machines={s.situation.host: s.situation.machine for s in others if s.situation.machine is not None},
    )


def _watch(local: Snapshot | None, others: Sequence[Snapshot], links: Sequence[HostLink]) -> WatchState:
    every = [*([local.watch] if local else []), *(s.watch for s in others)]
    live = [one for one in every if one.phase == "live"]
    reading = [one.reading for one in every if one.phase == "reading"]
    return WatchState(
        phase="live" if live and not reading else "reading" if reading else "starting",
        reading=(sum(done for done, _ in reading), sum(total for _, total in reading)),
        modes=_joined([one.modes for one in every]),
        marks=tuple(chain.from_iterable(one.marks for one in every)),
        scanned=max((one.scanned for one in every if one.scanned is not None), default=None),
        trouble=next((one.trouble for one in every if one.trouble), ""),
        hosts=tuple(links),
        degraded=tuple(chain.from_iterable(one.degraded for one in every)),
        since=_joined([one.since for one in every]),
        waiting=tuple(dict.fromkeys(chain.from_iterable(one.waiting for one in every))),
    )


def _joined(parts: Sequence[Any]) -> dict[Key, Any]:
    return {key: value for part in parts for key, value in part.items()}


def _order(finding: Finding) -> int:
    return -SEVERITIES.index(finding.severity)
