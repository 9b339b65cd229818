"""One data set, judged: its newest batch compared, its columns followed over time. Blocking and heavy: the
monitor calls it in the background."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace

from runwatch.data.cache import NO_CACHE, Cache, cached, files_key
from runwatch.data.data_file import DataFile
from runwatch.data.errors import DataError
from runwatch.data.profile_cache import Engine
from runwatch.domain.drift import ColumnTrend, DataSet, Distribution
from runwatch.domain.errors import UserError
from runwatch.domain.profile import DriftOptions
from runwatch.domain.run import Problem
from runwatch.judge.drift.distribution import distribution
from runwatch.judge.drift.trend import LONGEST, LOOK_BACK, Row, row, trends_of
from runwatch.judge.quality.arrivals import Arrival, expected_every, next_arrival
from runwatch.judge.quality.run import examine
from runwatch.monitor.data_performance import errors_changed, estimates
from runwatch.monitor.data_pipeline import (
    DataSpec,
    OpenedData,
    compare,
    engine_of,
    multivariate,
    open_data,
    quality_case,
    rules_of,
)
from runwatch.monitor.internal_errors import of_ours
from runwatch.text.durations import seconds

_EARLIER = 7


def data_set(spec: DataSpec, cache: Cache = NO_CACHE, now: float | None = None, version: int = 0) -> DataSet:
    """The data set as it stands on disk. Never raises for bad data: what cannot be read is a problem or an
    ``unknown``. ``now``: seconds since the epoch, for lateness."""
    whole = DataSet(
        spec.name,
        root=spec.root,
        reference=", ".join(spec.reference),
        batches=(),
        trends=(),
        latest=None,
        assumed=spec.assumed,
        version=version,
    )
    try:
        engine = engine_of(spec.engine)
        opened = open_data(spec, cache, engine)
        whole = replace(whole, batches=opened.batches, problems=opened.problems)
        return _judged(whole, spec, opened, cache, now, engine) if opened.named else whole
    except DataError as error:
        return replace(whole, problems=(*whole.problems, error.problem))
    except UserError as error:
        message, _, hint = str(error).partition("; ")
        return replace(whole, problems=(*whole.problems, Problem(spec.name, None, message, hint)))
    except Exception as error:  # an internal error costs this data set, not the others
        return replace(whole, problems=(*whole.problems, of_ours(spec.name, error)))


def _judged(
    whole: DataSet, spec: DataSpec, opened: OpenedData, cache: Cache, now: float | None, engine: Engine
) -> DataSet:
    reference, named = opened.reference, opened.named
    newest, earlier = named[-1:], named[:-1]
    case, trouble = quality_case(spec, opened, newest, earlier, cache, None, engine)
    compared = compare(spec, opened, newest, earlier[-_EARLIER:], cache, engine)
    times = [one.when for one in named if one.when is not None]
    limit = seconds(spec.options.expect.get("fresh_within"))
    expected = next_arrival(times, spec.every)
    if limit is not None and times:
        expected = Arrival(max(times) + limit, max(times) + limit)
    late = expected is not None and now is not None and now > expected.late
    regression = spec.options.multivariate
    change = errors_changed(reference, opened.files, spec.options, cache)
    return replace(
        whole,
        latest=replace(compared.report, problems=()),
        trends=_trends(opened, rules_of(spec)[0], cache),
        quality=examine(case),
        segments=compared.segments,
        estimated=estimates(reference, opened.files, spec.options, cache, regression),
        errors_changed=change.batch,
        errors_fell=change.fell,
        late_by=now - expected.due if late and now is not None and expected is not None else None,
        late_from=None if expected is None else expected.late,
        fresh_within=limit,
        expected_every=spec.every or expected_every(times),
        problems=(*whole.problems, *trouble),
        misconfigured=compared.misconfigured,
    )


def _trends(opened: OpenedData, rules: DriftOptions, cache: Cache) -> tuple[ColumnTrend, ...]:
    """Trends whose rows are kept while neither the reference nor the batches behind a row change."""
    reference, named = opened.reference, opened.named
    parts: dict[str, list[DataFile]] = {}
    for file in opened.files:
        parts.setdefault(file.batch, []).append(file)
    rows = []
    for at in range(max(0, len(named) - LONGEST), len(named)):
        recent = named[max(0, at + 1 - LOOK_BACK) : at + 1]
        behind = [*reference.files, *(file for one in recent for file in parts[one.name])]
        key = files_key("trend-1", reference.grid, behind)
        make = partial(row, reference.profile, recent, rules, reference.days)
        rows.append(cached(cache, key, Row, make))
    return trends_of(reference.profile, rows, rules)


def column_distribution(
    spec: DataSpec, column: str, batch: str | None = None, cache: Cache = NO_CACHE
) -> Distribution | None:
    """Both distributions of one column, for the detail view: the reference and ``batch`` (by name; default:
    the newest). None when they cannot be read or have no such column."""
    try:
        opened = open_data(spec, cache, engine_of(spec.engine))
    except UserError:
        return None
    named = [one for one in opened.named if batch is None or one.name == batch]
    return distribution(opened.reference.profile, named[-1].profile, column) if named else None


def classify(spec: DataSpec, cache: Cache) -> None:
    """Works out what needs scikit-learn, so that it is in the cache: the domain classifier for the newest
    batch, and estimated errors of numbers."""
    try:
        engine = engine_of(spec.engine)
        opened = open_data(spec, cache, engine)
        newest = opened.files_of(opened.named[-1:])
        if newest:
            multivariate(opened.reference, newest, cache, engine, spec.options.group)
            estimates(opened.reference, opened.files, spec.options, cache, regression=True)
    except UserError:
        return
