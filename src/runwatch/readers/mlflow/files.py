"""MLflow's file store: ``<experiment>/<run>/`` with meta.yaml and a file for each metric, param and tag."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator
from functools import partial

from runwatch.domain.operations import HParams, Operation
from runwatch.domain.points import Points
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import bounded_yaml
from runwatch.readers.common.cells import number
from runwatch.readers.common.documents import read_whole
from runwatch.readers.common.lines import NewRows, read_rows
from runwatch.readers.common.point_log import column
from runwatch.readers.mlflow._terms import about, seconds, tagged

NAME = "mlflow"
PRIORITY = 60
VALUE = 64 * limits.KIB

_RUN = re.compile(r"[0-9a-f]{32}")
_OWN_ID = re.compile(rb"^run_(?:id|uuid):", re.MULTILINE)
_DELETED = re.compile(rb"^lifecycle_stage:\s{0,4}['\"]?deleted", re.MULTILINE)
_META = "meta.yaml"
_LOST = "copy meta.yaml of the run's folder too, or log it again"
_KINDS = ("metrics", "params", "tags")
LOOKS_FOR = ("meta.yaml", "metrics", "params", "tags")


def claim(listing: Listing) -> Iterable[Claim]:
    """A run's folder, unless it, its experiment or the folder around was deleted."""
    if not _is_run(listing) or _deleted(listing):
        return []
    names = [_META] if _META in listing.files else []
    for kind in _KINDS:
        below = listing.child(kind)
        if below is not None:
            names += below.below(f"{kind}/")
    files = tuple(listing.join(name) for name in names[: limits.TAGS])
    return [Claim(NAME, NAME, listing.path, files, priority=PRIORITY)]


def _is_run(listing: Listing) -> bool:
    """A run's ``meta.yaml`` names its run id (that of a dataset or a model does not); one that is torn, or
    was lost, is recognised by the files next to it."""
    if _OWN_ID.search(listing.head(_META)):
        return True
    kinds = [below for kind in _KINDS if (below := listing.child(kind)) is not None]
    return _RUN.fullmatch(listing.name) is not None and any(below.files or below.folders for below in kinds)


def _deleted(listing: Listing) -> bool:
    if ".trash" in listing.path.split("/") or _DELETED.search(listing.head(_META)):
        return True
    above = listing.parent
    return above is not None and _DELETED.search(above.head(_META)) is not None


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    """meta.yaml, a param and a tag are read whole when they change, a metric's file line by line."""
    kind, _, key = _inside(claim, source.file).partition("/")
    if kind != "metrics":
        limit = bounded_yaml.SIZE if kind == _META else VALUE
        return read_whole(claim, source, cursor, partial(_document, claim, source, kind, key), limit)
    return _metric(claim, source, key, read_rows(source, cursor, final))


def _inside(claim: Claim, file: str) -> str:
    return file if claim.run_id == "." else file[len(claim.run_id) + 1 :]


def _metric(claim: Claim, source: SourceFile, tag: str, rows: NewRows) -> Reading:
    steps: list[int] = []
    walls: list[float] = []
    values: list[float] = []
    for line_number, line in rows:
        point = _point(line.split())
        if point is not None:
            walls.append(point[0])
            values.append(point[1])
            steps.append(point[2])
        elif line.strip():
            rows.notes.line(line_number, "not '<milliseconds> <value> <step>'", "remove the line")
    if _META not in map(os.path.basename, claim.files) and source.file == claim.files[0]:
        rows.notes.add(None, "a run without meta.yaml: its name, status and times are not known", _LOST)
    return rows.reading(claim, [column(tag, Points.of(steps, values, walls))] if steps else ())


def _point(cells: list[bytes]) -> tuple[float, float, int] | None:
    if len(cells) < 2:
        return None
    stamp, value = number(cells[0]), number(cells[1])
    step = number(cells[2]) if len(cells) > 2 else 0.0
    if stamp is None or value is None or step is None or not math.isfinite(step) or abs(step) >= 2**63:
        return None
    wall = seconds(stamp)
    exact = int(cells[2]) if len(cells) > 2 and cells[2].lstrip(b"+-").isdigit() else int(step)
    return math.nan if wall is None else wall, value, exact


def _document(claim: Claim, source: SourceFile, kind: str, key: str, data: bytes) -> Iterator[Operation]:
    if kind == _META:
        yield from _meta(claim, source, data)
        return
    text = data.decode("utf-8", "backslashreplace")
    if kind == "params":
        yield HParams({key: text})
    else:
        yield from tagged({key: text.strip()}, _siblings(claim.run_id))


def _siblings(run_id: str) -> str:
    above, slash, _ = run_id.rpartition("/")
    return above + slash


def _meta(claim: Claim, source: SourceFile, data: bytes) -> Iterator[Operation]:
    meta = bounded_yaml.parse(data)
    if not isinstance(meta, dict):
        raise ValueError("it is empty or not a mapping")
    name = str(meta.get("run_name") or "")
    times = meta.get("end_time"), meta.get("start_time")
    yield from about(meta.get("status"), *times, name, _experiment(source, claim))


def _experiment(source: SourceFile, claim: Claim) -> str:
    """The experiment's name, from the meta.yaml above; "" when it cannot be told."""
    if claim.run_id == ".":
        return ""
    try:
        meta = bounded_yaml.parse(source.other(_siblings(claim.run_id) + _META, bounded_yaml.SIZE))
    except ValueError:
        return ""
    return str(meta.get("name") or "") if isinstance(meta, dict) else ""
