"""Hydra: ``.hydra/config.yaml`` is the configuration of the job in the folder above it.

``.hydra/hydra.yaml`` is Hydra's own configuration and is left alone, but for the job's overrides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from runwatch.domain.operations import HParams, Operation
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import bounded_yaml
from runwatch.readers.common.documents import read_whole

NAME = "hydra"
PRIORITY = 40
LOOKS_FOR = (".hydra",)
_FILES = ("config.yaml", "overrides.yaml")


def claim(listing: Listing) -> Iterable[Claim]:
    """A job's folder is a run; where a framework made a run of its own in a folder below, it only lends its
    word if there is none."""
    if ".hydra" not in listing.folders:
        return []
    settings = listing.child(".hydra")
    if settings is None or "config.yaml" not in settings.files:
        return []
    files = tuple(settings.join(name) for name in _FILES if name in settings.files)
    alone = all(name == ".hydra" for name in listing.folders)
    return [Claim(NAME, NAME, listing.path, files, priority=PRIORITY, role="run" if alone else "lonely")]


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    """``config.yaml`` as hyperparameters, ``overrides.yaml`` as configuration."""
    return read_whole(claim, source, cursor, partial(_settings, source.file), bounded_yaml.SIZE)


def _settings(file: str, data: bytes) -> Iterator[Operation]:
    value = bounded_yaml.parse(data)
    if file.endswith("config.yaml") and isinstance(value, dict):
        yield HParams(value)
    elif isinstance(value, list) and value:
        yield HParams({"overrides": value}, section="config")
