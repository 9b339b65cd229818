"""Orbax (JAX, Flax): the metrics that were saved with each checkpoint, ``<folder>/<step>/metrics/metrics``.
Only the checkpoints that were kept have any."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial

from runwatch.domain.operations import Append
from runwatch.domain.points import Points
from runwatch.domain.run import Problem
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import bounded_json
from runwatch.readers.common.documents import Parsed, read_json

NAME = "orbax"
_STEP = re.compile(r"(?:[A-Za-z][\w-]{0,60}_)?(\d{1,18})", re.ASCII)
_METADATA, _METRICS = "_CHECKPOINT_METADATA", "metrics"


def claim(listing: Listing) -> Iterable[Claim]:
    saved = (checkpoint for _, checkpoint in listing.numbered(_STEP) if _METADATA in checkpoint.files)
    folders = (checkpoint.child(_METRICS) for checkpoint in saved)
    files = [inner.join(_METRICS) for inner in folders if inner is not None and _METRICS in inner.files]
    if files:
        yield Claim(NAME, NAME, listing.path, tuple(files[-limits.TAGS :]), priority=40, role="lonely")


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    return read_json(claim, source, cursor, partial(_parse, claim, source))


def _parse(claim: Claim, source: SourceFile, value: object) -> Parsed:
    match = _STEP.fullmatch(source.file.split("/")[-3])
    numbers = bounded_json.flat_numbers(value)
    if match is None or not numbers:
        return [Problem(source.file, None, "contains no numbers", "give save() metrics by name")]
    return [
        Append(claim.tag_prefix + tag, Points.of([int(match[1])], [value], [source.stat.mtime]))
        for tag, value in numbers.items()
    ]
