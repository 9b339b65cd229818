"""Arrow columns as what models take: matrices of one type, or a data frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runwatch.domain.borders import Arrow
from runwatch.domain.points import AnyArray
from runwatch.scoring.base import Offer, ScoringError
from runwatch.text.safe import safe


def require(offer: Offer, columns: Sequence[str]) -> None:
    """ScoringError where a file lacks columns that the model takes."""
    absent = [name for name in columns if name not in offer.names]
    if not absent:
        return
    message = ", ".join(safe(name, 40) for name in absent[:12])
    available = ", ".join(safe(name, 30) for name in offer.names[:20])
    more = ", …" if len(offer.names) > 20 else ""
    raise ScoringError(
        offer.file,
        f"lacks inputs of the model: {message}",
        f"the file has {available}{more}; see [[models]] features",
    )


def stacked(table: Arrow, columns: Sequence[str], dtype: str) -> AnyArray:
    """(n, columns) of ``dtype`` ("O": text). Missing numbers are NaN, missing text is empty; ScoringError
    where a column does not hold what is asked for."""
    return np.column_stack([_column(table.column(name), name, dtype) for name in columns])


def _column(column: Arrow, name: str, dtype: str) -> AnyArray:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if dtype == "O":
        return np.array(
            ["" if value is None else value for value in _cast(column, pa.string(), name).to_pylist()],
            dtype=object,
        )
    if dtype.startswith("f"):
        return np.asarray(_cast(column, pa.float64(), name).to_numpy(), dtype=dtype)
    if column.null_count:
        raise ScoringError(
            safe(name), f"{column.null_count} values are missing where the model takes none", "fill them"
        )
    kind = pa.bool_() if dtype == "?" else pa.int64()
    return np.asarray(_cast(column, kind, name).to_numpy(), dtype=dtype)


def _cast(column: Arrow, kind: Arrow, name: str) -> Arrow:
    import pyarrow as pa

    try:
        if pa.types.is_boolean(column.type) and pa.types.is_floating(kind):
            column = column.cast(pa.int8())
        if pa.types.is_decimal(column.type) and not pa.types.is_string(kind):
            column = column.cast(pa.float64())
        return column.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        what = f"column {safe(name)} is {column.type} where the model takes {kind}"
        raise ScoringError(safe(name), what, "check [[models]] features, their order and types") from error


def framed(table: Arrow, columns: Sequence[str], named: Sequence[str]) -> object:
    """A pandas frame of the columns under the names that the model was fitted with."""
    frame = table.select(list(columns)).to_pandas()
    frame.columns = list(named)
    return frame
