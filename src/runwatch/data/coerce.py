"""Text that should have been numbers or times: what can be read is counted, what cannot is counted as
invalid."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
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


def to_times(text: Any, of_day: bool) -> tuple[Any, int]:
    """(the values that read as ISO 8601, how many do not) of a string array without nulls: an Arrow array of
    times of day or of moments, in microseconds; a moment without a zone is taken as UTC."""
    import pyarrow as pa

    moments: list[int] = []
    for value in text.to_pylist():
        try:
            moments.append(_microseconds(value.strip(), of_day))
        except (ValueError, OverflowError):
            continue
    kind = pa.time64("us") if of_day else pa.timestamp("us")
    buffer = pa.py_buffer(np.array(moments, dtype=np.int64))
    return pa.Array.from_buffers(kind, len(moments), [None, buffer]), len(text) - len(moments)


def _microseconds(value: str, of_day: bool) -> int:
    if of_day:
        moment = datetime.combine(date(1970, 1, 1), time.fromisoformat(value).replace(tzinfo=UTC))
    else:
        moment = datetime.fromisoformat(value)
    since = moment.replace(tzinfo=moment.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1)
