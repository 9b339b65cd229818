"""Many runs in one table, ranked."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from runwatch.domain.comparison import CompareOptions, RunRow, RunTable
from runwatch.domain.directions import direction_of, is_placeholder, judged
from runwatch.domain.hyperparameters import settings_of
from runwatch.domain.run import Direction, Run
from runwatch.judge.runs.comparing import Series, shown_tags, value_of
from runwatch.judge.runs.hyperparameters import as_text
from runwatch.judge.runs.primary import choose_primary, match


def rank_runs(
    runs: Sequence[Run],
    metric: str | None,
    series: Series,
    options: CompareOptions,
    step: int | None = None,
    tags: Sequence[str] | None = None,
) -> RunTable:
    """``runs`` ranked by ``metric`` (None: the primary one) at its last or best value, or the last not past
    ``step``. ``tags``: metric columns, default all that have a direction, in the runs' order. Runs without a
    finite value come last, unranked."""
    columns = list(tags) if tags is not None else _columns(runs, options)
    chosen = metric or _main(runs, columns, options)
    if chosen is not None and chosen not in columns:
        columns.insert(0, chosen)
    direction = _direction(runs, chosen, options)
    names, differing = _settings(runs)
    rows = [_row(run, chosen, columns, names, step, series, options) for run in runs]
    rows.sort(key=lambda row: _order(row, direction))
    ranked = [_ranked(row, place) for place, row in enumerate(rows, 1)]
    at = f"step {step}" if step is not None else options.at
    return RunTable(
        chosen,
        direction=direction,
        at=at,
        metrics=tuple(columns),
        hparams=names,
        differing=differing,
        rows=tuple(ranked),
    )


def _main(runs: Sequence[Run], columns: Sequence[str], options: CompareOptions) -> str | None:
    """The main metric of most runs; of equally many the one of the first run."""
    mains = Counter(run.main for run in runs if run.main in columns)
    most = mains.most_common(1)
    directions = {tag: _direction(runs, tag, options) for tag in columns}
    return choose_primary(directions, options.primary, most[0][0] if most else None)


def _columns(runs: Sequence[Run], options: CompareOptions) -> list[str]:
    tags: dict[str, None] = {}
    for run in runs:
        for tag, metric in run.metrics.items():
            stated = direction_of(tag, metric.direction, options.directions.get(tag))
            if metric.hidden or is_placeholder(tag) or stated is None or not judged(tag):
                continue
            if match(tag, [name for name in tags if name not in run.metrics]) is None:
                tags[tag] = None
    return list(tags)


def _direction(runs: Sequence[Run], tag: str | None, options: CompareOptions) -> Direction:
    if tag is None:
        return None
    owners = ((run, match(tag, shown_tags(run))) for run in runs)
    stated = next((run.metrics[own].direction for run, own in owners if own is not None), None)
    return direction_of(tag, stated, options.directions.get(tag))


def _settings(runs: Sequence[Run]) -> tuple[tuple[str, ...], int]:
    """(names of all settings, those that differ first; how many differ)."""
    every = [settings_of(run) for run in runs]
    names = dict.fromkeys(name for settings in every for name in settings)
    varied = [name for name in names if len({as_text(settings.get(name)) for settings in every}) > 1]
    same = [name for name in names if name not in set(varied)]
    return (*varied, *same), len(varied)


def _row(
    run: Run,
    chosen: str | None,
    columns: Sequence[str],
    names: Sequence[str],
    step: int | None,
    series: Series,
    options: CompareOptions,
) -> RunRow:
    settings = settings_of(run)
    own = shown_tags(run)
    spelled = {tag: tag if tag in run.metrics else match(tag, own) for tag in columns}
    values = {
        tag: None if name is None else value_of(run, name, step, series, options)
        for tag, name in spelled.items()
    }
    value, at = (values.get(chosen) if chosen is not None else None) or (None, None)
    metrics = tuple(None if pair is None else pair[0] for pair in (values[tag] for tag in columns))
    hparams = tuple(settings.get(name) for name in names)
    return RunRow(
        run.key, rank=None, value=value, step=at, status=run.status, metrics=metrics, hparams=hparams
    )


def _order(row: RunRow, direction: Direction) -> tuple[bool, float, str]:
    if row.value is None or not math.isfinite(row.value):
        return True, 0.0, row.key.id
    return False, -row.value if direction == "max" else row.value, row.key.id


def _ranked(row: RunRow, place: int) -> RunRow:
    if row.value is None or not math.isfinite(row.value):
        return row
    return RunRow(
        row.key,
        rank=place,
        value=row.value,
        step=row.step,
        status=row.status,
        metrics=row.metrics,
        hparams=row.hparams,
    )
