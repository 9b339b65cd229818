"""Guild AI: what ``.guild/attrs`` says of a run: flags, exit status, label, times. Its scalars are in
TensorBoard files of the same ``.guild``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import partial

from runwatch.domain.operations import Evidence, HParams, Label, Operation, Started
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import bounded_yaml
from runwatch.readers.common.documents import read_whole

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
    return read_whole(claim, source, cursor, partial(_operations, os.path.basename(source.file)))


def _operations(name: str, data: bytes) -> Iterator[Operation]:
    value = bounded_yaml.parse(data)
    if name == "flags" and isinstance(value, dict):
        yield HParams(value)
    elif name == "label" and value:
        yield Label("name", str(value))
    elif name == "started" and isinstance(value, int):
        yield Started(value / _MICROSECONDS)
        yield Evidence("running", "Guild recorded its start and no exit status")
    elif name == "exit_status" and isinstance(value, int):
        yield Evidence("finished" if value == 0 else "crashed", f"Guild recorded exit status {value}")
    elif data.strip():
        raise ValueError("not what Guild writes there")
