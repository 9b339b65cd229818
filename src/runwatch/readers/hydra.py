"""Hydra: ``.hydra/config.yaml`` is the configuration of the job in the folder above it.

``.hydra/hydra.yaml`` is Hydra's own configuration and is left alone, but for the job's overrides."""

from __future__ import annotations

from collections.abc import Iterable

from runwatch.domain.operations import HParams, Operation, Replace
from runwatch.domain.run import Problem
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
from runwatch.readers.common import bounded_yaml

NAME = "hydra"
PRIORITY = 40
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
    try:
        document = read_document(source, cursor, bounded_yaml.SIZE)
    except (OSError, ValueError) as error:
        return failed(source, cursor, error)
    if document is None:
        return unchanged(source, cursor)
    try:
        value = bounded_yaml.parse(document.data)
    except ValueError as error:
        problem = Problem(source.file, None, f"not read: {error}", "it is read again when it changes")
        return Reading({}, document.cursor, (problem,))
    operations: list[Operation] = [] if cursor is None else [Replace()]
    if source.file.endswith("config.yaml") and isinstance(value, dict):
        operations.append(HParams(value))
    elif isinstance(value, list) and value:
        operations.append(HParams({"overrides": value}, section="config"))
    return Reading({claim.run_id: operations} if operations else {}, document.cursor)
