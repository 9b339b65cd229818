"""From Arrow arrays to numpy without waking pandas, which ``Array.to_numpy`` and ``pyarrow.array`` import."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from runwatch.domain.borders import Arrow
from runwatch.domain.points import AnyArray

_EXACT_POWERS = 22
_EXACT_WHOLE = 1 << 53

Family = Literal["number", "time", "boolean", "string", "binary", "null", "nested"]


def family(type_: Arrow) -> Family:
    """What an Arrow type is to us."""
    import pyarrow.types as t

    if t.is_dictionary(type_):
        return family(type_.value_type)
    if t.is_boolean(type_):
        return "boolean"
    if t.is_integer(type_) or t.is_floating(type_) or t.is_decimal(type_) or t.is_duration(type_):
        return "number"
    if t.is_timestamp(type_) or t.is_date(type_) or t.is_time(type_):
        return "time"
    if t.is_string(type_) or t.is_large_string(type_) or str(type_) == "string_view":
        return "string"
    if t.is_binary(type_) or t.is_large_binary(type_) or t.is_fixed_size_binary(type_):
        return "binary"
    return "null" if t.is_null(type_) else "nested"


def numbers(array: Arrow) -> AnyArray:
    """The non-null values of a numeric, time, boolean or duration array, in their own dtype: decimals as
    float64, half floats as float32, times as int64 in their unit. Zero-copy where there are no nulls."""
    import pyarrow as pa
    import pyarrow.types as t

    if t.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if array.null_count:
        array = array.drop_null()
    kind = array.type
    if t.is_boolean(kind):
        array = array.cast(pa.uint8())
    elif t.is_decimal(kind):
        return _decimals(array)
    elif t.is_float16(kind):
        array = array.cast(pa.float32())
    elif t.is_date32(kind) or t.is_time32(kind):
        array = array.view(pa.int32()).cast(pa.int64())
    elif t.is_timestamp(kind) or t.is_date64(kind) or t.is_time64(kind) or t.is_duration(kind):
        array = array.view(pa.int64())
    return buffer_values(array)


def _decimals(array: Arrow) -> NDArray[np.float64]:
    """Decimals without nulls, each as the float64 nearest to it, which Arrow's own cast does not give."""
    width, scale = array.type.bit_width // 8, array.type.scale
    raw = np.frombuffer(array.buffers()[1], dtype=np.uint8)
    raw = raw[width * array.offset : width * (array.offset + len(array))].reshape(-1, width)
    if width == 4:
        whole = np.ascontiguousarray(raw).view("<i4")[:, 0].astype(np.int64)
        fits = True
    else:
        words = np.ascontiguousarray(raw).view("<i8")
        whole = words[:, 0]
        fits = bool((words[:, 1:] == (whole >> 63)[:, None]).all())
    fits = fits and 0 <= scale <= _EXACT_POWERS
    if fits and bool(((whole <= _EXACT_WHOLE) & (whole >= -_EXACT_WHOLE)).all()):
        return np.asarray(whole / 10.0**scale, dtype=np.float64)
    return np.array([float(value) for value in array.to_pylist()], dtype=np.float64)


def buffer_values(array: Arrow) -> AnyArray:
    """The values of a primitive array without nulls as numpy sees its buffer."""
    if len(array) == 0:
        return np.empty(0, dtype=numpy_type(array.type))
    values = np.frombuffer(array.buffers()[1], dtype=numpy_type(array.type))
    return values[array.offset : array.offset + len(array)]


def valid_mask(array: Arrow) -> NDArray[np.bool_]:
    """Which rows are not null: bool ``[n]``."""
    bits = array.buffers()[0]
    if bits is None:
        return np.full(len(array), array.null_count == 0)
    unpacked = np.unpackbits(np.frombuffer(bits, dtype=np.uint8), bitorder="little")
    return unpacked[array.offset : array.offset + len(array)].astype(bool)


