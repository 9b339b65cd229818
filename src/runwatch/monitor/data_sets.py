"""One data set, judged: its reference opened, its batches profiled (only what changed is read), its newest
batch compared, its columns followed over time. Blocking and heavy: the monitor calls it in a worker."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from runwatch.data.errors import DataError
from runwatch.data.files import DataFile, is_url, natural
from runwatch.data.inspection import inspect, usual_repeats
from runwatch.data.keeping import Cache, Engine, NoCache, files_key, kept_json, this_process
from runwatch.data.sample import sample
from runwatch.data.segments import kept_segments
from runwatch.data.workflow import Reference, find_files, open_reference, profile_batches
from runwatch.domain.codec import from_plain, to_plain
from runwatch.domain.drift import Batch, ColumnTrend, DataSet, Distribution, DriftReport, Multivariate
from runwatch.domain.profile import DataOptions, DriftOptions, Named
from runwatch.domain.run import Problem
from runwatch.judge.drift.distribution import distribution
from runwatch.judge.drift.multivariate import domain_classifier
from runwatch.judge.drift.report import report
from runwatch.judge.drift.segments import segment_reports
from runwatch.judge.drift.trend import LONGEST, LOOK_BACK, assembled, row
from runwatch.judge.quality.arrivals import expected_every, late_by
from runwatch.judge.quality.case import QualityCase
from runwatch.judge.quality.run import examine
from runwatch.monitor.data_performance import errors_changed, estimates

CLASSIFIER_ROWS = 10_000
_OLDER_BATCHES = 400


class DataSpec(msgspec.Struct, frozen=True):
    """What one data set is made of. ``reference``, ``batches``: paths, folders, globs (relative to ``root``)
    or URLs; ``assumed``: how it was found, when no configuration named it; ``every``: seconds between
    batches by agreement; ``within``: the folders beyond which no file is read (none: no bounds)."""

    name: str
    root: str
    reference: tuple[str, ...]
    batches: tuple[str, ...]
    options: DataOptions = msgspec.field(default_factory=DataOptions)
    assumed: str = ""
    every: float | None = None
    within: tuple[str, ...] = ()


def data_set(
    spec: DataSpec,
    cache: Cache | None = None,
    now: float | None = None,
    engine: Engine = this_process,
    version: int = 0,
) -> DataSet:
    """The data set as it stands on disk. Never raises for bad data: what cannot be read is a problem or an
    ``unknown``. ``now``: seconds since the epoch, for lateness."""
    cache = NoCache() if cache is None else cache
    empty = DataSet(
        spec.name, spec.root, ", ".join(spec.reference), (), (), None, assumed=spec.assumed, version=version
    )
    try:
        reference = open_reference(
            find_files(_there(spec, spec.reference), spec.root, spec.within), spec.options, cache, engine
        )
    except DataError as error:
        return replace(empty, problems=(error.problem,))
    files, problems = _batch_files(spec, reference)
    named, batches, unread = profile_batches(files, reference.grid, cache, engine)
    problems = [*reference.problems, *problems, *unread]
    whole = replace(empty, batches=tuple(batches), problems=tuple(problems))
    return _judged(whole, spec, reference, files, named, cache, now) if named else whole


def _judged(
    whole: DataSet,
    spec: DataSpec,
    reference: Reference,
    files: Sequence[DataFile],
    named: list[Named],
    cache: Cache,
    now: float | None,
) -> DataSet:
    rules = DriftOptions(importance=spec.options.importance)
    newest, earlier = named[-1], named[:-1]
    newest_files = [file for file in files if file.name == newest.name]
    sampled, facts, trouble = inspect(newest_files, reference.grid, spec.options, cache)
    case = QualityCase(
        newest.profile,
        reference.profile,
        sampled,
        facts,
        spec.options.expect,
        earlier,
        newest.when,
        now,
        spec.options.target,
        spec.every,
        usual_repeats(reference.files, reference.grid, facts, cache),
    )
    times = [one.when for one in named if one.when is not None]
    change = errors_changed(reference, files, spec.options, cache)
    return replace(
        whole,
        latest=_latest(spec, reference, whole.batches, newest, newest_files, earlier, rules, cache),
        trends=_trends(reference, files, named, rules, cache),
        quality=examine(case),
        segments=_segments(spec, reference, newest_files, rules, cache),
        estimated=estimates(reference, files, spec.options, cache, spec.options.multivariate),
        errors_changed=None if change is None else change.batch,
        errors_fell=change is not None and change.fell,
        late_by=None if now is None else late_by(times, now, spec.every),
        expected_every=spec.every or expected_every(times),
        problems=(*whole.problems, *trouble),
    )


def _trends(
    reference: Reference,
    files: Sequence[DataFile],
    named: Sequence[Named],
    rules: DriftOptions,
    cache: Cache,
) -> tuple[ColumnTrend, ...]:
    """Trends whose rows are kept while neither the reference nor the batches behind a row change."""
    by_name = {file.name: file for file in files}
    rows = []
    for at in range(max(0, len(named) - LONGEST), len(named)):
        recent = named[max(0, at + 1 - LOOK_BACK) : at + 1]
        behind = [*reference.files, *(by_name[one.name] for one in recent)]
        key = files_key("trend-1", reference.grid, behind)
        rows.append(kept_json(cache, key, partial(row, reference.profile, recent, rules, reference.days)))
    return assembled(reference.profile, rows, rules)


def _latest(
    spec: DataSpec,
    reference: Reference,
    batches: Sequence[Batch],
    newest: Named,
    files: Sequence[DataFile],
    earlier: Sequence[Named],
    rules: DriftOptions,
    cache: Cache,
) -> DriftReport:
    """The newest batch against the reference."""
    return report(
        reference.profile,
        [newest],
        rules,
        days=reference.days,
        earlier=earlier[-7:],
        reference_files=len(reference.files),
        batches=[batch for batch in batches if batch.name == newest.name],
        multivariate=multivariate(reference, files, cache) if spec.options.multivariate else None,
    )


def _there(spec: DataSpec, paths: Sequence[str]) -> list[str]:
    return [path if is_url(path) else os.path.join(spec.root, path) for path in paths]


def _batch_files(spec: DataSpec, reference: Reference) -> tuple[list[DataFile], list[Problem]]:
    """The batches, oldest first; the reference's own files are none of them."""
    own = {file.uri for file in reference.files}
    files: list[DataFile] = []
    problems: list[Problem] = []
    for path in _there(spec, spec.batches):
        try:
            files.extend(find_files([path], spec.root, spec.within))
        except DataError as error:
            problems.append(error.problem)
    kept = {file.uri: file for file in files if file.uri not in own}
    return in_time(list(kept.values()))[-_OLDER_BATCHES:], problems


