"""Which data sets and predictions a root has: configured, or found by their names."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

from runwatch.config.settings import Data, Predictions, Settings
from runwatch.data.data_file import is_url
from runwatch.data.discover import ListedFile, discover, discover_predictions
from runwatch.data.errors import DataError
from runwatch.data.files import resolve
from runwatch.data.formats import format_of
from runwatch.data.overlooked import overlooked
from runwatch.data.pandera_schema import expectations
from runwatch.domain.profile import DataOptions
from runwatch.domain.run import Problem
from runwatch.domain.tree import Folder
from runwatch.monitor.data_pipeline import DataSpec


def data_specs(root: str, settings: Settings, files: Sequence[ListedFile]) -> tuple[DataSpec, ...]:
    """The root's data sets; ``files``: those below it. Without ``[[data]]`` they are found by name; each says
    what was assumed."""
    if settings.data:
        return tuple(_configured(root, settings, entry) for entry in settings.data)
    candidates = discover(files, lambda path: _schema(root, path))
    return tuple(
        DataSpec(one.name, root, one.reference, one.batches, assumed=one.assumed, within=(root,))
        for one in candidates
    )


def prediction_entries(
    root: str, settings: Settings, files: Sequence[ListedFile]
) -> tuple[tuple[Predictions, str], ...]:
    """The root's predictions and what was assumed of each ("" when configured)."""
    if settings.predictions:
        return tuple((entry, "") for entry in settings.predictions)
    return tuple(discover_predictions(root, files, lambda path: _schema(root, path)))


def overlooked_data(
    root: str,
    settings: Settings,
    files: Sequence[ListedFile],
    specs: Sequence[DataSpec],
    entries: Sequence[Predictions],
    owned: Collection[str],
) -> tuple[Problem, ...]:
    """Data below a root that neither ``specs`` nor ``entries`` take and that no run owns (``owned``). None
    where ``[[data]]`` or ``[[models]]`` say what is meant."""
    if settings.data or settings.models:
        return ()
    judged = {path for spec in specs for path in (*spec.reference, *spec.batches)}
    for entry in entries:
        paths = (*settings.paths(entry.files), settings.path(entry.baseline))
        judged |= {os.path.relpath(path, root) for path in paths}
    free = [file for file in files if file.path not in owned]
    return tuple(overlooked(free, judged, lambda path: _schema(root, path)))


def listing(settings: Settings, top: Folder) -> tuple[ListedFile, ...]:
    """The files below a root, among which may be data; none where all is configured."""
    if settings.data and settings.predictions:
        return ()
    return tuple(
        ListedFile(folder.join(name), stat.size, stat.mtime)
        for folder in top.walk()
        for name, stat in folder.files.items()
    )


def outside(root: str, settings: Settings) -> tuple[str, ...]:
    """Folders beyond the root in which configured data and predictions arrive, to be watched as well."""
    paths = [path for entry in settings.data for path in settings.paths(entry.current)]
    paths += [path for entry in settings.predictions for path in settings.paths(entry.files)]
    folders = set()
    for folder in paths:
        if is_url(folder):
            continue
        while any(sign in folder for sign in "*?[") or not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        if os.path.commonpath((root, folder)) != root and folder != os.path.dirname(folder):
            folders.add(folder)
    return tuple(sorted(folders))


def _configured(root: str, settings: Settings, entry: Data) -> DataSpec:
    options = DataOptions(
        include=entry.columns.include,
        exclude=entry.columns.exclude,
        kinds=dict(entry.columns.kinds),
        target=entry.target,
        prediction=entry.prediction,
        score=entry.score,
        key=entry.key,
        group=entry.group,
        segments=entry.segments,
        expect=_expect(settings, entry),
    )
    importance = settings.path(entry.importance) if entry.importance else ""
    return DataSpec(
        entry.name,
        root=root,
        reference=settings.paths(entry.reference),
        batches=settings.paths(entry.current),
        options=options,
        every=entry.every,
        importance=importance,
        engine=entry.engine or "",
        within=settings.bounds,
    )


def _expect(settings: Settings, entry: Data) -> dict[str, object]:
    """The hard rules: those of a schema file, with ``[data.expect]`` over them. A file that cannot be read
    leaves a rule that is broken, so that it is seen."""
    if entry.schema is None:
        return dict(entry.expect)
    try:
        return {**expectations(settings.path(entry.schema)), **entry.expect}
    except DataError as error:
        return {f"schema file: {error}": True, **entry.expect}


def _schema(root: str, path: str) -> list[tuple[str, str]]:
    (file, *_) = resolve(os.path.join(root, path))
    return [(name, str(type_)) for name, type_ in format_of(file).schema(file)]
