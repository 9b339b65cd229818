"""A block of delimited lines that all have the same width and hold nothing but numbers, parsed at once."""

from __future__ import annotations

import numpy as np

from runwatch.readers.common.cells import CellMatrix

_SURE = b"0123456789.+-eE\nnaitfyNAITFY"


def regular(block: bytes, delimiter: str, width: int) -> CellMatrix | None:
    """What ``Cells.matrix`` gives for a block of whole lines; None where a line is blank, has another width,
    or has a cell that is neither empty nor a number (then ``Cells`` tells which)."""
    decimal = "," if delimiter == ";" else "."
    if width < 2 or block.startswith(b"\n") or b"\n\n" in block:
        return None
    if block.translate(None, _SURE + delimiter.encode() + decimal.encode()):
        return None
    import pyarrow
    from pyarrow import csv

    names = [str(i) for i in range(width)]
    try:
        table = csv.read_csv(
            pyarrow.BufferReader(block),
            csv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=names),
            csv.ParseOptions(delimiter=delimiter, quote_char=False),
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
    return CellMatrix(values, present, np.arange(rows), [])
