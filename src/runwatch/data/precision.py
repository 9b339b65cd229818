"""Comparing values of two precisions in the coarser one: rounding after the grid was made would move equal
values to the other side of an exact edge."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from runwatch.domain.borders import JsonDict
from runwatch.domain.points import AnyArray

_NARROW: JsonDict = {"halffloat": np.float16, "float": np.float32}


def same_precision(
    values: AnyArray, type_: str, edges: AnyArray, grid_type: str, exact: tuple[int, ...]
) -> tuple[AnyArray, AnyArray]:
    """(values, edges) of one column in the coarser of both precisions. ``type_``, ``grid_type``: as Arrow
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
