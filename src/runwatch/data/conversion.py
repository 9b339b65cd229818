"""A column's values as the reference's grid counts them: in its unit, its type, its spelling and its
precision."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from runwatch.data.arrays import family, from_numpy, numbers
from runwatch.data.notation import epoch_values, measured_type
from runwatch.domain.borders import Arrow, JsonDict
from runwatch.domain.points import AnyArray
from runwatch.domain.profile import ColumnGrid

TIMES = ("timestamp[", "date32[", "date64[", "time32[", "time64[", "duration[")
OF_DAY = ("time32[", "time64[")
_TRUE = ("true", "1", "1.0", "yes", "y", "t")
_FALSE = ("false", "0", "0.0", "no", "n", "f")
_TRUE_FALSE = {**dict.fromkeys(_TRUE, "true"), **dict.fromkeys(_FALSE, "false")}
_NARROW: JsonDict = {"halffloat": np.float16, "float": np.float32}
_IN_A_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def time_type(type_: str) -> object:
    """The Arrow type of a time or duration by its name, None for others."""
    import pyarrow as pa

    if not type_.startswith(TIMES):
        return None
    try:
        return pa.type_for_alias(type_)
    except ValueError:
        return from_text(type_)


def value_type(array: Arrow) -> str:
    """Arrow's name of the type, of a dictionary that of its values."""
    import pyarrow.types as t

    return str(array.type.value_type if t.is_dictionary(array.type) else array.type)


def spelled(values: object, group: str, column: ColumnGrid) -> Arrow:
    """A batch's values as the reference spells them: true and false in a boolean column, whole numbers
    without ".0", truth as 0 and 1 or as "True" where the reference has those words."""
    words = set(column.words or ())
    if column.kind == "boolean" and words == {"false", "true"}:
        return _mapped(values, _TRUE_FALSE)
    if group == "boolean" and not words & {"true", "false"}:
        for true, false in (
            ("1", "0"),
            ("True", "False"),
            ("TRUE", "FALSE"),
            ("yes", "no"),
            ("Y", "N"),
            ("t", "f"),
        ):
            if words & {true, false}:
                return _mapped(values, {"true": true, "false": false})
    return values


def _mapped(values: Arrow, table: Mapping[str, str]) -> Arrow:
    """Strings with those of the table replaced, whatever their case."""
    import pyarrow.compute as pc

    from runwatch.data.arrays import strings

    known = strings(list(table))
    indices = pc.index_in(pc.utf8_lower(values), value_set=known)
    if indices.null_count == len(indices):
        return values
    return pc.coalesce(strings(list(table.values())).take(indices), values)


def timed(values: Arrow, kind: str) -> object:
    """int64 microseconds as an Arrow array of times or durations, other numbers as one of float64."""
    import pyarrow as pa

    type_ = time_type(kind) or pa.float64()
    return from_numpy(np.asarray(values, np.int64 if kind.startswith(TIMES) else np.float64), type_)


def in_unit(array: Arrow, column: ColumnGrid) -> Arrow:
    """The values as the grid counts them: times in its unit, so that nanoseconds, microseconds and days count
    alike; None where one cannot become the other (a date, a time of day)."""
    import pyarrow as pa
    import pyarrow.types as t

    timed = family(array.type) == "time" or t.is_duration(array.type)
    if column.notation.startswith("epoch"):
        return epoch_values(array.drop_null(), column.notation) if timed else numbers(array)
    measured = measured_type(column.type, column.notation)
    if timed != measured.startswith(TIMES):
        return _across(array, column, measured)
    target = time_type(measured) if timed else None
    if target is None or array.type == target:
        return numbers(array)
    try:
        return numbers(_as_duration(array, target).cast(target, safe=False))
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return None


