"""Tables in memory as profiles, for the drift tests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from runwatch.data.formats.base import ColumnBlock
from runwatch.data.grid import make_column, make_grid
from runwatch.data.profile import Counter
from runwatch.domain.drift import ColumnDrift
from runwatch.domain.profile import ProfileGrid, TableProfile


def array(values: Any) -> pa.Array:
    return values if isinstance(values, pa.Array) else pa.array(values)


def profiled(
    columns: Mapping[str, Any], grid: ProfileGrid | None = None, kinds: Mapping[str, Any] | None = None
) -> TableProfile:
    arrays = [(name, array(values)) for name, values in columns.items()]
    if grid is None:
        grid = make_grid(make_column(name, values, (kinds or {}).get(name)) for name, values in arrays)
    counter = Counter(grid)
    rows = len(arrays[0][1]) if arrays else 0
    counter.add(ColumnBlock(rows, arrays))
    return counter.result(tuple(sorted((name, str(values.type)) for name, values in arrays)))


def with_missing(values: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    out = values.astype(float).copy()
    out[rng.random(len(out)) < share] = np.nan
    return out


def effective(column: ColumnDrift) -> tuple[int, int]:
    """How many independent rows its reason says that each side is worth."""
    found = re.search(r"rows are not independent \(about ([\d,]+) and ([\d,]+) effective\)", column.reason)
    assert found is not None, column.reason
    return int(found[1].replace(",", "")), int(found[2].replace(",", ""))
