"""How a CSV file is written: what stands before its header, its delimiter, quotes and decimal point."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from runwatch.data.data_file import DataFile
from runwatch.data.errors import DataError
from runwatch.data.formats.header import begins_with_a_row

_DELIMITERS = ",;\t|"
_TRIED = 50
_SEP = re.compile(r'"?sep=(.)"?\s*$', re.IGNORECASE)
_ESCAPED = re.compile(r'\\"(?![,;\t|\r\n"]|$)')
_COMMA = re.compile(r"[+-]?\d*,\d+")
_POINT = re.compile(r"[+-]?\d*\.\d+")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
_ESCAPED_BYTES = re.compile(rb'\\"(?![,;\t|\r\n"]|$)')
_BEFORE_CELL = np.zeros(256, dtype=bool)
_BEFORE_CELL[list(b',;\t|\n"+-')] = True


class Dialect(NamedTuple):
    """How a CSV file is written."""

    names: tuple[str, ...]
    skip: int
    """Lines before the header."""
    delimiter: str
    escape: str
    """The backslash, where quotes are escaped by it."""
    decimal: str
    """The decimal point."""
    headless: bool = False
    """The first line is a row, the names are Spark's for that."""


class FileTraits(NamedTuple):
    """What occurs anywhere in the file: a quote behind a backslash, and a number that begins with a zero."""

    escaped: bool = False
    zeros: bool = False


def file_traits(blocks: Iterable[bytes]) -> FileTraits:
    """What the bytes of a whole file hold, at about 1 ns a byte."""
    escaped = zeros = False
    last = b"\n"
    for block in blocks:
        whole = last + block
        escaped = escaped or (b'\\"' in whole and _ESCAPED_BYTES.search(whole) is not None)
        zeros = zeros or _leading_zero(np.frombuffer(whole, dtype=np.uint8))
        last = whole[-2:]
    return FileTraits(escaped, zeros)


def _leading_zero(text: NDArray[np.uint8]) -> bool:
    at = np.flatnonzero(text[1:-1] == ord("0")) + 1
    at = at[_BEFORE_CELL[text[at - 1]]]
    after = text[at + 1]
    return bool(((after >= ord("0")) & (after <= ord("9"))).any())


def dialect(head: bytes, seen: FileTraits, file: DataFile) -> Dialect:
    """The dialect by the first MiB of a file. DataError when there is no header."""
    text = head.decode("utf-8-sig", "replace")
    lines = text.splitlines(keepends=True)
    skip, separators = _before_header(lines)
    body = "".join(lines[skip:])
    if not body.strip():
        raise DataError(file.name, "is empty", "write a header line and rows, or leave it out")
    escape = "\\" if seen.escaped or _ESCAPED.search(body) else ""
    tab = re.search(r"\.tsv(\.\w+)?$", file.uri.lower())
    delimiter = separators or ("\t" if tab else _delimiter(body, escape))
    records = _records(body, delimiter, escape)
    names = list(records[0]) if records else []
    if names and names[0].startswith("#"):
        names[0] = names[0].lstrip("#").strip()
    decimal = "," if delimiter != "," and _decimal_comma(records[1:]) else "."
    headless = begins_with_a_row(records, decimal)
    if headless:
        names = [f"_c{index}" for index in range(len(names))]
    return Dialect(
        tuple(names), skip=skip, delimiter=delimiter, escape=escape, decimal=decimal, headless=headless
    )


def _before_header(lines: list[str]) -> tuple[int, str]:
    """(lines of comments, blanks and ``sep=`` before the header, the delimiter that ``sep=`` names). A last
    comment that has as many cells as the line after it is the header itself."""
    skip, separators = 0, ""
    while skip < len(lines):
        line = lines[skip].strip()
        named = _SEP.match(line)
        if named:
            separators = named.group(1)
        elif line and not line.startswith("#"):
            break
        skip += 1
    if skip and skip < len(lines) and lines[skip - 1].startswith("#"):
        header, row = lines[skip - 1], lines[skip]
        for delimiter in separators or _DELIMITERS:
            cells = row.rstrip("\r\n").split(delimiter)
            if len(cells) > 1 and header.count(delimiter) == len(cells) - 1:
                return (
                    (skip - 1, separators)
                    if any(_NUMBER.fullmatch(cell.strip()) for cell in cells)
                    else (skip, separators)
                )
    return skip, separators


def _records(body: str, delimiter: str, escape: str) -> list[list[str]]:
    reader = csv.reader(
        io.StringIO(body, newline=""), delimiter=delimiter, escapechar=escape or None, doublequote=True
    )
    records: list[list[str]] = []
    try:
        for record in reader:
            if record:
                records.append(record)
            if len(records) > _TRIED:
                break
    except csv.Error:
        pass
    return records


def _delimiter(body: str, escape: str) -> str:
    """The one that splits the header into most cells, the same number as in most rows; of equals not the
    comma, which may be the decimal point of a file without a header."""
    best, score = ",", (0.0, 0)
    for delimiter in _DELIMITERS:
        records = _records(body, delimiter, escape)
        width = len(records[0]) if records else 0
        if width < 2:
            continue
        alike = sum(len(record) == width for record in records) / len(records)
        if (round(alike, 1), width) >= score:
            best, score = delimiter, (round(alike, 1), width)
    return best


def _decimal_comma(rows: list[list[str]]) -> bool:
    """Whether some cells are numbers with a decimal comma, and none has a decimal point."""
    cells = [cell.strip() for row in rows for cell in row]
    return any(_COMMA.fullmatch(cell) for cell in cells) and not any(_POINT.fullmatch(cell) for cell in cells)
