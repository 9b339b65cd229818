"""Rows of the reference cases."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from runwatch.domain.predictions import Coded

FIXTURES = Path(__file__).parents[2] / "fixtures" / "metrics"


def table(name: str) -> dict[str, np.ndarray]:
    with (FIXTURES / f"{name}.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {
        column: np.array([row[column] for row in rows])
        if column == "slice"
        else np.array([float(row[column]) for row in rows])
        for column in rows[0]
    }


def coded_text(values: Any) -> Coded:
    labels, codes = np.unique(np.asarray(values), return_inverse=True)
    return Coded(codes.astype(np.int64), tuple(str(label) for label in labels))
