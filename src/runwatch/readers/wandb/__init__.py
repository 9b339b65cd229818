"""Weights & Biases: the run file ``run-<id>.wandb`` of offline and online runs, and ``files/`` beside it.

Only new bytes are read. System statistics and the console are left out of the metrics; where the run file is
missing, the last values of ``wandb-summary.json`` stand for it."""

from __future__ import annotations

import math
import re
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
from runwatch.readers.common.leveldb import read_log
from runwatch.readers.wandb._record import RecordContent, from_json, numbers, whole

NAME = "wandb"

_FOLDER = re.compile(r"(?:offline-)?run-(\d{8}_\d{6})-(\S{1,128})")
_MAGIC = b":W&B"
_FOREIGN = ("not a W&B run file", "it may be damaged: copy it again")
_SUMMARY, _CONFIG = "wandb-summary.json", "config.yaml"
LOOKS_FOR = ("*.wandb", "files", "wandb-summary.json")


def claim(listing: Listing) -> Iterable[Claim]:
    """A folder with a run file, or with the summary that an online run leaves under ``files/``. A run that
    was resumed has a folder for each time, with one run id: the oldest is the run."""
    logs = sorted(filter(_is_log, listing.files))
    inner = listing.child("files")
    if _SUMMARY in listing.files and (listing.name != "files" or listing.parent is None):
        inner = listing
    if not logs and (inner is None or _SUMMARY not in inner.files):
        return
    times = _times(listing) if logs else [listing]
    run = times[0].path
    if logs:
        files = [one.join(name) for one in times for name in sorted(one.files) if _is_log(name)]
        yield Claim(NAME, NAME, run, tuple(files))
    if inner is None:
        return
    side_files = [inner.join(name) for name in (_CONFIG, _SUMMARY) if name in inner.files]
    if logs and side_files:
        yield Claim(NAME, "", run, tuple(side_files), role="part")
    elif not logs:
        yield Claim(NAME, NAME, listing.path, tuple(side_files))


def _is_log(name: str) -> bool:
    return name.startswith("run-") and name.endswith(".wandb")


def _times(listing: Listing) -> list[Listing]:
    """The folders of a run's times, the oldest first; the folder itself where its name is none of W&B's."""
    own = _FOLDER.fullmatch(listing.name)
    above = listing.parent
    if own is None or above is None:
        return [listing]
    alike = [
        (match[1], name)
        for name in above.folders
        if (match := _FOLDER.fullmatch(name)) and match[2] == own[2]
    ]
    folders = [
        child for _, name in sorted(alike) if (child := above.child(name)) and any(map(_is_log, child.files))
    ]
    return folders or [listing]


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    """What is new in the run file, the summary or the configuration."""
    try:
        if source.file.endswith(".wandb"):
            return read_log(claim, source, cursor, final, _MAGIC, _FOREIGN, RecordContent)
        return _document(claim, source, cursor)
    except (OSError, ValueError) as error:
        return failed(source, cursor, error)


def _document(claim: Claim, source: SourceFile, cursor: Cursor | None) -> Reading:
    """``config.yaml``: hyperparameters. ``wandb-summary.json``: each value's last point, unless the run
    file tells all of them."""
    document = read_document(source, cursor)
    if document is None:
        return unchanged(source, cursor)
    if source.file.endswith(_CONFIG):
        operations, problem = _config(source.file, document.data)
    elif claim.format == "":
        return Reading({}, document.cursor)
    else:
        operations, problem = _summary(source.file, document.data, claim.tag_prefix)
    return Reading.of(claim, operations, document.cursor, (problem,) if problem else ())


def _config(file: str, data: bytes) -> tuple[list[Operation], Problem | None]:
    try:
        config = bounded_yaml.parse(data)
    except ValueError as error:
        return [], Problem(file, None, f"cannot be read as YAML: {error}", "it may be half written")
    if not isinstance(config, dict):
        return [], None
    values = {
        str(key): inner["value"] if isinstance(inner, dict) and "value" in inner else inner
        for key, inner in config.items()
        if not str(key).startswith("_") and key != "wandb_version"
    }
    return ([HParams(values)] if values else []), None


def _summary(file: str, data: bytes, prefix: str) -> tuple[list[Operation], Problem | None]:
    summary = from_json(data)
    if not isinstance(summary, dict):
        return [], Problem(
            file, None, "not a JSON object; waiting for the next version", "it may be half written"
        )
    step, wall = summary.get("_step", 0), summary.get("_timestamp", math.nan)
    row = [
        pair
        for key, value in summary.items()
        if not str(key).startswith("_")
        for pair in numbers(str(key), value)
    ]
    content = RecordContent()
    try:
        content.row(whole(step), float(wall) if isinstance(wall, int | float) else math.nan, row)
    except ValueError as error:
        return [], Problem(file, None, str(error), "it may be damaged")
    return [Replace(), *content.operations(prefix)], None
