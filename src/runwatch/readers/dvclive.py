"""DVCLive: ``plots/metrics/<tag>.tsv`` (appended) and ``metrics.json`` (last values, rewritten each step).

The run is the folder above the one called ``dvclive``; under another name, that folder itself.
``params.yaml`` is read with the other parameter files."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import partial

from runwatch.domain.operations import Append, Operation
from runwatch.domain.points import Points
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import bounded_json
from runwatch.readers.common.cells import number
from runwatch.readers.common.documents import read_whole
from runwatch.readers.common.lines import NewRows, read_rows

NAME = "dvclive"
PRIORITY = 60
LOOKS_FOR = ("plots", "metrics.json")

_PLOTS = "plots/metrics/"


def claim(listing: Listing) -> Iterable[Claim]:
    """A folder with ``plots/metrics/**.tsv``, or one called ``dvclive`` with ``metrics.json``."""
    plots = listing.child("plots")
    metrics = plots.child("metrics") if plots is not None else None
    tables = list(metrics.below(_PLOTS, ".tsv")) if metrics is not None else []
    called = listing.name == "dvclive"
    if not tables and not (called and "metrics.json" in listing.files):
        return []
    metric_files = ["metrics.json"] if "metrics.json" in listing.files else []
    above = listing.parent
    run = above.path if called and above is not None else listing.path
    files = tuple(listing.join(name) for name in [*metric_files, *tables])
    return [Claim(NAME, NAME, run, files[: limits.TAGS], priority=PRIORITY)]


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    """A table's new lines; ``metrics.json`` for what has no table."""
    if not source.file.endswith(".tsv"):
        return read_whole(claim, source, cursor, partial(_last_values, claim))
    return _table(claim, source, read_rows(source, cursor, final))


def _last_values(claim: Claim, data: bytes) -> Iterator[Operation]:
    value = bounded_json.parse(data)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    step = bounded_json.whole(value.pop("step", 0))
    if step is None:
        raise ValueError("its step is not an integer")
    plotted = {_tag(file) for file in claim.files if file.endswith(".tsv")}
    for tag, last in bounded_json.flat_numbers(value).items():
        if tag not in plotted:
            yield Append(tag, Points.of([step], [last]))


def _tag(file: str) -> str:
    return file[file.rindex(_PLOTS) + len(_PLOTS) :].removesuffix(".tsv")


def _table(claim: Claim, source: SourceFile, rows: NewRows) -> Reading:
    points: list[tuple[int, float, float]] = []
    for line_number, line in rows:
        cells = line.split(b"\t")
        if line_number == 1 or b"step" in cells:
            rows.state["names"] = [cell.decode("utf-8", "backslashreplace").strip() for cell in cells]
        elif line.strip():
            point = _point(rows.state.get("names", []), cells)
            if point is None:
                rows.notes.line(line_number, "not a row of step and value", "remove the line")
            else:
                points.append(point)
    if not points:
        return rows.reading(claim, ())
    steps, walls, values = zip(*points, strict=True)
    return rows.reading(claim, [Append(_tag(source.file), Points.of(steps, values, walls))])


def _point(names: list[str], cells: list[bytes]) -> tuple[int, float, float] | None:
    """(step, wall time, value) of a row; the value stands last, the timestamp is in milliseconds."""
    if len(cells) != len(names) or "step" not in names or len(cells) < 2:
        return None
    step, value = bounded_json.whole(number(cells[names.index("step")])), number(cells[-1])
    if step is None or value is None:
        return None
    stamp = number(cells[names.index("timestamp")]) if "timestamp" in names[:-1] else None
    wall = math.nan if stamp is None or not 0 < stamp < 7.3e12 else stamp
    return step, wall / 1000 if wall > 1e11 else wall, value
