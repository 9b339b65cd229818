"""A block of delimited lines that all have the same width and hold nothing but numbers, parsed at once."""

from __future__ import annotations

import numpy as np

from runwatch.readers.common.cells import PLAIN, CellMatrix

_ONLY_ARROW = (b"(", b"\t", b"\v", b"\f")
"""What stands in cells that are numbers to arrow alone: ``nan(1)``, and blanks around a number."""


def regular(block: bytes, delimiter: str, width: int) -> CellMatrix | None:
    """What ``NumericCells.matrix`` gives for a block of whole lines; None where a line holds nothing or has
    another width, or a cell is neither empty nor a number (then ``NumericCells`` tells which)."""
    decimal = "," if delimiter == ";" else "."
    if width < 2 or any(odd in block for odd in _ONLY_ARROW if odd != delimiter.encode()):
        return None
    import pyarrow
    from pyarrow import csv

    names = [str(i) for i in range(width)]
    try:
        table = csv.read_csv(
            pyarrow.BufferReader(block),
            csv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=names),
            csv.ParseOptions(delimiter=delimiter, quote_char=False, ignore_empty_lines=False),
            csv.ConvertOptions(
                column_types=dict.fromkeys(names, pyarrow.float64()), null_values=[""], decimal_point=decimal
            ),
        )
    except pyarrow.ArrowInvalid:
        return None
    table = table.combine_chunks()
    rows = table.num_rows
    values = np.empty((width, rows))
    present = np.ones(values.shape, dtype=np.bool_)
    for i, column in enumerate(table.columns):
        valid, numbers = column.chunk(0).buffers()
        values[i] = np.frombuffer(numbers, np.float64, rows)
        if valid is not None and column.null_count:
            present[i] = np.unpackbits(np.frombuffer(valid, np.uint8), count=rows, bitorder="little")
            values[i][~present[i]] = np.nan
    if not present.any(axis=0).all():
        return None
    return CellMatrix(values, present, np.arange(rows), [])


def regular_few(block: bytes, delimiter: str, width: int) -> CellMatrix | None:
    """The same for a short block, cell by cell: many small arrays cost more. None also where a cell is empty,
    or holds more than the characters of a plain number."""
    comma = delimiter.encode()
    if block.translate(None, PLAIN + comma + b"\n"):
        return None
    rows = [line.split(comma) for line in block.split(b"\n")[:-1]]
    if not rows or any(len(row) != width for row in rows):
        return None
    try:
        values = np.array([[float(row[i]) for row in rows] for i in range(width)])
    except ValueError:
        return None
    return CellMatrix(values, np.ones(values.shape, dtype=np.bool_), np.arange(len(rows)), [])