def numpy_type(type_: object) -> np.dtype[Any]:
    """The numpy dtype of a primitive Arrow type."""
    names = {"double": "float64", "float": "float32", "halffloat": "float16"}
    name = str(type_)
    return np.dtype(names.get(name, name))


def from_numpy(values: AnyArray, type_: Arrow, valid: NDArray[np.bool_] | None = None) -> Arrow:
    """NumPy's values as an Arrow array of a primitive type that lies in memory alike; null where not
    ``valid``."""
    import pyarrow as pa

    bits = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(type_, len(values), [bits, pa.py_buffer(np.ascontiguousarray(values))])


def taken(array: Arrow, rows: AnyArray, valid: NDArray[np.bool_] | None = None) -> Arrow:
    """The values at the whole numbers ``rows``; null where not ``valid``."""
    import pyarrow as pa

    return array.take(from_numpy(rows.astype(np.int64), pa.int64(), valid))


def strings(values: Sequence[str]) -> Arrow:
    """An Arrow string array of Python strings."""
    import pyarrow as pa

    encoded = [value.encode("utf-8", "backslashreplace") for value in values]
    lengths = np.fromiter((len(value) for value in encoded), dtype=np.int64, count=len(encoded))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.StringArray.from_buffers(
        len(encoded), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded) or b"\0")
    )


def as_text(array: Arrow) -> Arrow:
    """Any array as plain strings (``pa.string()``), bytes that are no UTF-8 as backslash escapes; nested
    values are left as they are."""
    import pyarrow as pa
    import pyarrow.types as t

    if t.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if t.is_string(array.type) or family(array.type) == "nested":
        return array
    if family(array.type) == "binary":
        values = [None if v is None else v.decode("utf-8", "backslashreplace") for v in array.to_pylist()]
        return pa.array(values, type=pa.string())
    return array.cast(pa.string())


def spans(array: Arrow) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """(offsets int32 ``[n + 1]``, bytes uint8) of a string array without nulls."""
    if len(array) == 0:
        return np.zeros(1, dtype=np.int32), np.empty(0, dtype=np.uint8)
    _, offsets, data = array.buffers()
    where = np.frombuffer(offsets, dtype=np.int32)[array.offset : array.offset + len(array) + 1]
    content = np.frombuffer(data, dtype=np.uint8) if data is not None else np.empty(0, dtype=np.uint8)
    return where, content


def longest(array: Arrow) -> int:
    """Bytes of the longest value of a text or binary array; 0 for other types."""
    import pyarrow.types as t

    lengths = _lengths(array.dictionary if t.is_dictionary(array.type) else array)
    return int(lengths.max()) if len(lengths) else 0


def empty_words(array: Arrow) -> int:
    """How many values are text without a character."""
    import pyarrow.types as t

    if family(array.type) != "string":
        return 0
    words = array.dictionary if t.is_dictionary(array.type) else array
    empty = _lengths(words) == 0
    if not empty.any():
        return 0
    empty &= valid_mask(words)
    return int((empty[buffer_values(array.indices.drop_null())] if words is not array else empty).sum())


def _lengths(array: Arrow) -> NDArray[np.int64] | NDArray[np.int32]:
    """Bytes of each value of a text or binary array; none of other types."""
    import pyarrow.types as t

    small = t.is_string(array.type) or t.is_binary(array.type)
    large = t.is_large_string(array.type) or t.is_large_binary(array.type)
    if not len(array) or not (small or large):
        return np.empty(0, dtype=np.int64)
    where = np.frombuffer(array.buffers()[1], dtype=np.int32 if small else np.int64)
    return np.diff(where[array.offset : array.offset + len(array) + 1])


def blank_is_missing(array: Arrow) -> object:
    """A text column with its empty cells as nulls; "NA", "null" and "None" are words like others there."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        return array
    blank = pc.equal(pc.binary_length(array), 0)
    return pc.if_else(blank, pa.scalar(None, array.type), array) if pc.any(blank).as_py() else array
