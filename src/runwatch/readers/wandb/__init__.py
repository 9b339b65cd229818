"""Weights & Biases: the run file ``run-<id>.wandb`` of offline and online runs, and ``files/`` beside it.

Only new bytes are read. System statistics and the console are left out of the metrics; where the run file is
missing, the last values of ``wandb-summary.json`` stand for it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import partial

from runwatch.domain.operations import HParams, Operation
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile, unchanged
from runwatch.readers.common import bounded_yaml
from runwatch.readers.common.documents import read_json, read_whole
from runwatch.readers.common.leveldb import read_log
from runwatch.readers.wandb._record import RecordContent, numbers, whole

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
    if source.file.endswith(".wandb"):
        return read_log(claim, source, cursor, final, _MAGIC, _FOREIGN, RecordContent)
    if source.file.endswith(_CONFIG):
        return read_whole(claim, source, cursor, _config)
    if not claim.format:  # the run file tells all of it
        return unchanged(source, cursor)
    return read_json(claim, source, cursor, partial(_summary, claim.tag_prefix))


def _config(data: bytes) -> Iterable[Operation]:
    config = bounded_yaml.parse(data)
    if not isinstance(config, dict):
        return []
    values = {
        str(key): inner["value"] if isinstance(inner, dict) and "value" in inner else inner
        for key, inner in config.items()
        if not str(key).startswith("_") and key != "wandb_version"
    }
    return [HParams(values)] if values else []


def _summary(prefix: str, summary: object) -> Iterable[Operation]:
    """Each value's last point."""
    if not isinstance(summary, dict):
        raise ValueError("not a JSON object")
    step, wall = summary.get("_step", 0), summary.get("_timestamp", math.nan)
    row = [
        pair
        for key, value in summary.items()
        if not str(key).startswith("_")
        for pair in numbers(str(key), value)
    ]
    content = RecordContent()
    content.row(whole(step), float(wall) if isinstance(wall, int | float) else math.nan, row)
    return content.operations(prefix)
