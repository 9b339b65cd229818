"""DVC pipelines: the metric files that ``dvc.yaml`` names (JSON, YAML or TOML, nested as they are), one value
each. They are rewritten whole by each ``dvc repro``; the parameters beside them are read with the others."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import partial

from runwatch.domain.operations import Append, Operation
from runwatch.domain.points import Points
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import bounded_json, bounded_yaml
from runwatch.readers.common.bounded_json import dig, mapping, sequence
from runwatch.readers.common.documents import read_whole

NAME = "dvc"
_PIPELINE = "dvc.yaml"
_USUAL = ("metrics.json", "metrics.yaml", "metrics.yml", "metrics.toml")
_ENDINGS = (".json", ".yaml", ".yml", ".toml")
_MOST = 100
LOOKS_FOR = ("dvc.yaml",)


def claim(listing: Listing) -> Iterable[Claim]:
    if _PIPELINE not in listing.files:
        return
    usual = [name for name in _USUAL if name in listing.files]
    named = [path for path in _named(listing) if _exists(listing, path)]
    paths = list(dict.fromkeys([*usual, *named]))[:_MOST]
    for path in paths:
        prefix = f"{path.rpartition('.')[0]}/" if len(paths) > 1 else ""
        yield Claim(NAME, format=NAME, run_id=listing.path, files=(listing.join(path),), tag_prefix=prefix)


def _named(listing: Listing) -> Iterator[str]:
    """The metric files of the pipeline and of its stages; a name with a template in it is passed over."""
    try:
        pipeline = bounded_yaml.parse(listing.head(_PIPELINE, limits.MIB))
    except ValueError:
        return
    for part in (pipeline, *mapping(dig(pipeline, "stages")).values()):
        for entry in sequence(dig(part, "metrics")):
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
    return read_whole(claim, source, cursor, partial(_values, claim.tag_prefix, source.file))


def _values(prefix: str, file: str, data: bytes) -> Iterator[Operation]:
    for tag, value in bounded_json.flat_numbers(_parsed(file, data)).items():
        yield Append(prefix + tag, Points.of([0], [value]))


def _parsed(file: str, data: bytes) -> object:
    if file.endswith(".toml"):
        import tomllib

        return tomllib.loads(data.decode("utf-8"))
    return bounded_json.parse(data) if file.endswith(".json") else bounded_yaml.parse(data)
