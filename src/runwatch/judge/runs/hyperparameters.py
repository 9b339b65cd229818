"""How the hyperparameters of runs differ, as text for people."""

from __future__ import annotations

from operator import itemgetter

from runwatch.domain.hyperparameters import settings_of
from runwatch.domain.run import Run
from runwatch.text.safe import safe

_MOST = 500
_WIDTH = 60


def as_text(value: object) -> str:
    """A value for people, one line: 0.001, adam, [1, 2], "–" for none."""
    if value is None:
        return "–"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return safe(text, _WIDTH)


def differences(
    baseline: tuple[Run, ...], candidate: tuple[Run, ...]
) -> tuple[tuple[str, object, object], ...]:
    """(name, baseline, candidate) of each setting that people would see differ, at most 500; "varies" within
    a group, None where a side has none. Two groups whose values vary alike do not differ."""
    sides = [[settings_of(run) for run in runs] for runs in (baseline, candidate)]
    names = dict.fromkeys(name for runs in (sides[1], sides[0]) for settings in runs for name in settings)
    out = []
    for name in names:
        a, b = (_common(runs, name) for runs in sides)
        if as_text(a) != as_text(b):
            out.append((safe(name), a, b))
    return tuple(sorted(out, key=itemgetter(0))[:_MOST])


def _common(runs: list[dict[str, object]], name: str) -> object:
    values = {as_text(value): value for settings in runs for value in (settings.get(name),)}
    return next(iter(values.values())) if len(values) == 1 else "varies"
