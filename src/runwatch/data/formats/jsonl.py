"""JSON lines: blocks of whole lines through Arrow's parser; a block with a bad line or mixed types is read
line by line, and lines that are no JSON object are counted and left out. One array of objects is read too."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache

import msgspec
import numpy as np

from runwatch.data.data_file import DataFile
from runwatch.data.errors import DataError
from runwatch.data.formats.base import MAX_COLUMNS, MAX_LINE, ColumnBlock, Piece
from runwatch.data.formats.stream import BLOCK, opened, packed
from runwatch.domain.borders import Arrow, JsonMapping
from runwatch.readers.common.bounded_json import refuse_many

SUFFIXES = packed((".jsonl", ".ndjson", ".json"))
COLUMNAR = False
TYPED = False
BLANK_IS_MISSING = False
MAX_DEPTH = 64
MAX_ARRAY = 64 << 20
_KEY = re.compile(rb'"((?:[^"\\]|\\.)*)"\s*:')
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(Z|[+-]\d\d:?\d\d)?$")


def _chunks(file: DataFile, start: int = 0) -> Iterator[bytes]:
    """Blocks of whole lines, about 1 MiB each; the last may lack its newline. A line of more than 8 MiB or a
    value nested deeper than 64 levels is a DataError: no parser is given it."""
    with opened(file, start) as handle:
        first = True
        while block := handle.read(BLOCK):
            if first and block.lstrip()[:1] == b"[":
                yield from _array(block + handle.read(MAX_ARRAY + 1), file)
                return
            first = False
            if not block.endswith(b"\n"):
                block += _rest_of_line(handle, file)
            if block.strip():
                yield _checked(block, file)


def _rest_of_line(handle: object, file: DataFile) -> bytes:
    rest = b"" if not hasattr(handle, "readline") else handle.readline(MAX_LINE + 1)
    if len(rest) > MAX_LINE:
        what = f"has a line of more than {MAX_LINE >> 20} MiB"
        raise DataError(file.name, what, "write one JSON object per line, and split long values")
    return bytes(rest)


def _array(text: bytes, file: DataFile) -> Iterator[bytes]:
    """The objects of one JSON array, as blocks of lines."""
    if len(text) > MAX_ARRAY:
        what = f"is one JSON array of more than {MAX_ARRAY >> 20} MiB"
        raise DataError(file.name, what, "write one JSON object per line (JSON lines)")
    _checked(text, file)
    try:
        rows = _rows(text)
    except ValueError as error:
        raise DataError(
            file.name, f"is not valid JSON ({error})", "wait for it, or write it again"
        ) from error
    if not all(bytes(row[:1]) == b"{" for row in rows):
        raise DataError(file.name, "is not an array of JSON objects", "write one JSON object per line")
    for start in range(0, len(rows), 2000):
        yield b"".join(bytes(row) + b"\n" for row in rows[start : start + 2000])


def _rows(text: bytes) -> Sequence[bytes | memoryview]:
    """Each row on a line of its own. Raises ValueError."""
    try:
        compact = msgspec.json.format(text, indent=-1)
        return [memoryview(row) for row in msgspec.json.decode(compact, type=list[msgspec.Raw])]
    except msgspec.DecodeError:  # NaN is no JSON, but written
        refuse_many(text)
        return [json.dumps(row).encode() for row in json.loads(text)]


def _checked(block: bytes, file: DataFile) -> bytes:
    if _depth(block) > MAX_DEPTH and any(_depth(line) > MAX_DEPTH for line in block.splitlines()):
        raise DataError(file.name, f"nests values more than {MAX_DEPTH} deep", "flatten them at the source")
    return block


def _depth(text: bytes) -> int:
    """The deepest nesting, brackets in strings counted as if they were some: never less than the true one."""
    raw = np.frombuffer(text, dtype=np.uint8)
    opens = (raw == ord("{")) | (raw == ord("["))
    closes = (raw == ord("}")) | (raw == ord("]"))
    return int(np.cumsum(opens.astype(np.int32) - closes, dtype=np.int32).max(initial=0))


@lru_cache(maxsize=64)
def _names(file: DataFile) -> tuple[tuple[str, Arrow], ...]:
    """Every key of every line with a type that its values have; of text and numbers the text."""
    types: dict[str, object] = {}
    keys: set[bytes] = set()
    for block in _chunks(file):
        _few_keys(keys, block, file)
        table, _ = _parsed(block, {})
        for field in table.schema:
            types[field.name] = _wider(types.get(field.name), field.type)
    if not types:
        raise DataError(file.name, *_nothing(file))
    return tuple(types.items())


def _few_keys(known: set[bytes], block: bytes, file: DataFile) -> None:
    """Adds a block's keys to those known. DataError past 10,000, before a parser makes a column of each."""
    known.update(_KEY.findall(block))
    if len(known) > MAX_COLUMNS:
        what = f"has more than {MAX_COLUMNS:,} different keys"
        raise DataError(file.name, what, "keep names that vary in a value, not in a key")


