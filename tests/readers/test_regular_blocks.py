"""A block of a table parsed at once says what its cells say one by one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runwatch.readers.common.cells import CellMatrix, NumericCells
from runwatch.readers.common.regular import regular, regular_few

_CELLS = [
    "", "0", "7", "-1", ".5", "1.", "+3", "nan", "NaN", "-nan", "inf", "-Infinity", "1e400", "1e-400", "0.1",
    "123456789012345678901", "1e5", "2E-3", "-", "na", "1-2", " 1", "infinit", "e5", "1e", "9007199254740993",
    "0.30000000000000004", "1,5", "4.9e-324", "nan(1)", "0x1p3", "1_0", "1 ", " ",
    "1\x0c", "\x0b2", "true", "1f", "\u0661",
]  # fmt: skip


@pytest.mark.parametrize("at_once", [regular, regular_few])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_block_parsed_at_once_is_what_its_cells_are(
    at_once: Callable[[bytes, str, int], CellMatrix | None], delimiter: str, data: st.DataObject
) -> None:
    width = data.draw(st.integers(2, 4))
    cell = st.sampled_from([one for one in _CELLS if delimiter not in one])
    rows = data.draw(st.lists(st.lists(cell, min_size=width, max_size=width), min_size=1, max_size=8))
    block = "".join(delimiter.join(row) + "\n" for row in rows).encode()
    found = at_once(block, delimiter, width)
    wanted, strange = NumericCells(block, ord(delimiter)).matrix(0, len(rows), width)
    if found is None:
        return
    assert not strange and not wanted.texts
    np.testing.assert_array_equal(found.present, wanted.present)
    np.testing.assert_array_equal(found.values[found.present], wanted.values[wanted.present])


def test_plain_blocks_are_parsed_at_once() -> None:
    for block in (b"1,2\n3,nan\n", b"1,\n-2.5e3,inf\n"):
        assert regular(block, ",", 2) is not None
    assert regular_few(b"1,2\n3,4e-5\n", ",", 2) is not None
    for block in (b"1,2\n\n3,4\n", b"1,2\n3\n", b"1,a\n", b"1,2,3\n"):
        assert regular(block, ",", 2) is None and regular_few(block, ",", 2) is None
