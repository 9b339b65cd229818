"""Keras's CSVLogger (``training.log``, ``history.csv``, any name), and ``history.history`` as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from runwatch.domain.operations import Append, Epoch, Operation
from runwatch.domain.points import Points
from runwatch.domain.run import Problem
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import bounded_json
from runwatch.readers.common.column_names import step_key
from runwatch.readers.common.documents import read_json
from runwatch.readers.common.table import read_table

NAME = "keras"
LOOKS_FOR = ("*.json", "*.csv", "*.log", "*.tsv", "*.txt")
_TABLES = (".csv", ".log", ".tsv", ".txt")
_HISTORY = re.compile(
    rb'\s{0,64}\{\s{0,64}"[^"\\]{1,200}"\s{0,64}:\s{0,64}\[\s{0,64}(?:-?\d|NaN|-?Infinity)', re.ASCII
)
_FRAME = re.compile(
    rb'\s{0,64}\{\s{0,64}"[^"\\]{1,200}"\s{0,64}:\s{0,64}\{\s{0,64}"0"\s{0,64}:\s{0,64}(?:-?\d|NaN|null)',
    re.ASCII,
)
_LOSS = re.compile(rb'"(?:val_)?loss"\s{0,64}:\s{0,64}[\[{]')


def claim(listing: Listing) -> Iterable[Claim]:
    histories = [
        name for name in sorted(listing.files) if name.endswith(".json") and _is_history(listing, name)
    ]
    table = next((name for name in listing.files if _is_table(listing, name)), None)
    if table is not None:
        histories = [table]
    for name in histories:
        prefix = f"{name.rpartition('.')[0]}/" if len(histories) > 1 else ""
        yield Claim(NAME, format=NAME, run_id=listing.path, files=(listing.join(name),), tag_prefix=prefix)


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    if not source.file.endswith(".json"):
        return read_table(claim, source, cursor, final)
    problem = Problem(source.file, None, "no lists of numbers in it", "dump history.history as it is")
    return read_json(claim, source, cursor, lambda value: _history(claim, value) or [problem])


def _is_table(listing: Listing, name: str) -> bool:
    """Whether CSVLogger made it (or a history was written as a table), under any name: ``epoch`` first, then
    names with a loss among them, and no other step; a table of that kind named ``*.log`` needs no loss."""
    head = listing.head(name, 8) if name.endswith(_TABLES) else b""
    if not head.startswith((b"epoch,", b"epoch;", b"epoch\t")):
        return False
    line = listing.head(name).partition(b"\n")[0].decode("utf-8", "replace").strip()
    names = [cell.strip(' "') for cell in line.split(chr(head[5]))]
    if names[0] != "epoch" or step_key(names) != "epoch" or not all(names[1:]):
        return False
    return name.endswith(".log") or "loss" in names or "val_loss" in names


def _is_history(listing: Listing, name: str) -> bool:
    """Lists of numbers by name (or a data frame's columns, by row), and a loss among the first."""
    head = listing.head(name)
    if _HISTORY.match(head) is None and _FRAME.match(head) is None:
        return False
    long = listing.files[name].size > len(head)
    return _LOSS.search(head) is not None or (long and "history" in name.lower())


def _history(claim: Claim, value: object) -> list[Operation]:
    """One list an epoch-long each: epochs 0 to n-1."""
    operations: list[Operation] = []
    longest = 0
    places = _steps(value)
    for name, column in list(value.items())[: limits.TAGS] if isinstance(value, dict) else ():
        if isinstance(column, dict) and list(column) == [str(i) for i in range(len(column))]:
            column = list(column.values())
        cells = column if isinstance(column, list) else []
        pairs = [
            (i, number) for i, cell in enumerate(cells) if (number := bounded_json.number(cell)) is not None
        ]
        if pairs:
            rows, values = zip(*pairs, strict=True)
            if places is None:
                operations.append(Append(claim.tag_prefix + name, Points.of(rows, values)))
            elif name != places[0] and max(rows) < len(places[1]):
                steps = [places[1][row] for row in rows]
                operations.append(Append(claim.tag_prefix + name, Points.of(steps, values)))
            longest = max(longest, len(cells))
    if places is not None:
        return [*operations, Epoch(places[1][-1])] if places[0] == "epoch" else operations
    return [*operations, Epoch(longest - 1)] if operations else []


def _steps(columns: object) -> tuple[str, list[int]] | None:
    """The name of the list that tells the steps of the others, and these; None: there is none."""
    if not isinstance(columns, dict):
        return None
    key = step_key(name for name, cells in columns.items() if isinstance(cells, list))
    cells = columns.get(key, [])
    steps = [cell for cell in cells if type(cell) is int and 0 <= cell < 2**53]
    rising = all(earlier < later for earlier, later in pairwise(steps))
    return (str(key), steps) if steps and len(steps) == len(cells) and rising else None