def _nothing(file: DataFile) -> tuple[str, str]:
    if any(block.strip() for block in _chunks(file)):
        return "holds no JSON objects, one a line", "write JSON lines: one JSON object per line"
    return "is empty", "write one JSON object per line, or leave it out"


def _wider(old: object, new: object) -> Arrow:
    import pyarrow as pa
    import pyarrow.types as t

    if old is None or old == new or t.is_null(old):
        return new
    if t.is_null(new) or t.is_nested(old):
        return old
    numbers = all(t.is_integer(kind) or t.is_floating(kind) for kind in (old, new))
    return pa.float64() if numbers else new if t.is_nested(new) else pa.string()


def schema(file: DataFile) -> list[tuple[str, Arrow]]:
    return list(_names(file))


def pieces(file: DataFile) -> list[Piece]:
    return [Piece(file, "all")]


def read(piece: Piece, types: JsonMapping, coded: frozenset[str]) -> Iterator[ColumnBlock]:
    """``piece``: "all", or "from:BYTE" for the rows that begin at that offset. A key that is in none of a
    block's lines is missing in all of them."""
    import pyarrow as pa

    start, keys = int(piece.part.partition(":")[2] or 0), set[bytes]()
    for block in _chunks(piece.file, start):
        if start:
            _few_keys(keys, block, piece.file)
        table, skipped = _parsed(block, types)
        absent = [name for name in types if name not in table.column_names]
        for batch in table.to_batches():
            pairs = zip(batch.schema.names, batch.columns, strict=True)
            columns = [(name, column) for name, column in pairs if name in types]
            columns.extend((name, pa.nulls(batch.num_rows)) for name in absent)
            yield ColumnBlock(batch.num_rows, columns, skipped)
            skipped = 0
        if skipped:
            yield ColumnBlock(0, [], skipped)


def _parsed(block: bytes, types: Mapping[str, object]) -> tuple[Arrow, int]:
    """(table, lines left out)."""
    import pyarrow as pa
    import pyarrow.json as pajson

    known = [(name, kind) for name, kind in types.items() if kind is not None and not _written(kind)]
    try:
        options = pajson.ParseOptions(explicit_schema=pa.schema(known) if known else None)
        read_options = pajson.ReadOptions(use_threads=False, block_size=max(len(block) + 1, BLOCK))
        table = pajson.read_json(io.BytesIO(block), read_options=read_options, parse_options=options)
        skipped = 0
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowKeyError):
        table, skipped = _line_by_line(block)
    return _timed(table, {name for name, _ in known}), skipped


def _written(kind: object) -> bool:
    """Whether the type is text in JSON that Arrow's parser would not take for it."""
    import pyarrow.types as t

    written = t.is_date(kind) or t.is_time(kind) or t.is_fixed_size_binary(kind) or t.is_decimal(kind)
    written = written or t.is_duration(kind)
    return bool(written or t.is_nested(kind) or t.is_binary(kind) or t.is_large_binary(kind))


def _timed(table: Arrow, known: set[str]) -> object:
    """ISO 8601 times with fractions of a second, which Arrow's parser leaves as text, as times; columns of a
    ``known`` type stay as they are."""
    import pyarrow as pa

    for index, field in enumerate(table.schema):
        column = table.column(index)
        if field.type != pa.string() or field.name in known or column.null_count == len(column):
            continue
        match = _TIME.match(column.drop_null()[0].as_py())
        if match is None:
            continue
        try:
            result = column.cast(pa.timestamp("us", "UTC" if match.group(1) else None))
        except pa.ArrowInvalid:
            continue
        table = table.set_column(index, field.name, result)
    return table


def _line_by_line(block: bytes) -> tuple[object, int]:
    rows: list[dict[str, object]] = []
    skipped = 0
    for line in block.splitlines():
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict):
            rows.append(row)
        else:
            skipped += 1
    names = list(dict.fromkeys(name for row in rows for name in row))
    return _table(names, rows), skipped


def _table(names: list[str], rows: list[dict[str, object]]) -> Arrow:
    import pyarrow as pa

    return pa.table({name: _column([row.get(name) for row in rows]) for name in names})


def _column(values: list[Arrow]) -> Arrow:
    """An array of one type: numbers, booleans or nested values if all are, else text."""
    import pyarrow as pa

    present = [value for value in values if value is not None]
    if all(isinstance(value, bool) for value in present):
        return pa.array(values, type=pa.bool_())
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in present):
        return pa.array([None if value is None else float(value) for value in values], type=pa.float64())
    if present and all(isinstance(value, list | dict) for value in present):
        with suppress(pa.ArrowInvalid, pa.ArrowTypeError):
            return pa.array(values)
    return pa.array([_text(value) for value in values], type=pa.string())


def _text(value: object) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
