"""Comparing values of two precisions in the coarser one: rounding after the grid was made would move equal
values to the other side of an exact edge."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NARROW: dict[str, Any] = {"halffloat": np.float16, "float": np.float32}
_ULPS = 4


def same_precision(
    values: NDArray[Any], type_: str, edges: NDArray[Any], grid_type: str
) -> tuple[NDArray[Any], NDArray[Any]]:
    """(values, edges) of one column in the coarser of both precisions. ``type_``, ``grid_type``: as Arrow
    names the types of the batch and of the reference."""
    if type_ == grid_type or edges.dtype.kind != "f" or values.dtype.kind != "f":
        return values, edges
    scale, grid_scale = _scale(type_), _scale(grid_type)
    if scale is not None and grid_scale is None:
        edges = _snapped_edges(edges.tobytes(), edges.dtype.str, scale)
    elif grid_scale is not None and scale is None:
        values = _snapped(values, grid_scale)
    mine, theirs = _bits(type_), _bits(grid_type)
    if mine < theirs:
        edges = _narrow_edges(edges.tobytes(), edges.dtype.str, type_)
    elif theirs < mine:
        values = _narrowed(values, grid_type)
    return values, edges


def _bits(type_: str) -> int:
    return {"halffloat": 16, "float": 32}.get(type_, 64)


def _scale(type_: str) -> int | None:
    """Decimal places of a decimal type."""
    if not type_.startswith("decimal"):
        return None
    return int(type_.rstrip(")").rpartition(",")[2])


def _narrowed(values: NDArray[Any], type_: str) -> NDArray[Any]:
    """Values as the narrow type holds them, in float32; those beyond its range as they are."""
    kind = _NARROW[type_]
    with np.errstate(over="ignore"):
        made = values.astype(kind)
    out = made.astype(np.float32)
    if kind is np.float16:
        beyond = np.isinf(out) & np.isfinite(values)
        out[beyond] = values[beyond]
    return out


@lru_cache(maxsize=256)
def _narrow_edges(raw: bytes, dtype: str, type_: str) -> NDArray[Any]:
    edges = np.frombuffer(raw, dtype=np.dtype(dtype))
    return _below_atoms(edges, _narrowed(edges, type_))


@lru_cache(maxsize=256)
def _snapped_edges(raw: bytes, dtype: str, scale: int) -> NDArray[Any]:
    edges = np.frombuffer(raw, dtype=np.dtype(dtype))
    return _below_atoms(edges, _snapped(edges, scale))


def _snapped(values: NDArray[Any], scale: int) -> NDArray[Any]:
    """Values that differ from one of so many decimal places by rounding only, as that one."""
    if not 0 <= scale <= 15:
        return values
    with np.errstate(invalid="ignore", over="ignore"):
        nearest = np.rint(values * 10.0**scale) / 10.0**scale
        close = np.abs(nearest - values) <= _ULPS * np.spacing(np.abs(values))
    return np.where(close, nearest, values).astype(values.dtype)


def _below_atoms(edges: NDArray[Any], rounded: NDArray[Any]) -> NDArray[Any]:
    """Rounded edges, those just below an exact value just below the rounded value again."""
    if len(edges) > 1:
        just_below = np.nextafter(edges[1:], edges.dtype.type(-np.inf)) == edges[:-1]
        below = np.nextafter(rounded[1:], rounded.dtype.type(-np.inf))
        rounded = rounded.copy()
        rounded[:-1] = np.where(just_below, below, rounded[:-1])
    return rounded
