"""The steps from files to verdicts, the same for a watched data set and for a command: open the reference,
profile what arrived, compare it, look at its quality."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec
import numpy as np
from msgspec.structs import replace

from runwatch.data.cache import Cache, cached, files_key
from runwatch.data.data_file import DataFile, is_url
from runwatch.data.errors import DataError
from runwatch.data.files import natural
from runwatch.data.formats import format_of
from runwatch.data.grid import wanted_names
from runwatch.data.grouping import group_designs, numbered, with_designs
from runwatch.data.number_files import read_importance
from runwatch.data.profile_cache import HERE, Engine
from runwatch.data.row_facts import inspect, usual_repeats
from runwatch.data.sample import sample
from runwatch.data.segments import kept_segments
from runwatch.data.workflow import Reference, find_files, open_reference, profile_batches, total
from runwatch.domain.drift import Batch, DriftReport, Multivariate
from runwatch.domain.empty_words import without_empty_words
from runwatch.domain.errors import UserError
from runwatch.domain.points import AnyArray
from runwatch.domain.profile import DataOptions, DriftOptions, NamedProfile, TableProfile
from runwatch.domain.run import Problem
from runwatch.judge.drift.multivariate import domain_classifier
from runwatch.judge.drift.report import report, segment_reports
from runwatch.judge.quality.case import QualityCase

CLASSIFIER_ROWS = 10_000
_OLDER_BATCHES = 400
_MOST_SKIPPED = 0.01


class DataSpec(msgspec.Struct, frozen=True):
    """What one data set is made of."""

    name: str
    root: str
    reference: tuple[str, ...]
    """Paths, folders, globs (relative to ``root``) or URLs; ``batches`` likewise."""
    batches: tuple[str, ...]
    options: DataOptions = msgspec.field(default_factory=DataOptions)
    assumed: str = ""
    """How it was found, when no configuration named it."""
    every: float | None = None
    """Seconds between batches by agreement."""
    importance: str = ""
    """The file that says how much each column matters."""
    engine: str = ""
    """The address of a Dask cluster that reads the files, empty for this process."""
    within: tuple[str, ...] = ()
    """The folders beyond which no file is read; none: no bounds."""


class OpenedData(msgspec.Struct, frozen=True, eq=False):
    """A data set's reference, the ``files`` that arrived (oldest first), the profiles of their batches
    (``named``), one entry a batch with what is wrong with it, and what could not be read."""

    reference: Reference
    files: tuple[DataFile, ...]
    named: tuple[NamedProfile, ...]
    batches: tuple[Batch, ...]
    problems: tuple[Problem, ...]
    misconfigured: tuple[Problem, ...] = ()
    """Columns that were asked for and are in none of the files."""

    def files_of(self, named: Sequence[NamedProfile]) -> list[DataFile]:
        names = {one.name for one in named}
        return [file for file in self.files if file.batch in names]


class JudgedData(msgspec.Struct, frozen=True, eq=False):
    """A report on one or more batches, one on each segment, and what was asked for and cannot be done."""

    report: DriftReport
    segments: tuple[tuple[str, DriftReport], ...] = ()
    misconfigured: tuple[Problem, ...] = ()


def engine_of(address: str) -> Engine:
    """What reads the data: this process, or the Dask cluster at ``dask://HOST:PORT``. UserError for another
    address."""
    if not address:
        return HERE
    if not address.startswith("dask://"):
        raise UserError(f"engine {address}: is not a known engine; use dask://HOST:PORT")
    from runwatch.data.dask import DaskEngine

    return DaskEngine(address)


def open_data(spec: DataSpec, cache: Cache, engine: Engine = HERE, tolerant: bool = False) -> OpenedData:
    """The data set's files, read as far as they have changed. DataError when the reference cannot be read.
    ``tolerant``: batches of which more than 1% of the lines are not rows are not left out."""
    reference = open_reference(reference_files(spec), spec.options, cache, engine)
    files, problems = arrived(spec, reference.files)
    if spec.root:
        newest = list(dict.fromkeys(file.batch for file in reversed(files)))[:_OLDER_BATCHES]
        files = [file for file in files if file.batch in newest]
    named, batches, unread = profile_batches(files, reference.grid, cache, engine)
    absent = _absent(spec.options, reference, named)
    named = [_chosen(one, spec.options) for one in named]
    left_out = [problem for one in (*reference.days, *named) if (problem := _left_out(one)) is not None]
    spoilt = set() if tolerant else {one.name for one in named if _skipped(one) > _MOST_SKIPPED}
    wrong = {one.name: _left_out(one) for one in named if one.name in spoilt}
    batches = [replace(one, problem=wrong.get(one.name, one.problem)) for one in batches]
    columns = tuple(one for one in named if one.name not in spoilt)
    problems = [*reference.problems, *problems, *unread, *left_out]
    return OpenedData(
        reference,
        files=tuple(files),
        named=columns,
        batches=tuple(batches),
        problems=tuple(problems),
        misconfigured=absent,
    )


def _absent(options: DataOptions, reference: Reference, named: Sequence[NamedProfile]) -> tuple[Problem, ...]:
    """Why what was said of the columns cannot be so: no file has one of that name."""
    profiles = (reference.profile, *(one.profile for one in named))
    names = list(dict.fromkeys(name for profile in profiles for name, _ in profile.schema))
    where = reference.files[0].name
    one_of = (options.target, options.prediction, options.score, options.key, *options.kinds)
    missing = [name for name in dict.fromkeys(one_of) if name is not None and name not in names]
    hint = "name a column of the data"
    problems = [Problem(where, None, f"has no column {name!r}", hint) for name in missing]
    if names and not wanted_names(names, options.include, options.exclude):
        message = "has no column that is to be included" if options.include else "has only excluded columns"
        problems.append(Problem(where, None, message, hint))
    return tuple(problems)


def _chosen(named: NamedProfile, options: DataOptions) -> NamedProfile:
    """The profile as if its files had the columns alone that ``include`` and ``exclude`` leave."""
    schema = named.profile.schema
    left = set(wanted_names([name for name, _ in schema], options.include, options.exclude))
    if len(left) == len({name for name, _ in schema}):
        return named
    return replace(
        named, profile=replace(named.profile, schema=tuple(one for one in schema if one[0] in left))
    )


def _skipped(named: NamedProfile) -> float:
    lines = named.profile.rows + named.profile.skipped
    return named.profile.skipped / lines if lines else 0.0


def _left_out(named: NamedProfile) -> Problem | None:
    if not named.profile.skipped:
        return None
    lines = named.profile.rows + named.profile.skipped
    message = f"{named.profile.skipped:,} of {lines:,} lines are not rows and were left out"
    return Problem(named.name, None, message, "look for stray separators, quotes or cut lines")


def reference_files(spec: DataSpec) -> list[DataFile]:
    """The files of the reference. DataError where there are none."""
    return _files(spec, spec.reference)


def arrived(spec: DataSpec, reference: Sequence[DataFile]) -> tuple[list[DataFile], list[Problem]]:
    """(the files of the batches, oldest first, of which the reference's own are none; what could not be
    found)."""
    own = {file.uri for file in reference} if spec.root else set()
    files: dict[str, DataFile] = {}
    problems: list[Problem] = []
    for path in spec.batches:
        try:
            files.update({file.uri: file for file in _files(spec, [path]) if file.uri not in own})
        except DataError as error:
            problems.append(error.problem)
    return _in_time(list(files.values())), problems


def _files(spec: DataSpec, paths: Sequence[str]) -> list[DataFile]:
    whole = [path if is_url(path) else os.path.join(spec.root, path) for path in paths]
    return find_files(whole, spec.root or None, spec.within, chained=not spec.root)


def _in_time(files: Sequence[DataFile]) -> list[DataFile]:
    """Oldest first: by the dates in their names where all have one, else by their numbers, else by mtime."""
    if all(file.day is not None for file in files):
        return sorted(files, key=lambda file: (file.day or 0, natural(file.name)))
    if all(any(char.isdigit() for char in os.path.basename(file.batch)) for file in files):
        return sorted(files, key=lambda file: natural(file.name))
    return sorted(files, key=lambda file: (file.mtime_ns, natural(file.name)))


def rules_of(spec: DataSpec) -> tuple[DriftOptions, list[Problem]]:
    """How drift is judged, and why the importances cannot be read."""
    if not spec.importance:
        return DriftOptions(), []
    try:
        return DriftOptions(importance=read_importance(spec.importance)), []
    except DataError as error:
        return DriftOptions(), [error.problem]


def compare(
    spec: DataSpec,
    opened: OpenedData,
    current: Sequence[NamedProfile],
    earlier: Sequence[NamedProfile],
    cache: Cache,
    engine: Engine = HERE,
) -> JudgedData:
    """The rows of ``current`` against the reference, all together and by segment. ``earlier``: batches before
    them, which the day rule may look back on."""
    rules, wrong = rules_of(spec)
    wrong = [*opened.misconfigured, *wrong]
    reference, files = opened.reference, opened.files_of(current)
    names = {one.name for one in current}
    before, current, trouble = _by_owner(spec, opened, current, files, cache, engine)
    wrong += trouble
    together = (
        multivariate(reference, files, cache, engine, spec.options.group)
        if spec.options.multivariate and files
        else None
    )
    made = report(
        before,
        current,
        rules,
        days=reference.days,
        earlier=earlier,
        reference_files=len(reference.files),
        current_files=len(files),
        batches=[one for one in opened.batches if one.name in names or one.problem is not None],
        problems=opened.problems,
        multivariate=together,
    )
    segments: list[tuple[str, DriftReport]] = []
    for by in spec.options.segments:
        try:
            then = kept_segments(reference.files, reference.grid, by, cache, engine)
            now = kept_segments(files, reference.grid, by, cache, engine)
        except DataError as error:
            wrong.append(error.problem)
            continue
        segments.extend(segment_reports(by, then, now, rules))
    return JudgedData(made, tuple(segments), tuple(wrong))


def _by_owner(
    spec: DataSpec,
    opened: OpenedData,
    current: Sequence[NamedProfile],
    files: Sequence[DataFile],
    cache: Cache,
    engine: Engine,
) -> tuple[TableProfile, Sequence[NamedProfile], list[Problem]]:
    """The reference's profile and the batches' with rows worth what they are where several belong to one
    owner, and why that cannot be told."""
    group, reference = spec.options.group, opened.reference
    if group is None or not files:
        return reference.profile, current, []

    def designs(of: Sequence[DataFile], rows: int) -> list[tuple[float, float]]:
        key = files_key("designs-1", reference.grid, of, f"{group} {rows}")
        make = partial(engine.call, group_designs, of, reference.grid, group, rows)
        return cached(cache, key, list[tuple[float, float]], make)

    try:
        then = designs(reference.files, reference.profile.rows)
        now = designs(files, sum(one.profile.rows for one in current))
    except DataError as error:
        return reference.profile, current, [error.problem]
    named = [replace(one, profile=with_designs(one.profile, now)) for one in current]
    return with_designs(reference.profile, then), named, []


def quality_case(
    spec: DataSpec,
    opened: OpenedData,
    current: Sequence[NamedProfile],
    earlier: Sequence[NamedProfile],
    cache: Cache,
    now: float | None,
    engine: Engine = HERE,
    compared: bool = True,
) -> tuple[QualityCase, list[Problem]]:
    """What the checks of quality look at, and what could not be read. ``compared``: False where the data is
    its own reference."""
    reference, files = opened.reference, opened.files_of(current)
    sampled, facts, trouble = inspect(files, reference.grid, spec.options, cache, engine)
    arrived = max((one.when for one in current if one.when is not None), default=None)
    usual = usual_repeats(reference.files, reference.grid, facts, cache, engine) if compared else None
    before, current, more = _by_owner(spec, opened, current, files, cache, engine)
    before, (current,) = without_empty_words(before, current)
    whole = total(reference.grid, current)
    if before.blank_is_missing or whole.blank_is_missing:
        sampled = _none_empty(sampled)
    case = QualityCase(
        whole,
        reference=before if compared else None,
        sample=sampled,
        facts=facts,
        expect=spec.options.expect,
        history=earlier,
        arrived=arrived,
        now=now,
        target=spec.options.target,
        every=spec.every,
        reference_facts=usual,
    )
    return case, [*trouble, *more]


def multivariate(
    reference: Reference, files: Sequence[DataFile], cache: Cache, engine: Engine, group: str | None
) -> Multivariate | None:
    """The domain classifier on samples of features, kept while the files do not change; None when they
    cannot be read. Imports scikit-learn: call it in another process."""
    key = files_key("classifier-4", reference.grid, [*reference.files, *files], group or "")
    try:
        return cached(cache, key, Multivariate, lambda: _classified(reference, files, engine, group))
    except DataError:
        return None


def _none_empty(rows: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
    """Sampled rows with empty words as missing values."""
    return {
        name: np.array([v or None for v in values], dtype=object) if values.dtype == object else values
        for name, values in rows.items()
    }


def _classified(
    reference: Reference, files: Sequence[DataFile], engine: Engine, group: str | None
) -> Multivariate:
    names = [
        column.name
        for column in reference.grid.columns
        if column.role == "feature"
        and column.kind not in ("text", "datetime")
        and not (column.ascending or column.onward or column.foreign)
    ]
    columns = list(dict.fromkeys([*names, *([group] if group else [])]))
    before = engine.call(sample, reference.files, columns, CLASSIFIER_ROWS)
    now = engine.call(sample, files, columns, CLASSIFIER_ROWS)
    if any(format_of(file).BLANK_IS_MISSING for file in (*reference.files, *files)):
        before, now = _none_empty(before), _none_empty(now)
    owners = None
    if group and group in before and group in now:
        both = numbered(before[group], now[group])
        owners = both[: len(before[group])], both[len(before[group]) :]
        before, now = ({n: v for n, v in table.items() if n != group} for table in (before, now))
    return domain_classifier(before, now, groups=owners)
