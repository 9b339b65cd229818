"""JSON lines: blocks of whole lines through Arrow's parser; a block with a bad line or mixed types is read
line by line, and lines that are no JSON object are counted and left out."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from runwatch.data.errors import DataError
from runwatch.data.files import DataFile, open_bytes
from runwatch.data.formats.base import Block, Part

SUFFIXES = (".jsonl", ".ndjson")
COLUMNAR = False
BLOCK = 1 << 20
MAX_LINE = 8 << 20
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(Z|[+-]\d\d:?\d\d)?$")


def _chunks(file: DataFile, start: int = 0) -> Iterator[bytes]:
    """Blocks of whole lines, about 1 MiB each; the last may lack its newline."""
    with open_bytes(file) as handle:
        handle.seek(start)
        while block := handle.read(BLOCK):
            if not block.endswith(b"\n"):
                block += handle.readline(MAX_LINE)
            if block.strip():
                yield block


def schema(file: DataFile) -> list[tuple[str, Any]]:
    for block in _chunks(file):
        table, _ = _parsed(block, {})
        return [(field.name, field.type) for field in table.schema]
    raise DataError(file.name, "is empty", "write one JSON object a line, or leave it out")


def parts(file: DataFile) -> list[Part]:
    return [Part("all", None)]


def read(file: DataFile, part: str, wanted: Mapping[str, Any], coded: frozenset[str]) -> Iterator[Block]:
    """``part``: "all", or "from:BYTE" for the rows that begin at that offset."""
    for block in _chunks(file, int(part.partition(":")[2] or 0)):
        table, skipped = _parsed(block, wanted)
        for batch in table.to_batches():
            pairs = zip(batch.schema.names, batch.columns, strict=True)
            yield Block(batch.num_rows, [(name, column) for name, column in pairs if name in wanted], skipped)
            skipped = 0
        if skipped:
            yield Block(0, [], skipped)


def _parsed(block: bytes, wanted: Mapping[str, Any]) -> tuple[Any, int]:
    """(table, lines left out)."""
    import pyarrow as pa
    import pyarrow.json as pajson

    known = [(name, kind) for name, kind in wanted.items() if kind is not None and not _written(kind)]
    try:
        options = pajson.ParseOptions(explicit_schema=pa.schema(known) if known else None)
        read_options = pajson.ReadOptions(use_threads=False, block_size=max(len(block) + 1, BLOCK))
        table = pajson.read_json(io.BytesIO(block), read_options=read_options, parse_options=options)
        skipped = 0
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowKeyError):
        table, skipped = _line_by_line(block)
    return _timed(table, {name for name, _ in known}), skipped


def _written(kind: Any) -> bool:
    """Whether the type is text in JSON that Arrow's parser would not take for it."""
    import pyarrow.types as t

    return bool(t.is_date(kind) or t.is_time(kind) or t.is_fixed_size_binary(kind))


def _timed(table: Any, known: set[str]) -> Any:
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
            made = column.cast(pa.timestamp("us", "UTC" if match.group(1) else None))
        except pa.ArrowInvalid:
            continue
        table = table.set_column(index, field.name, made)
    return table


def _line_by_line(block: bytes) -> tuple[Any, int]:
    rows: list[dict[str, Any]] = []
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


def _table(names: list[str], rows: list[dict[str, Any]]) -> Any:
    import pyarrow as pa

    return pa.table({name: _column([row.get(name) for row in rows]) for name in names})


def _column(values: list[Any]) -> Any:
    """An array of one type: numbers or booleans if all are, else text."""
    import pyarrow as pa

    present = [value for value in values if value is not None]
    if all(isinstance(value, bool) for value in present):
        return pa.array(values, type=pa.bool_())
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in present):
        return pa.array([None if value is None else float(value) for value in values], type=pa.float64())
    return pa.array([_text(value) for value in values], type=pa.string())


def _text(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
