"""What scikit-learn's users leave: ``cv_results*.csv``, ``classification_report*.json``, ``metrics.json`` and
``scores.json`` of numbers, nested or not. Numbers without a step stand at step 0."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import partial

from runwatch.domain.directions import direction_of
from runwatch.domain.nested import flatten
from runwatch.domain.operations import Append, HParams, Operation
from runwatch.domain.points import Points
from runwatch.domain.run import Problem
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import bounded_json
from runwatch.readers.common.cells import number
from runwatch.readers.common.column_names import step_key
from runwatch.readers.common.documents import Parsed, Torn, read_json, read_whole
from runwatch.readers.common.lines import LineNotes
from runwatch.readers.common.quotes import Quotes
from runwatch.readers.common.table import header_names

NAME = "sklearn"
LOOKS_FOR = ("*.csv", "*.json")
_SEARCH = re.compile(r"cv_?results\S{0,60}\.csv", re.IGNORECASE)
_REPORT = re.compile(r"classification_?report\S{0,60}\.json", re.IGNORECASE)
_NUMBERS = re.compile(r"(?:\S{0,40}[_-])?(?:metrics|scores)\.json", re.IGNORECASE)
_MAYBE = re.compile(
    r"(?:\S{0,40}[_-])?(?:metrics|scores|results|evaluation|eval)(?:[_-]\S{0,40})?\.json", re.IGNORECASE
)
"""Names that data bear too: there a known metric must stand in it."""
_TRAINERS = re.compile(r"(?:all|train|eval|test|predict)_results\.json")
_OTHERS = ("run.json", "dvc.yaml", "trainer_state.json", "all_results.json")


def claim(listing: Listing) -> Iterable[Claim]:
    """The files of a folder, in one claim; of two that may say the same, their stems tell them apart. They
    join the run that others see here, or are one."""
    kinds = {name: kind for name in sorted(listing.files) if (kind := _kind(listing, name))}
    several = {kind for kind in kinds.values() if list(kinds.values()).count(kind) > 1}
    by_prefix: dict[str, list[str]] = {}
    for name, kind in kinds.items():
        prefix = f"{name.rpartition('.')[0]}/" if kind in several else ""
        by_prefix.setdefault(prefix, []).append(listing.join(name))
    for prefix, files in by_prefix.items():
        yield Claim(
            NAME,
            format=NAME,
            run_id=listing.path,
            files=tuple(files),
            tag_prefix=prefix,
            priority=30,
            role="lonely",
        )


def _kind(listing: Listing, name: str) -> str | None:
    if name.endswith(".csv"):
        if _SEARCH.fullmatch(name) and b"mean_test_" in listing.head(name).partition(b"\n")[0]:
            return "search"
        return None
    if not name.endswith(".json") or any(other in listing.files for other in _OTHERS):
        return None
    if _REPORT.fullmatch(name):
        return "report"
    sure = _NUMBERS.fullmatch(name) is not None
    if not (sure or _MAYBE.fullmatch(name)) or listing.files[name].size > limits.HEAD:
        return None
    try:
        value = bounded_json.parse(listing.head(name))
    except ValueError:
        return None
    if not isinstance(value, dict) or not _are_numbers(value):
        return None
    if not sure and (
        _TRAINERS.fullmatch(name) or not any(map(direction_of, bounded_json.flat_numbers(value)))
    ):
        return None
    return "numbers"


def _are_numbers(value: dict[str, object]) -> bool:
    """Mostly numbers, nested or not; no step among them but the epoch of the model that they tell of."""
    if step_key(value) not in (None, "epoch"):
        return False
    try:
        leaves = flatten(value, "/")
    except ValueError:
        return False
    numbers = sum(bounded_json.number(item) is not None for item in leaves.values())
    return numbers > 0 and 2 * numbers >= len(leaves)


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    name = os.path.basename(source.file)
    if name.endswith(".csv"):
        return read_whole(claim, source, cursor, partial(_search, claim, source))
    return read_json(claim, source, cursor, partial(_numbers, claim, source))


def _numbers(claim: Claim, source: SourceFile, value: object) -> Parsed:
    numbers = bounded_json.flat_numbers(value)
    epoch = numbers.pop("epoch", 0.0)
    at = int(epoch) if 0 <= epoch < 2**53 else 0
    if not numbers:
        return [Problem(source.file, None, "contains no numbers", "write metrics as flat names and numbers")]
    return [Append(claim.tag_prefix + tag, Points.of([at], [number])) for tag, number in numbers.items()]


def _search(claim: Claim, source: SourceFile, data: bytes) -> Parsed:
    """The table of a search: one row a candidate. The candidates are the steps; the best one by the first
    rank gives the parameters."""
    lines = data.rstrip(b"\r\n").split(b"\n")
    header = header_names(lines[0])
    if header is None or not data.endswith(b"\n"):
        raise Torn
    names, delimiter = header
    notes = LineNotes(source.file)
    quotes = Quotes({}, notes)
    told_rows = [quotes.cells(at, line.rstrip(b"\r"), delimiter) for at, line in enumerate(lines[1:], 2)]
    rows = [row for row in told_rows if row is not None]
    whole = [row for row in rows if len(row) == len(names)]
    if len(whole) < len(rows):
        text = f"{len(rows) - len(whole):,} rows with a different number of cells, skipped"
        notes.add(None, text, "write it with to_csv")
    return [*_candidates(claim, names, whole), *notes.problems()]


def _candidates(claim: Claim, names: list[str], rows: list[list[str]]) -> list[Operation]:
    operations: list[Operation] = []
    for i, name in enumerate(names):
        if not name.startswith(("mean_test_", "mean_train_", "std_test_")):
            continue
        cells = [
            (step, value) for step, row in enumerate(rows) if (value := number(row[i].encode())) is not None
        ]
        if cells:
            steps, values = zip(*cells, strict=True)
            operations.append(Append(claim.tag_prefix + name, Points.of(steps, values)))
    best = _best(names, rows)
    parameters: dict[str, object] = {
        name.removeprefix("param_"): _value(cell)
        for name, cell in zip(names, best or (), strict=False)
        if name.startswith("param_") and cell
    }
    if parameters:
        operations.append(HParams(parameters))
    return operations


def _best(names: list[str], rows: list[list[str]]) -> list[str] | None:
    """The candidate of rank 1 by the first ``rank_test_*`` column."""
    rank = next((i for i, name in enumerate(names) if name.startswith("rank_test_")), None)
    if rank is None:
        return None
    return next((row for row in rows if number(row[rank].encode()) == 1.0), None)


def _value(cell: str) -> object:
    value = number(cell.encode("utf-8", "backslashreplace"))
    if value is None:
        return {"True": True, "False": False}.get(cell, cell)
    return int(value) if value.is_integer() and cell.lstrip("-").isdigit() else value
