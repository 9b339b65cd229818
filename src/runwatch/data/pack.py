"""Grids and profiles as compact bytes, and back: a JSON head, then the arrays, all through zlib."""

from __future__ import annotations

import json
import struct
import zlib

import numpy as np

from runwatch.domain.borders import JsonDict
from runwatch.domain.points import AnyArray
from runwatch.domain.profile import SCALARS, ColumnGrid, ProfileGrid, TableProfile

_PREFIX = struct.Struct("<I")


def _joined(head: JsonDict, arrays: list[AnyArray]) -> bytes:
    text = json.dumps(head, separators=(",", ":")).encode()
    body = b"".join([_PREFIX.pack(len(text)), text, *(array.tobytes() for array in arrays)])
    return zlib.compress(body, 1)


def _split(packed: bytes) -> tuple[JsonDict, bytes]:
    body = zlib.decompress(packed)
    (size,) = _PREFIX.unpack_from(body)
    return json.loads(body[_PREFIX.size : _PREFIX.size + size]), body[_PREFIX.size + size :]


def pack_profile(profile: TableProfile) -> bytes:
    """A profile without its grid, which is kept once."""
    head = {
        "grid": profile.grid.id,
        "rows": profile.rows,
        "skipped": profile.skipped,
        "schema": profile.schema,
        "dependence": len(profile.dependence),
        "blank": profile.blank_is_missing,
        "repeating": len(profile.repeating),
        "others": {str(index): table for index, table in profile.others.items()},
    }
    arrays: list[AnyArray] = [
        profile.counts,
        profile.sums,
        profile.scalars,
        profile.low,
        profile.high,
        profile.dependence,
    ]
    return _joined(head, [*arrays, profile.repeating])


def unpack_profile(packed: bytes, grid: ProfileGrid) -> TableProfile:
    """The profile that ``pack_profile`` made on ``grid``. ValueError for another grid or broken bytes."""
    try:
        head, body = _split(packed)
    except (zlib.error, struct.error, ValueError) as error:
        raise ValueError(f"not a packed profile: {error}") from error
    if head["grid"] != grid.id:
        raise ValueError("a profile of another grid")
    columns, at = len(grid.columns), 0
    arrays: list[AnyArray] = []
    shapes = (int(grid.offsets[-1]), int(grid.sum_offsets[-1]), columns * SCALARS, columns, columns)
    types = (np.int64, np.float64, np.int64, np.float64, np.float64, np.float64)
    for size, dtype in zip((*shapes, 4 * head["dependence"]), types, strict=True):
        arrays.append(np.frombuffer(body, dtype=dtype, count=size, offset=at))
        at += 8 * size
    counts, sums, scalars, low, high, dependence = arrays
    others = {int(index): dict(table) for index, table in head["others"].items()}
    schema = tuple((name, type_) for name, type_ in head["schema"])
    scalars = scalars.reshape(columns, SCALARS)
    return TableProfile(
        grid,
        head["rows"],
        counts,
        sums,
        scalars,
        low,
        high,
        others,
        schema,
        head["skipped"],
        dependence.reshape(-1, 4),
        head["blank"],
        np.frombuffer(body, dtype=np.uint32, offset=at).reshape(head["repeating"], columns),
    )


def pack_grid(grid: ProfileGrid) -> bytes:
    columns, arrays = [], []
    for column in grid.columns:
        edges = column.edges
        columns.append(
            {
                "name": column.name,
                "kind": column.kind,
                "type": column.type,
                "dtype": None if edges is None else edges.dtype.str,
                "size": 0 if edges is None else len(edges),
                "words": column.words,
                "deciles": column.deciles,
                "guessed": column.guessed,
                "unique": column.unique,
                "role": column.role,
                "notation": column.notation,
                "ascending": column.ascending,
                "exact": column.exact,
                "onward": column.onward,
                "foreign": column.foreign,
                "seen": len(column.seen),
                "rare": column.rare,
            }
        )
        if edges is not None:
            arrays.append(edges)
        arrays.append(np.frombuffer(column.seen, dtype=np.uint8))
    return _joined({"id": grid.id, "duplicates": grid.duplicates, "columns": columns}, arrays)


def unpack_grid(packed: bytes) -> ProfileGrid:
    """The grid that ``pack_grid`` packed. ValueError for broken bytes."""
    try:
        head, body = _split(packed)
    except (zlib.error, struct.error, ValueError) as error:
        raise ValueError(f"not a packed grid: {error}") from error
    at, columns = 0, []
    for entry in head["columns"]:
        edges = None
        if entry["dtype"] is not None:
            edges = np.frombuffer(body, dtype=np.dtype(entry["dtype"]), count=entry["size"], offset=at)
            at += edges.nbytes
        seen = body[at : at + entry["seen"]]
        at += len(seen)
        columns.append(
            ColumnGrid(
                entry["name"],
                entry["kind"],
                entry["type"],
                edges,
                None if entry["words"] is None else tuple(entry["words"]),
                tuple(entry["deciles"]),
                entry["guessed"],
                entry["unique"],
                entry["role"],
                seen,
                tuple(entry["rare"]),
                entry["notation"],
                entry["ascending"],
                tuple(entry["exact"]),
                entry["onward"],
                entry["foreign"],
            )
        )
    return ProfileGrid(tuple(columns), head["id"], tuple(head["duplicates"]))
