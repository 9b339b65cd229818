"""XGBoost: ``evals_result`` as JSON, and the rounds on the console."""

from __future__ import annotations

from collections.abc import Iterable

from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.boosting import _evals as _boosting

NAME = "xgboost"
LOOKS_FOR = ("*.json", "*.log", "*.out", "*.err", "*.txt")


def claim(listing: Listing) -> Iterable[Claim]:
    return _boosting.claims(listing, "xgboost")


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    return _boosting.read(claim, source, cursor, final)
