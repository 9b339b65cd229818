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
_EXIT = "exit_status"
_ATTRIBUTES = ("flags", "label", "started", _EXIT)
_LOCKS = ("LOCK", "LOCK.remote")
_MICROSECONDS = 1e6
LOOKS_FOR = (".guild",)


def claim(listing: Listing) -> Iterable[Claim]:
    inner = listing.child(FOLDER)
    attributes = inner.child("attrs") if inner is not None else None
    if inner is None or attributes is None or "started" not in attributes.files:
        return
    locked = [name for name in _LOCKS if name in inner.files]
    attribute_names = [name for name in _ATTRIBUTES if name in attributes.files]
    if locked:  # of a run that was restarted Guild keeps the earlier exit status until the next one
        attribute_names = [name for name in attribute_names if name != _EXIT]
    yield Claim(NAME, NAME, listing.path, (*map(attributes.join, attribute_names), *map(inner.join, locked)))


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    return read_whole(claim, source, cursor, partial(_operations, os.path.basename(source.file)))


def _operations(name: str, data: bytes) -> Iterator[Operation]:
    if name in _LOCKS:
        yield Evidence("running", "Guild holds its lock")
        return
    value = bounded_yaml.parse(data)
    if name == "flags" and isinstance(value, dict):
        yield HParams(value)
    elif name == "label" and value:
        yield Label("name", str(value))
    elif name == "started" and isinstance(value, int):
        yield Started(value / _MICROSECONDS)
        yield Evidence("running", "Guild recorded its start and no exit status")
    elif name == _EXIT and isinstance(value, int):
        yield Evidence("finished" if value == 0 else "crashed", f"Guild recorded exit status {value}")
    elif data.strip():
        raise ValueError("not what Guild writes there")
