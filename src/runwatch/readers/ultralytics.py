"""Ultralytics YOLO (v8 and later) and YOLOv5: ``results.csv``, one row an epoch, cells often padded.

``args.yaml`` or ``opt.yaml`` tell the planned epochs. YOLOv5 and early v8 count epochs from 0, later ones
from 1: the first row tells."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec.structs import replace

from runwatch.domain.operations import Append, Length, Operation, Replace
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common.table import header_names, read_table

NAME = "ultralytics"
_FILE = "results.csv"
_SETTINGS = ("args.yaml", "opt.yaml")
_EPOCHS = re.compile(rb"^epochs:[ \t]*(\d{1,9})[ \t\r]*$", re.MULTILINE)
_FAMILIES = ("train/", "metrics/", "val/")
LOOKS_FOR = ("results.csv",)


def claim(listing: Listing) -> Iterable[Claim]:
    if _FILE not in listing.files:
        return
    names = header_names(listing.head(_FILE).partition(b"\n")[0])
    if names and names[0][0] == "epoch" and any(name.startswith(_FAMILIES) for name in names[0]):
        yield Claim(NAME, NAME, listing.path, (listing.join(_FILE),), supersedes=frozenset({"tensorboard"}))


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    reading = read_table(claim, source, cursor, final)
    made = reading.operations.get(claim.run_id, ())
    anew = cursor is None or any(isinstance(operation, Replace) for operation in made)
    first = None if cursor is None or anew else cursor.state.get("first")
    first = _first_epoch(made) if first is None else first
    if first is None:
        return reading
    cursor = replace(reading.cursor, state={**reading.cursor.state, "first": first})
    epochs = _planned(source) if made else None
    if epochs is None:
        return replace(reading, cursor=cursor)
    operations = [*made, Length(epochs=epochs, first_epoch=first)]
    return replace(reading, operations={claim.run_id: operations}, cursor=cursor)


def _first_epoch(operations: Iterable[Operation]) -> int | None:
    steps = [int(op.points.steps[0]) for op in operations if isinstance(op, Append) and len(op.points)]
    return min(steps) if steps else None


def _planned(source: SourceFile) -> int | None:
    """The ``epochs`` of the settings file beside the table."""
    matches = (_EPOCHS.search(source.other(source.beside(name), 64 * limits.KIB)) for name in _SETTINGS)
    return next((int(match[1]) for match in matches if match), None)
