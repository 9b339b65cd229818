from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from metric_rows import FIXTURES, coded_text, table

from runwatch.domain.predictions import PredictionRows


@pytest.fixture
def expected() -> Callable[[str], dict[str, Any]]:
    return lambda name: json.loads((FIXTURES / f"{name}.json").read_text())["expected"]


@pytest.fixture
def sides() -> Callable[[str], tuple[PredictionRows, PredictionRows]]:
    def load(name: str) -> tuple[PredictionRows, PredictionRows]:
        columns = table(name)
        classes = sorted(column for column in columns if column.startswith("a_"))
        kind = np.float64 if name.startswith(("regression", "forecast")) else np.int64
        slices = {"slice": coded_text(columns["slice"])} if "slice" in columns else {}
        made = []
        for side in "ab":
            if classes:
                scores = {f"{side}{c[1:]}": columns[f"{side}{c[1:]}"] for c in classes}
            elif f"score_{side}" in columns:
                scores = {f"score_{side}": columns[f"score_{side}"]}
            else:
                scores = {}
            truth, prediction = columns["y_true"].astype(kind), columns[f"pred_{side}"].astype(kind)
            made.append(PredictionRows(side, truth, prediction, scores, columns=slices))
        return made[0], made[1]

    return load
