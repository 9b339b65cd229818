"""Delimited tables that grow row by row (comma, tab, or semicolon with decimal commas) as points by column.

Header names become tags. A header may stand again in the middle, with other columns too; an empty cell is
not logged; rows of another width and cells that stopped being numbers are problems; all else is read."""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence

import numpy as np

from runwatch.domain.borders import JsonDict, JsonMapping
from runwatch.domain.points import FloatArray, IntArray
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Layout, Reading, SourceFile, read_tail
from runwatch.readers.common.cells import BoolArray, CellMatrix, NumericCells, number
from runwatch.readers.common.column_names import moment, seconds
from runwatch.readers.common.lines import BLOCK
from runwatch.readers.common.quotes import Quotes, split_line
from runwatch.readers.common.regular import regular, regular_few
from runwatch.readers.common.row_log import GrowingRows, Roles

BOM = b"\xef\xbb\xbf"
_MUCH = 8 * limits.MIB
_EXACT = 2.0**53
_SHORT = 512


def sniff(line: bytes) -> str:
    """The delimiter of a header line."""
    return max(",\t;", key=lambda delimiter: line.count(delimiter.encode()))


def header_names(line: bytes) -> tuple[list[str], str] | None:
    """The names on a header line and its delimiter; None when the line is no header (it holds numbers or
    nothing)."""
    header = _header(line) if len(line) <= _SHORT else _header.__wrapped__(line)
    return None if header is None else (list(header[0]), header[1])


@functools.lru_cache(64)  # a folder of very many small tables repeats a few
def _header(line: bytes) -> tuple[tuple[str, ...], str] | None:
    line = line.removeprefix(BOM).strip(b"\r\n").lstrip(b"# ")
    delimiter = sniff(line)
    names = split_line(line, delimiter)
    if not names or not any(names) or any(name and number(name.encode()) is not None for name in names):
        return None
    return tuple(names), delimiter


@functools.lru_cache(64)
def _roles(names: tuple[str, ...], by_rank: bool, layout: Layout | None) -> Roles:
    return Roles.of(_distinct(names), by_rank, layout)


class _TableRows:
    """A block of the table's rows, as ``RowLog`` takes them."""

    def __init__(self, roles: Roles, matrix: CellMatrix, before: int) -> None:
        self.roles = roles
        self.lines: IntArray = matrix.lines + (before + 1)
        self.steps: IntArray = np.empty(0, dtype=np.int64)
        self.placed: BoolArray = np.empty(0, dtype=np.bool_)
        self.follows: BoolArray | None = None
        self._matrix = matrix

    def numbers(self, column: int) -> tuple[FloatArray, BoolArray]:
        return self._matrix.values[column], self._matrix.present[column]

    def words(self, column: int) -> Sequence[object]:
        values, present = self.numbers(column)
        numbers: list[object] = [
            value if known else None for value, known in zip(values.tolist(), present, strict=True)
        ]
        for place, row, cell in self._matrix.texts:
            if place == column:
                numbers[row] = cell.decode("utf-8", "replace")
        return numbers

    def clock(self, column: int) -> FloatArray:
        walls = seconds(self._matrix.values[column])
        for place, row, cell in self._matrix.texts:
            if place == column:
                walls[row] = moment(cell.decode("utf-8", "backslashreplace"))
        return walls


