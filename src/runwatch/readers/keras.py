"""Keras's CSVLogger (``training.log``, ``history.csv``, any name), and ``history.history`` as JSON."""

from __future__ import annotations

from collections.abc import Iterable

from runwatch.readers._steps import keras_csv
from runwatch.readers._table import read_table
from runwatch.readers.base import Claim, Cursor, Listing, Reading, Source

NAME = "keras"


def claim(listing: Listing) -> Iterable[Claim]:
    name = keras_csv(listing)
    if name is not None:
        yield Claim(NAME, NAME, listing.path, (listing.join(name),))


def read(claim: Claim, source: Source, cursor: Cursor | None, final: bool = False) -> Reading:
    return read_table(claim, source, cursor, final)
