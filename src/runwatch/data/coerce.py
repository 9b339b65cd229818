"""Text that should have been numbers: what can be read is counted, what cannot is counted as invalid."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from runwatch.data.arrays import buffer_values

_NUMBER = r"^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$|^\s*(?i:nan|[+-]?inf(inity)?)\s*$"


def to_numbers(text: Any) -> tuple[NDArray[np.float64], int]:
    """(the values that read as numbers, how many do not) of a string array without nulls."""
    import pyarrow as pa
    import pyarrow.compute as pc

    good = text.filter(pc.match_substring_regex(text, _NUMBER))
    values = pc.utf8_trim_whitespace(good).cast(pa.float64())
    return buffer_values(values), len(text) - len(good)