def _distinct(names: Sequence[str]) -> list[str]:
    """A name's second occurrence becomes ``name.1``, as tables are read elsewhere."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        times = seen.get(name, 0)
        seen[name] = times + 1
        out.append(f"{name}.{times}" if times and name else name)
    return out


class DelimitedRows(GrowingRows):
    """The rows of one table."""

    def __init__(
        self, file: str, state: JsonMapping, much: bool = False, layout: Layout | None = None
    ) -> None:
        super().__init__(file, state, layout)
        self._much = much
        self._delimiter: str = state.get("delimiter", ",")
        self._width: int = state.get("width", 0)
        self._roles = self._roles_of(state["names"]) if "names" in state else None
        self._wordless: set[int] = set(state.get("wordless", ()))
        self._quoted: dict[int, list[str]] = {}
        self._quotes = Quotes(state, self.notes)

    def _roles_of(self, names: list[str]) -> Roles:
        return _roles(tuple(names[: limits.COLUMNS]), self._by_rank, self._layout)

    def state(self) -> JsonDict:
        """What the cursor has to remember. ``wordless``: columns that had no number yet."""
        result = super().state() | self._quotes.state()
        if self._roles is not None:
            result |= {"names": self._roles.names, "width": self._width, "delimiter": self._delimiter}
            result |= {"wordless": sorted(self._wordless)}
        return result

    def _block(self, before: int, block: bytes, torn: bool) -> None:
        if self._roles is None:
            skipped = self._first_header(before, block)
            before += block.count(b"\n", 0, skipped)
            block = block[skipped:]
            if not block or self._roles is None:
                return
        block = self._cleaned(before, block)
        if (self._much or len(block) <= _SHORT) and self._regular(before, block):
            return
        cells = NumericCells(block, ord(self._delimiter), self._much)
        start = 0
        for row in cells.wordy():
            names = self._repeated_header(row, cells.line(row))
            if names is not None:
                self._rows(cells, start, row, before)
                self._switch(names)
                start = row + 1
        self._rows(cells, start, cells.rows, before)

    def _regular(self, before: int, block: bytes) -> bool:
        """Take a block without words, odd rows and steps that a float cannot hold; whether it is one."""
        roles = self._roles
        if roles is None or roles.step is None or self._quoted:
            return False
        matrix = (regular if self._much else regular_few)(block, self._delimiter, self._width)
        if matrix is None or not (np.abs(matrix.values[roles.step]) < _EXACT).all():
            return False
        self._take(None, matrix, roles, before)
        return True

    def _first_header(self, before: int, block: bytes) -> int:
        """Look for the header; how many bytes were passed, the header's own line included."""
        at = 0
        while at < len(block):
            stop = block.index(b"\n", at) + 1
            line = block[at:stop].strip()
            before, at = before + 1, stop
            header = header_names(line) if line and not line.startswith(b"#{") else None
            if header is not None and (
                not line.startswith(b"#") or self._roles_of(header[0]).step is not None
            ):
                self._delimiter = header[1]
                self._switch(header[0])
                break
            if line and not line.startswith(b"#"):
                self.notes.line(before, "a row before any header", "write the names of the columns first")
        return at

    def _repeated_header(self, row: int, line: bytes) -> list[str] | None:
        names = self._quoted.get(row) or split_line(line.removeprefix(BOM), self._delimiter)
        if names is None or len(names) < 2 or self._roles_of(names).step is None:
            return None
        return names if all(number(name.encode()) is None for name in names) else None

    def _switch(self, names: list[str]) -> None:
        roles = self._roles_of(names)
        if len(names) > limits.COLUMNS:
            self.notes.add(None, f"{len(names):,} columns, only the first {limits.COLUMNS:,} are read")
        if roles.step is None:
            self.notes.add(None, *_no_step(self._layout))
        if self._roles is None or roles.names != self._roles.names:
            self._wordless = set(range(len(roles.names)))
        self._roles, self._width = roles, len(names)

    def _cleaned(self, before: int, block: bytes) -> bytes:
        """The block with lines that hold NULs blanked, quotes resolved, ``\\r`` before ``\\n`` gone; a line
        that is not UTF-8 is a problem."""
        self._quoted = {}
        block = block.replace(b"\r\n", b"\n") if b"\r" in block else block
        odd_text = not block.isascii() and _undecodable(block)
        if not (odd_text or b"\0" in block or b'"' in block or self._quotes.open):
            return block
        lines = block.split(b"\n")
        for i, line in enumerate(lines[:-1]):
            if b"\0" in line:
                self.notes.line(
                    before + i + 1, "NUL bytes, skipped", "the file was damaged, by a crash or a full disk"
                )
                lines[i] = b""
            elif b'"' in line or self._quotes.open:
                lines[i] = self._unquoted(before, i, line)
            if odd_text and _undecodable(line):
                self.notes.line(before + i + 1, "not valid UTF-8", "write the file as UTF-8")
        return b"\n".join(lines)

    def _unquoted(self, before: int, row: int, line: bytes) -> bytes:
        """The row that ends on this line, without quotes."""
        cells = self._quotes.cells(before + row + 1, line, self._delimiter)
        if cells is None:
            return b""
        self._quoted[row] = cells
        bare = str.maketrans({self._delimiter: " ", "\n": " ", '"': "'"})
        return self._delimiter.join(cell.translate(bare) for cell in cells).encode(
            "utf-8", "backslashreplace"
        )

    def _rows(self, cells: NumericCells, first: int, last: int, before: int) -> None:
        roles = self._roles
        if roles is None or roles.step is None or first >= last:
            return
        matrix, strange = cells.matrix(first, last, self._width)
        counts = cells.counts() if strange else None
        for row in strange:
            if counts is None or cells.line(row).lstrip().startswith(b"#"):
                continue
            problem = f"{int(counts[row]):,} cells where the header has {self._width:,}"
            self.notes.line(
                before + row + 1, f"{problem}, skipped", "was the line cut, or the header changed?"
            )
        if len(matrix.lines):
            self._take(cells, matrix, roles, before)

    def _take(self, cells: NumericCells | None, matrix: CellMatrix, roles: Roles, before: int) -> None:
        block = _TableRows(roles, matrix, before)
        block.steps, block.placed = self._steps(cells, matrix, roles, before)
        self._texts(matrix, roles, before)
        self.log.take([block])

    def _steps(
        self, cells: NumericCells | None, matrix: CellMatrix, roles: Roles, before: int
    ) -> tuple[IntArray, BoolArray]:
        """Each row's step as written, and which rows have one: an integer within 64 bits."""
        assert roles.step is not None
        values = matrix.values[roles.step]
        by_epoch = roles.step == roles.epoch
        with np.errstate(invalid="ignore"):
            placed = matrix.present[roles.step] & (np.abs(values) < 2.0**63)
            placed &= by_epoch | (values == np.floor(values))
        name = roles.names[roles.step]
        for row in np.flatnonzero(~placed).tolist():
            if matrix.present[:, row].any():
                line = before + int(matrix.lines[row]) + 1
                self.notes.line(line, f"{name} is not a whole number, row skipped", "log an integer step")
        steps: IntArray = np.where(placed, values, 0.0).astype(np.int64)
        if cells is None:
            return steps, placed
        for row in np.flatnonzero(placed & (np.abs(values) >= _EXACT)).tolist():
            text = cells.line(int(matrix.lines[row])).split(self._delimiter.encode())[roles.step]
            if text.strip().lstrip(b"+-").isdigit():
                steps[row] = max(min(int(text), 2**63 - 1), -(2**63))
        return steps, placed

    def _texts(self, matrix: CellMatrix, roles: Roles, before: int) -> None:
        """A word in a column that had numbers before it is a problem; columns of words are silent."""
        if not (matrix.texts or self._wordless):
            return
        with_numbers = matrix.present.any(axis=1)
        first = np.where(with_numbers, matrix.present.argmax(axis=1), len(matrix.lines))
        for column, row, cell in matrix.texts:
            if column >= len(roles.names) or column in (roles.step, roles.wall):
                continue
            if column not in self._wordless or first[column] < row:
                shown = cell[:40].decode("utf-8", "backslashreplace")
                line = before + int(matrix.lines[row]) + 1
                self.notes.line(line, f"{roles.names[column]} is not a number: {shown!r}", "log numbers")
        self._wordless -= set(np.flatnonzero(with_numbers).tolist())


def _no_step(layout: Layout | None) -> tuple[str, str]:
    if layout is not None and layout.step:
        return f"no column is called {layout.step}", "correct step under [[runs]] in runwatch.toml"
    return "no column holds the step", 'name it in runwatch.toml: [[runs]] step = "..."'


def _undecodable(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _is_much(source: SourceFile, size: int) -> bool:
    """Whether pyarrow's numbers are worth its memory and its import: a large table, or it is there anyhow."""
    return size > BLOCK and (source.stat.size > _MUCH or "pyarrow" in sys.modules)


def read_table(
    claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False, keep_history: bool = False
) -> Reading:
    """What is new in a growing table, as points by column. ``keep_history``: when the file was written anew,
    points below its first step stay (Lightning on resume)."""
    tail = read_tail(source, cursor)
    table = DelimitedRows(source.file, tail.state, _is_much(source, len(tail.data)), claim.layout)
    return table.reading(claim, tail, final, keep_history)
