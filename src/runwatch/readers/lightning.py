"""PyTorch Lightning's (and Fabric's) CSVLogger: ``metrics.csv`` with ``step``, a row a logging call."""

from __future__ import annotations

import re
from collections.abc import Iterable

from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common.column_names import place
from runwatch.readers.common.table import header_names, read_table

NAME = "lightning"
_FILE = "metrics.csv"
_VERSION = re.compile(r"version_\d+", re.ASCII)
LOOKS_FOR = ("metrics.csv",)


def claim(listing: Listing) -> Iterable[Claim]:
    if _FILE in listing.files and _is_lightning(listing):
        run_id, prefix = place(listing)
        yield Claim(NAME, format=NAME, run_id=run_id, files=(listing.join(_FILE),), tag_prefix=prefix)


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    return read_table(claim, source, cursor, final, keep_history=True)


def _is_lightning(listing: Listing) -> bool:
    """A header with ``step``, and either ``epoch`` too or Lightning's surroundings; an old header may be
    too long for the first bytes to show all of it."""
    surroundings = "hparams.yaml" in listing.files or _VERSION.fullmatch(listing.name) is not None
    line, newline, _ = listing.head(_FILE).partition(b"\n")
    header = header_names(line) if line.strip() else None
    if header is None:
        return False
    names = header[0]
    if not newline:
        return surroundings
    return ("step" in names and ("epoch" in names or surroundings)) or ("epoch" in names and surroundings)
