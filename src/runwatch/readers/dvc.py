"""DVC pipelines: the metric files that ``dvc.yaml`` names (JSON, YAML or TOML, nested as they are), one value
each. They are rewritten whole by each ``dvc repro``; the parameters beside them are read with the others."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from runwatch.domain.operations import Append, Operation, Replace
from runwatch.domain.points import Points
from runwatch.domain.run import Problem
from runwatch.readers import limits
from runwatch.readers.base import (
    Claim,
    Cursor,
    Listing,
    Reading,
    SourceFile,
    failed,
    read_document,
    unchanged,
)
from runwatch.readers.common import bounded_json, bounded_yaml

NAME = "dvc"
_PIPELINE = "dvc.yaml"
_USUAL = ("metrics.json", "metrics.yaml", "metrics.yml", "metrics.toml")
_ENDINGS = (".json", ".yaml", ".yml", ".toml")
_MOST = 100


def claim(listing: Listing) -> Iterable[Claim]:
    if _PIPELINE not in listing.files:
        return
    usual = [name for name in _USUAL if name in listing.files]
    named = [path for path in _named(listing) if _exists(listing, path)]
    paths = list(dict.fromkeys([*usual, *named]))[:_MOST]
    for path in paths:
        prefix = f"{path.rpartition('.')[0]}/" if len(paths) > 1 else ""
        yield Claim(NAME, NAME, listing.path, (listing.join(path),), prefix)


def _named(listing: Listing) -> Iterator[str]:
    """The metric files of the pipeline and of its stages; a name with a template in it is passed over."""
    try:
        pipeline = bounded_yaml.parse(listing.head(_PIPELINE, limits.MIB))
    except ValueError:
        return
    if not isinstance(pipeline, dict):
        return
    stages = pipeline.get("stages")
    parts = [pipeline, *(stages.values() if isinstance(stages, dict) else ())]
    for part in parts:
        named = part.get("metrics") if isinstance(part, dict) else None
        for entry in named if isinstance(named, list) else ():
            for path in entry if isinstance(entry, dict) else (entry,):
                if isinstance(path, str) and path.endswith(_ENDINGS) and not path.startswith("dvclive"):
                    yield os.path.normpath(path)


def _exists(listing: Listing, path: str) -> bool:
    folder: Listing | None = listing
    *above, name = path.split("/")
    for part in above:
        folder = None if folder is None else folder.child(part)
    return folder is not None and name in folder.files


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    try:
        document = read_document(source, cursor)
    except (OSError, ValueError) as error:
        return failed(source, cursor, error)
    if document is None:
        return unchanged(source, cursor)
    try:
        found = bounded_json.flat_numbers(_parsed(source.file, document.data))
    except ValueError as error:
        problem = Problem(source.file, None, f"not read: {error}", "it is read again when it changes")
        return Reading({}, document.cursor, (problem,))
    operations: list[Operation] = [] if cursor is None else [Replace()]
    operations += [Append(claim.tag_prefix + tag, Points.of([0], [value])) for tag, value in found.items()]
    return Reading({claim.run_id: operations} if operations else {}, document.cursor)


def _parsed(file: str, data: bytes) -> object:
    if file.endswith(".toml"):
        import tomllib

        return tomllib.loads(data.decode("utf-8"))
    return bounded_json.parse(data) if file.endswith(".json") else bounded_yaml.parse(data)
