"""What a root's runs are compared against: pinned, configured, or assumed from a name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from functools import lru_cache

from runwatch.config.settings import Settings
from runwatch.domain.comparison import Baseline
from runwatch.domain.run import Run
from runwatch.store.state import Pin
from runwatch.text.units import iso

_NAMES = re.compile(r"(^|[/_.\-])(baseline|champion|production|prod|reference)([/_.\-]|$)", re.IGNORECASE)


def baseline_of(root: str, settings: Settings, pin: Pin | None, runs: Sequence[Run]) -> Baseline | None:
    """A pin wins over ``[baseline]``, that over the one run whose name says that it is the baseline."""
    if pin is not None:
        day = (iso(pin.at) or "")[:10]
        return Baseline(
            "run", name=pin.run, source=f"pinned {day}", since=pin.at, reason=pin.reason, origin="pinned"
        )
    setting = settings.baseline
    source = settings.file or "configuration"
    if setting.run is not None:
        return Baseline("run", _as_id(setting.run, root, settings), source)
    if setting.group is not None:
        return Baseline("group", _as_id(setting.group, root, settings), source)
    if setting.metrics is not None:
        return Baseline("metrics", settings.path(setting.metrics), source)
    return _assumed(runs)


def expects_baseline(settings: Settings, pin: Pin | None, ids: Iterable[str]) -> bool:
    """Whether a baseline is named, or one of the runs may be taken for it once it has been read."""
    setting = settings.baseline
    named = (pin, setting.run, setting.group, setting.metrics)
    return any(one is not None for one in named) or any(map(_says_baseline, ids))


def _assumed(runs: Sequence[Run]) -> Baseline | None:
    """The one run that is called a baseline, or several that differ only in a number: its seeds."""
    named = [run.id for run in runs if _says_baseline(run.id) and run.metrics]
    if len(named) == 1:
        return Baseline("run", named[0], "assumed: its name says so", origin="assumed")
    globs = {re.sub(r"\d+", "*", run_id) for run_id in named}
    if len(globs) == 1:
        return Baseline("group", globs.pop(), f"assumed: {len(named)} runs have that name", origin="assumed")
    return None


@lru_cache(maxsize=1 << 16)
def _says_baseline(run_id: str) -> bool:
    """Asked of every run at every change of one."""
    return _NAMES.search(run_id) is not None


def _as_id(name: str, root: str, settings: Settings) -> str:
    """A run as the configuration names it, as an id below the root."""
    path = settings.path(name)
    prefix = root.rstrip("/") + "/"
    return path[len(prefix) :] if path.startswith(prefix) else name


def members(baseline: Baseline, runs: Sequence[Run]) -> tuple[Run, ...]:
    """The runs that a baseline names: one, or the group that its glob matches."""
    if baseline.kind == "run":
        exact = [run for run in runs if run.id == baseline.name]
        return tuple(exact or [run for run in runs if run.id.endswith("/" + baseline.name)][:1])
    if baseline.kind == "group":
        return tuple(run for run in runs if fnmatch(run.id, baseline.name))
    return ()
