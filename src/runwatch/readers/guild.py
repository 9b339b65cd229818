"""Guild AI: what ``.guild/attrs`` says of a run: flags, exit status, label, times. Its scalars are in
TensorBoard files of the same ``.guild``."""

from __future__ import annotations

import os
from collections.abc import Iterable

from runwatch.domain.operations import Evidence, HParams, Label, Operation, Replace, Started
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

NAME = "guild"
FOLDER = ".guild"
_ATTRIBUTES = ("flags", "label", "started", "exit_status")
_MICROSECONDS = 1e6
LOOKS_FOR = (FOLDER,)


def claim(listing: Listing) -> Iterable[Claim]:
    inner = listing.child(FOLDER)
    attributes = inner.child("attrs") if inner is not None else None
    if attributes is None or "started" not in attributes.files:
        return
    files = tuple(attributes.join(name) for name in _ATTRIBUTES if name in attributes.files)
    yield Claim(NAME, NAME, listing.path, files)


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    try:
        document = read_document(source, cursor)
        if document is None:
            return unchanged(source, cursor)
        value = bounded_yaml.parse(document.data)
    except (OSError, ValueError) as error:
        return failed(source, cursor, error, "it is read again when it changes")
    operations: list[Operation] = [] if cursor is None else [Replace()]
    operations += _operations(os.path.basename(source.file), value)
    if not operations:
        problem = Problem(source.file, None, "not what Guild writes there", "it may be half written")
        return Reading({}, document.cursor, (problem,) if document.data.strip() else ())
    return Reading({claim.run_id: operations}, document.cursor)


def _operations(name: str, value: object) -> Iterable[Operation]:
    if name == "flags" and isinstance(value, dict):
        yield HParams(value)
    elif name == "label" and value:
        yield Label("name", str(value))
    elif name == "started" and isinstance(value, int):
        yield Started(value / _MICROSECONDS)
        yield Evidence("running", "Guild recorded its start and no exit status")
    elif name == "exit_status" and isinstance(value, int):
        yield Evidence("finished" if value == 0 else "crashed", f"Guild recorded exit status {value}")