def _across(array: Arrow, column: ColumnGrid, measured: str) -> object:
    """Numbers where times or durations are counted, or the other way round: in seconds, milliseconds, micro-
    or nanoseconds, whichever brings the typical value nearest to the reference's."""
    values, edges = numbers(array), column.edges
    unit = _unit(measured) or _unit(value_type(array))
    if edges is None or not len(values) or not unit or family(array.type) == "boolean":
        return values
    middle, typical = float(edges[len(edges) // 2]), float(np.median(values))
    units = [unit / each for each in _IN_A_SECOND.values()]
    factors = units if _unit(measured) else [1 / factor for factor in units]
    factor = min(factors, key=lambda one: _apart(typical * one, middle))
    return values if factor == 1 else np.floor(values * factor).astype(np.int64)


def _apart(a: float, b: float) -> float:
    return float(abs(np.arcsinh(a) - np.arcsinh(b)))


def _unit(type_: str) -> float:
    """How many of a time type's units are a second; 0 for other types."""
    if type_.startswith("date32"):
        return 1 / 86_400
    unit = type_.partition("[")[2].rstrip("]").partition(",")[0] if type_.startswith(TIMES) else ""
    return _IN_A_SECOND.get(unit, 0)


def _as_duration(array: Arrow, target: Arrow) -> Arrow:
    """A time of day as the duration since midnight, or back, where the other is wanted: some writers mark
    durations as times of day."""
    import pyarrow as pa
    import pyarrow.types as t

    if t.is_duration(target) and t.is_time(array.type):
        whole = array.cast(pa.time64("us")) if array.type.unit in ("s", "ms") else array
        return whole.view(pa.int64()).cast(pa.duration(whole.type.unit))
    if t.is_time(target) and t.is_duration(array.type):
        return array.cast(pa.duration("us"), safe=False).view(pa.int64()).view(pa.time64("us"))
    return array


def from_text(type_: str) -> object:
    """A timestamp type with a zone or unit that has no alias; None lets the parser infer."""
    import pyarrow as pa

    unit, _, zone = type_.removeprefix("timestamp[").removesuffix("]").partition(", tz=")
    return pa.timestamp(unit, tz=zone or None) if unit in ("s", "ms", "us", "ns") else None


def same_precision(
    values: AnyArray, type_: str, edges: AnyArray, grid_type: str, exact: tuple[int, ...]
) -> tuple[AnyArray, AnyArray]:
    """(values, edges) of one column in the coarser of both precisions: rounding after the grid was made would
    move equal values to the other side of an exact edge. ``type_``, ``grid_type``: as Arrow
    names the types of the batch and of the reference; ``exact``: the grid's bins of one value."""
    if type_ == grid_type or edges.dtype.kind != "f" or values.dtype.kind != "f":
        return values, edges
    mine, theirs = _bits(type_), _bits(grid_type)
    if mine < theirs:
        edges = _narrow_edges(edges.tobytes(), edges.dtype.str, type_, exact)
    elif theirs < mine:
        values = _narrowed(values, grid_type)
    return values, edges


def _bits(type_: str) -> int:
    return {"halffloat": 16, "float": 32}.get(type_, 64)


def _narrowed(values: AnyArray, type_: str) -> AnyArray:
    """Values as the narrow type holds them, in float32; those beyond its range as they are."""
    kind = _NARROW[type_]
    with np.errstate(over="ignore"):
        result = values.astype(kind)
        out = result.astype(np.float32)
    if kind is np.float16:
        beyond = np.isinf(out) & np.isfinite(values)
        out[beyond] = values[beyond]
    return out


@lru_cache(maxsize=256)
def _narrow_edges(raw: bytes, dtype: str, type_: str, exact: tuple[int, ...]) -> AnyArray:
    """Rounded edges, those around an exact value around the rounded value."""
    edges = np.frombuffer(raw, dtype=np.dtype(dtype))
    rounded = _narrowed(edges, type_)
    at = np.array([index for index in exact if 0 < index < len(edges)], dtype=np.int64)
    if len(at):
        middle = _narrowed((edges[at - 1] + edges[at]) / 2, type_)
        rounded[at] = middle
        rounded[at - 1] = np.nextafter(middle, np.float32(-np.inf))
    return rounded