def in_time(files: Sequence[DataFile]) -> list[DataFile]:
    """Oldest first: by the dates in their names where all have one, else by their numbers, else by mtime."""
    if all(file.day is not None for file in files):
        return sorted(files, key=lambda file: (file.day or 0, natural(file.name)))
    if all(any(char.isdigit() for char in os.path.basename(file.name)) for file in files):
        return sorted(files, key=lambda file: natural(file.name))
    return sorted(files, key=lambda file: (file.mtime_ns, natural(file.name)))


def multivariate(
    reference: Reference, files: Sequence[DataFile], cache: Cache | None = None
) -> Multivariate | None:
    """The domain classifier on samples of features, kept while the files do not change; None when they
    cannot be read. Imports scikit-learn: call it in another process."""
    cache = NoCache() if cache is None else cache
    key = files_key("classifier-1", reference.grid, [*reference.files, *files])
    kept = kept_json(cache, key, lambda: _classified(reference, files))
    if kept is None:
        return None
    return from_plain(Multivariate, kept)


def _classified(reference: Reference, files: Sequence[DataFile]) -> dict[str, Any] | None:
    names = [
        column.name
        for column in reference.grid.columns
        if column.role == "feature" and column.kind not in ("text", "datetime")
    ]
    try:
        before = sample(reference.files, names, CLASSIFIER_ROWS)
        found: dict[str, Any] = to_plain(domain_classifier(before, sample(files, names, CLASSIFIER_ROWS)))
        return found
    except DataError:
        return None


def _segments(
    spec: DataSpec, reference: Reference, files: Sequence[DataFile], rules: DriftOptions, cache: Cache
) -> tuple[tuple[str, DriftReport], ...]:
    out: list[tuple[str, DriftReport]] = []
    for by in spec.options.segments:
        try:
            before = kept_segments(reference.files, reference.grid, by, cache)
            now = kept_segments(files, reference.grid, by, cache)
        except DataError:
            continue
        out.extend(segment_reports(by, before, now, rules))
    return tuple(out)


def column_distribution(
    spec: DataSpec, column: str, batch: str | None = None, cache: Cache | None = None
) -> Distribution | None:
    """Both distributions of one column, for the detail view: the reference and ``batch`` (by name; default:
    the newest). None when they cannot be read or have no such column."""
    try:
        reference = open_reference(
            find_files(_there(spec, spec.reference), spec.root, spec.within), spec.options, cache
        )
    except DataError:
        return None
    files = [file for file in _batch_files(spec, reference)[0] if batch is None or file.name == batch]
    named, _, _ = profile_batches(files[-1:], reference.grid, cache)
    return distribution(reference.profile, named[0].profile, column) if named else None
