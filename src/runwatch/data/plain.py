"""Arrow arrays of any type as one of the few types that are counted: extension types by their storage,
encodings decoded, nested values as columns of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from runwatch.data.arrays import as_text, family, from_numpy, numbers, taken, valid_mask
from runwatch.domain.borders import Arrow
from runwatch.domain.points import AnyArray

MAX_DEPTH = 4
MAX_LEAVES = 200
_MONTH_MS, _DAY_MS = 30 * 86_400_000, 86_400_000


def plain_type(type_: Arrow) -> object:
    """The type that ``plain`` turns ``type_`` into."""
    import pyarrow as pa
    import pyarrow.types as t

    name = _extension(type_)
    if name == "arrow.bool8":
        return pa.bool_()
    if name == "arrow.uuid":
        return pa.string()
    if name:
        return plain_type(type_.storage_type)
    if t.is_run_end_encoded(type_):
        return plain_type(type_.value_type)
    if t.is_dictionary(type_):
        inner = plain_type(type_.value_type)
        viewed = inner != type_.value_type
        return pa.dictionary(type_.index_type, inner, type_.ordered) if viewed else type_
    if str(type_) == "string_view":
        return pa.string()
    if str(type_) == "binary_view":
        return pa.binary()
    return pa.duration("ms") if type_ == pa.month_day_nano_interval() else type_


def plain(array: Arrow) -> Arrow:
    """``array`` with extension types, run ends, views and intervals as the plain type of the same values."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as t

    type_ = array.type
    target = plain_type(type_)
    if target == type_:
        return array
    name = _extension(type_)
    if name == "arrow.bool8":
        return pc.not_equal(array.storage, pa.scalar(0, pa.int8()))
    if name == "arrow.uuid":
        return uuids(array.storage)
    if name:
        return plain(array.storage)
    if t.is_run_end_encoded(type_):
        return plain(pc.run_end_decode(array))
    if t.is_dictionary(type_):
        return pa.DictionaryArray.from_arrays(array.indices, plain(array.dictionary), ordered=type_.ordered)
    if type_ == pa.month_day_nano_interval():
        return _from_interval(array)
    return array.cast(target)


def _extension(type_: object) -> str:
    import pyarrow as pa

    return str(type_.extension_name) if isinstance(type_, pa.BaseExtensionType) else ""


def uuids(array: Arrow) -> object:
    """16-byte values as UUIDs are written, so that they equal those of a text format."""
    import pyarrow as pa

    mask = valid_mask(array)
    raw = np.frombuffer(array.buffers()[1], dtype=np.uint8)
    raw = raw[16 * array.offset : 16 * (array.offset + len(array))].reshape(-1, 16)[mask]
    digits = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    pairs = np.stack([digits[raw >> 4], digits[raw & 15]], axis=2).reshape(-1, 32)
    text = np.full((len(raw), 36), ord("-"), dtype=np.uint8)
    text[:, [i for i in range(36) if i not in (8, 13, 18, 23)]] = pairs
    offsets = np.concatenate([[0], np.cumsum(36 * mask)]).astype(np.int32)
    bits = pa.py_buffer(np.packbits(mask, bitorder="little")) if array.null_count else None
    return pa.Array.from_buffers(
        pa.string(), len(array), [bits, pa.py_buffer(offsets), pa.py_buffer(text.tobytes() or b"\0")]
    )


def _from_interval(array: Arrow) -> object:
    """Calendar intervals as durations of 30-day months, in milliseconds."""
    return _as_durations(array, [("months", "<i4"), ("days", "<i4"), ("rest", "<i8")], 1_000_000)


def interval_bytes(array: Arrow) -> object:
    """Parquet's INTERVAL (months, days, milliseconds as 4 bytes each) as durations."""
    return _as_durations(array, [("months", "<u4"), ("days", "<u4"), ("rest", "<u4")], 1)


