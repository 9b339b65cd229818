"""LightGBM: ``evals_result`` as JSON, and the rounds on the console."""

from __future__ import annotations

from collections.abc import Iterable

from runwatch.readers import _boosting
from runwatch.readers.base import Claim, Cursor, Listing, Reading, Source

NAME = "lightgbm"


def claim(listing: Listing) -> Iterable[Claim]:
    return _boosting.claims(listing, "lightgbm")


def read(claim: Claim, source: Source, cursor: Cursor | None, final: bool = False) -> Reading:
    return _boosting.read(claim, source, cursor, final)
