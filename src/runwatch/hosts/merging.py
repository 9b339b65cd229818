"""Here: several machines' snapshots as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec
from msgspec.structs import replace

from runwatch.domain.finding import rank
from runwatch.domain.run import newest_first
from runwatch.domain.situation import HostLink, Situation, Snapshot, WatchState
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
    here = local or Snapshot(version, Situation(now=now, host=host_name()), (), {}, looked=last_seen)
    every = [here, *others]
    together = _together(every)
    together["findings"] = tuple(sorted(together["findings"], key=lambda finding: -rank(finding.severity)))
    together["situation"] = _situation(now, [one.situation for one in every])
    together["watch"] = _watch([one.watch for one in every], links)
    return replace(here, version=version, **together)


def _together(parts: Sequence[msgspec.Struct]) -> dict[str, Any]:
    """The fields of one kind of record that hold tables or lists, with what all ``parts`` have in them."""
    together: dict[str, Any] = {}
    for name in parts[0].__struct_fields__:
        values = [getattr(part, name) for part in parts]
        if isinstance(values[0], Mapping):
            together[name] = {key: value for table in values for key, value in table.items()}
        elif isinstance(values[0], tuple):
            together[name] = tuple(chain.from_iterable(values))
    return together


def _situation(now: float, every: Sequence[Situation]) -> Situation:
    here, *others = every
    together = _together(every)
    together["runs"] = tuple(sorted(together["runs"], key=newest_first))
    together["machines"] = {one.host: one.machine for one in others if one.machine is not None}
    return replace(here, now=now, **together)


def _watch(every: Sequence[WatchState], links: Sequence[HostLink]) -> WatchState:
    live = any(one.phase == "live" for one in every)
    reading = [one.reading for one in every if one.phase == "reading"]
    together = _together(every)
    together["reading"] = sum(done for done, _ in reading), sum(total for _, total in reading)
    together["waiting"] = tuple(dict.fromkeys(together["waiting"]))
    return WatchState(
        **together | {"hosts": tuple(links)},
        phase="reading" if reading else "live" if live else "starting",
        scanned=max((one.scanned for one in every if one.scanned is not None), default=None),
        trouble=next((one.trouble for one in every if one.trouble), ""),
    )