def _as_durations(array: Arrow, layout: list[tuple[str, str]], in_ms: int) -> Arrow:
    import pyarrow as pa

    values = _records(array, layout)
    days = values["months"].astype(np.int64) * _MONTH_MS + values["days"].astype(np.int64) * _DAY_MS
    return from_numpy(days + values["rest"] // in_ms, pa.duration("ms"), valid_mask(array))


def _records(array: Arrow, layout: list[tuple[str, str]]) -> AnyArray:
    """The fields of values of a fixed width."""
    kind, count = np.dtype(layout), array.offset + len(array)
    return np.frombuffer(array.buffers()[1], kind, count)[array.offset :] if count else np.empty(0, kind)


def whole_128(array: Arrow) -> object:
    """128-bit integers, little-endian in 16 bytes, as float64."""
    import pyarrow as pa

    values = _records(array, [("low", "<u8"), ("high", "<i8")])
    result = values["high"].astype(np.float64) * 2.0**64 + values["low"]
    return from_numpy(result, pa.float64(), valid_mask(array))


def leaf_types(name: str, type_: Arrow) -> Iterator[tuple[str, object]]:
    """(name, type) of the columns that ``leaves`` makes of a column of this type."""
    import pyarrow as pa

    type_ = plain_type(type_)
    if family(type_) == "nested":
        for leaf, array in leaves(name, pa.nulls(0, type_)):
            yield leaf, array.type


def leaves(name: str, array: Arrow, depth: int = 0) -> Iterator[tuple[str, Arrow]]:
    """The columns that a nested column stands for beside itself, one value a row: a struct's fields as
    ``name.field``; of lists and maps the ``name.length``, of numbers in lists the ``name.mean`` and
    ``name.spread`` of a row, of other lists and of maps the ``name.first`` element or key (of a map of few
    keys ``by_key`` makes a struct before)."""
    import pyarrow.types as t

    array = plain(array)
    if depth >= MAX_DEPTH:
        return
    if t.is_struct(array.type):
        for field, child in zip(array.type, array.flatten(), strict=True):
            yield f"{name}.{field.name}", plain(child)
            yield from leaves(f"{name}.{field.name}", child, depth + 1)
    elif t.is_map(array.type):
        starts, lengths = _extents(array)
        yield f"{name}.length", _numbers(lengths, array, "int32")
        yield f"{name}.first", _first(plain(array.keys), starts, lengths)
    elif is_list(array.type):
        yield from _list_leaves(name, array)


def map_keys(array: Arrow, most: int = MAX_LEAVES) -> tuple[str, ...]:
    """The keys in a map column, in order of appearance; none when they are more than ``most``, since such
    keys are values."""
    keys = as_text(plain(array.keys)).unique().drop_null().to_pylist()
    return tuple(keys) if len(keys) <= most else ()


def by_key(array: Arrow, keys: Sequence[str]) -> object:
    """A map column as the struct of its values by these keys: null where a row has not got one."""
    import pyarrow as pa

    starts, lengths = _extents(array)
    rows = np.repeat(np.arange(len(array)), lengths)
    begins = np.cumsum(lengths) - lengths
    at = np.arange(len(rows)) + np.repeat(starts - begins, lengths)
    flat_keys = taken(as_text(plain(array.keys)), at)
    items, fields = plain(array.items), []
    for key in keys:
        hits = np.flatnonzero(_equal(flat_keys, key))
        place = np.zeros(len(array), dtype=np.int64)
        place[rows[hits]] = at[hits]
        present = np.zeros(len(array), dtype=bool)
        present[rows[hits]] = True
        fields.append(taken(items, place, present))
    return pa.StructArray.from_arrays(fields, names=list(keys)) if keys else array


def _equal(values: Arrow, word: str) -> Arrow:
    import pyarrow as pa
    import pyarrow.compute as pc

    same = pc.fill_null(pc.equal(values, pa.scalar(word, pa.string())), False)
    return numbers(same).astype(bool)


def is_list(type_: object) -> bool:
    import pyarrow.types as t

    return bool(t.is_list(type_) or t.is_large_list(type_) or t.is_fixed_size_list(type_))


def _list_leaves(name: str, array: Arrow) -> Iterator[tuple[str, Arrow]]:
    import pyarrow.types as t

    starts, lengths = _extents(array)
    yield f"{name}.length", _numbers(lengths, array, "int32")
    values = plain(array.values)
    if family(values.type) == "number" and not t.is_duration(values.type):
        mean, spread = _moments(values, starts, lengths)
        yield f"{name}.mean", _numbers(mean, array, "float64", lengths > 0)
        yield f"{name}.spread", _numbers(spread, array, "float64", lengths > 0)
    elif family(values.type) != "nested":
        yield f"{name}.first", _first(values, starts, lengths)


def _extents(array: Arrow) -> tuple[Arrow, Arrow]:
    """(start in the child values, length) of each row; 0 long where the row is null."""
    import pyarrow.types as t

    n = len(array)
    if t.is_fixed_size_list(array.type):
        size = array.type.list_size
        starts, lengths = (np.arange(n) + array.offset) * size, np.full(n, size)
    else:
        kind = np.int64 if t.is_large_list(array.type) else np.int32
        where = np.frombuffer(array.buffers()[1], dtype=kind)[array.offset : array.offset + n + 1]
        starts, lengths = where[:-1].astype(np.int64), np.diff(where).astype(np.int64)
    return starts, np.where(valid_mask(array), lengths, 0)


def _moments(values: Arrow, starts: Arrow, lengths: Arrow) -> tuple[Arrow, Arrow]:
    """Mean and standard deviation of each row's numbers, missing ones as NaN."""
    flat = np.full(len(values) + 1, np.nan)  # one more, so that a last row's end is an index
    flat[:-1][valid_mask(values)] = numbers(values)
    mean, spread = np.full(len(lengths), np.nan), np.full(len(lengths), np.nan)
    full = np.flatnonzero(lengths > 0)
    if len(full):
        bounds = np.stack([starts[full], starts[full] + lengths[full]], axis=1).ravel()
        with np.errstate(invalid="ignore", over="ignore"):
            middle = np.add.reduceat(flat, bounds)[::2] / lengths[full]
        rows = np.repeat(full, lengths[full])
        begins = np.cumsum(lengths[full]) - lengths[full]
        at = np.arange(len(rows)) + np.repeat(starts[full] - begins, lengths[full])
        mean[full] = middle
        with np.errstate(invalid="ignore", over="ignore"):  # a row with an infinity has no spread
            apart = flat[at] - mean[rows]
            spread[full] = np.sqrt(np.add.reduceat(apart * apart, begins) / lengths[full])
    return mean, spread


def _numbers(values: Arrow, like: Arrow, kind: str, present: Arrow = None) -> Arrow:
    import pyarrow as pa

    mask = valid_mask(like) if present is None else valid_mask(like) & present
    return from_numpy(np.where(mask, values, 0).astype(kind), pa.type_for_alias(kind), mask)


def _first(values: Arrow, starts: Arrow, lengths: Arrow) -> Arrow:
    """The first element of each row, null where there is none."""
    present = lengths > 0
    return taken(values, np.where(present, starts, 0), present)
