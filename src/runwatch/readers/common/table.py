"""Delimited tables that grow row by row (comma, tab, or semicolon with decimal commas) as points by column.

Header names become tags. A header may stand again in the middle, with other columns too; an empty cell is
not logged; rows of another width and cells that stopped being numbers are problems; all else is read."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from runwatch.domain.operations import Append, Epoch, Operation, Replace
from runwatch.domain.points import FloatArray, IntArray, Points
from runwatch.readers.base import Claim, Cursor, Reading, SourceFile, failed, read_tail
from runwatch.readers.common import limits
from runwatch.readers.common.cells import BoolArray, CellMatrix, Cells, number
from runwatch.readers.common.column_names import (
    WEAK_STEP_KEYS,
    index_key,
    metric_columns,
    moment,
    plain,
    ranked,
    seconds,
    step_key,
    wall_key,
)
from runwatch.readers.common.epoch_steps import FRACTIONS, Epochs, Iterations
from runwatch.readers.common.lines import BLOCK, Frame, LineNotes
from runwatch.readers.common.quotes import Quotes, split_line
from runwatch.readers.common.row_prefixes import (
    NOBODY,
    RowPrefix,
    groups,
    name_column,
    owner_of,
    rank_column,
    rank_word,
    split_column,
)

BOM = b"\xef\xbb\xbf"
_MUCH = 32 * limits.MIB
_EXACT = 2.0**53


def sniff(line: bytes) -> str:
    """The delimiter of a header line."""
    return max(",\t;", key=lambda delimiter: line.count(delimiter.encode()))


def header_names(line: bytes) -> tuple[list[str], str] | None:
    """The names on a header line and its delimiter; None when the line is no header (it holds numbers or
    nothing)."""
    line = line.removeprefix(BOM).strip(b"\r\n").lstrip(b"# ")
    delimiter = sniff(line)
    names = split_line(line, delimiter)
    if not names or not any(names) or any(name and number(name.encode()) is not None for name in names):
        return None
    return names, delimiter


class TableHeader(msgspec.Struct):
    """The columns of a table. ``width``: how many cells a row has; names past the limit are not kept."""

    names: list[str]
    width: int
    step: int | None = None
    epoch: int | None = None
    wall: int | None = None
    rank: int | None = None
    split: int | None = None
    named: int | None = None
    metrics: list[int] = msgspec.field(default_factory=list)

    @staticmethod
    def of(names: list[str], width: int) -> TableHeader:
        made = TableHeader(_distinct(names[: limits.COLUMNS]), width)
        step, wall = step_key(made.names) or index_key(made.names), wall_key(made.names)
        made.step = None if step is None else made.names.index(step)
        made.wall = None if wall is None else made.names.index(wall)
        made.epoch = next((i for i, name in enumerate(made.names) if plain(name) == "epoch"), None)
        made.rank, made.split = rank_column(made.names), split_column(made.names)
        made.named = name_column(made.names)
        made.metrics = metric_columns(made.names, step)
        return made


def _distinct(names: list[str]) -> list[str]:
    """A name's second occurrence becomes ``name.1``, as tables are read elsewhere."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        times = seen.get(name, 0)
        seen[name] = times + 1
        out.append(f"{name}.{times}" if times and name else name)
    return out


class DelimitedRows:
    """One file's rows between two looks. Feed it what is new; ``points`` and ``epoch`` hold the outcome."""

    def __init__(self, file: str, state: Mapping[str, Any], much: bool = False) -> None:
        self.notes = LineNotes(file)
        self._much = much
        self._ranked = ranked(file.rpartition("/")[2].rpartition(".")[0])
        self.frame = Frame.of(state)
        self.points: dict[str, list[Points]] = {}
        self.epoch: float | None = None
        self._delimiter: str = state.get("delimiter", ",")
        self._header = TableHeader.of(state["names"], state["width"]) if "names" in state else None
        self._wordless: set[int] = set(state.get("wordless", ()))
        self._places: dict[str, Any] = dict(state.get("places", {}))
        self._too_many = False
        self._quoted: dict[int, list[str]] = {}
        self._quotes = Quotes(state, self.notes)

    def state(self) -> dict[str, Any]:
        """What the cursor has to remember. ``wordless``: columns that had no number yet."""
        made = self.frame.state() | self._quotes.state()
        if self._header is not None:
            made |= {"names": self._header.names, "width": self._header.width, "delimiter": self._delimiter}
            made |= {"wordless": sorted(self._wordless), "places": self._places}
        return made

    def feed(self, data: bytes, final: bool) -> int:
        """Read the whole lines of ``data`` (with ``final`` the last one too); how many bytes are done."""
        size = self.frame.consumable(data, self.notes)
        for before, block in self.frame.blocks(data[:size], self.notes):
            self._block(before, block)
        rest = self.frame.rest(data[size:], final)
        if rest:
            self._unterminated(rest)
        return size

    def _unterminated(self, rest: bytes) -> None:
        last = DelimitedRows(self.notes.file, self.state())
        last._block(self.frame.line, rest)
        for tag, parts in last.points.items():
            self.points.setdefault(tag, []).extend(parts)
        if last.epoch is not None:
            self.epoch = last.epoch if self.epoch is None else max(self.epoch, last.epoch)

    def _block(self, before: int, block: bytes) -> None:
        if self._header is None:
            skipped = self._first_header(before, block)
            before += block.count(b"\n", 0, skipped)
            block = block[skipped:]
            if not block or self._header is None:
                return
        cells = Cells(self._cleaned(before, block), ord(self._delimiter), self._much)
        start = 0
        for row in cells.wordy():
            names = self._repeated_header(row, cells.line(row))
            if names is not None:
                self._rows(cells, start, row, before)
                self._switch(names)
                start = row + 1
        self._rows(cells, start, cells.rows, before)

    def _first_header(self, before: int, block: bytes) -> int:
        """Look for the header; how many bytes were passed, the header's own line included."""
        at = 0
        while at < len(block):
            stop = block.index(b"\n", at) + 1
            line = block[at:stop].strip()
            before, at = before + 1, stop
            found = header_names(line) if line and not line.startswith(b"#{") else None
            if found is not None and (not line.startswith(b"#") or step_key(found[0])):
                self._delimiter = found[1]
                self._switch(found[0])
                break
            if line and not line.startswith(b"#"):
                self.notes.line(before, "a row before any header", "write the names of the columns first")
        return at

    def _repeated_header(self, row: int, line: bytes) -> list[str] | None:
        names = self._quoted.get(row) or split_line(line.removeprefix(BOM), self._delimiter)
        if names is None or len(names) < 2 or step_key(names) is None:
            return None
        return names if all(number(name.encode()) is None for name in names) else None

    def _switch(self, names: list[str]) -> None:
        header = TableHeader.of(names, len(names))
        if len(names) > limits.COLUMNS:
            self.notes.add(None, f"{len(names):,} columns, only the first {limits.COLUMNS:,} are read")
        if header.step is None:
            self.notes.add(None, "no column tells the step", "add a column named step or epoch")
        if self._header is None or header.names != self._header.names:
            self._wordless = set(range(len(header.names)))
        self._header = header

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

    def _rows(self, cells: Cells, first: int, last: int, before: int) -> None:
        header = self._header
        if header is None or header.step is None or first >= last:
            return
        matrix, strange = cells.matrix(first, last, header.width)
        for row in strange:
            if cells.line(row).lstrip().startswith(b"#"):
                continue
            found = f"{int(cells.counts()[row]):,} cells where the header has {header.width:,}"
            self.notes.line(before + row + 1, f"{found}, skipped", "was the line cut, or the header changed?")
        if not len(matrix.lines):
            return
        steps, placed = self._steps(cells, matrix, header, before)
        self._texts(matrix, header, before)
        self._collect(matrix, header, steps, placed)

    def _steps(
        self, cells: Cells, matrix: CellMatrix, header: TableHeader, before: int
    ) -> tuple[IntArray, BoolArray]:
        """Each row's step, and which rows have one: an integer within 64 bits."""
        assert header.step is not None
        values = matrix.values[header.step]
        by_epoch = header.step == header.epoch
        with np.errstate(invalid="ignore"):
            placed = matrix.present[header.step] & (np.abs(values) < 2.0**63)
            placed &= by_epoch | (values == np.floor(values))
        name = header.names[header.step]
        for row in np.flatnonzero(~placed).tolist():
            if matrix.present[:, row].any():
                line = before + int(matrix.lines[row]) + 1
                self.notes.line(line, f"{name} is no whole number, row skipped", "log an integer step")
        steps: IntArray = np.where(placed, values, 0.0).astype(np.int64)
        for row in np.flatnonzero(placed & (np.abs(values) >= _EXACT)).tolist():
            text = cells.line(int(matrix.lines[row])).split(self._delimiter.encode())[header.step]
            if text.strip().lstrip(b"+-").isdigit():
                steps[row] = max(min(int(text), 2**63 - 1), -(2**63))
        self._go_on(matrix, header, before, steps, placed)
        return steps, placed

    def _go_on(
        self, matrix: CellMatrix, header: TableHeader, before: int, steps: IntArray, placed: BoolArray
    ) -> None:
        """Change ``steps`` where the file's own counter is a fraction, or starts again with each epoch."""
        assert header.step is not None
        if header.epoch is None:
            return
        if header.step != header.epoch:
            repeats = plain(header.names[header.step]) in WEAK_STEP_KEYS
            iterations = Iterations(self._places.get("iterations", {}), repeats)
            steps[placed] = iterations.steps(steps[placed], matrix.values[header.epoch][placed])
            self._places["iterations"] = iterations.state()
            return
        counted = Epochs(self._places.get("epochs", {}))
        steps[placed], first = counted.steps(matrix.values[header.epoch][placed])
        self._places["epochs"] = counted.state()
        if first is not None:
            line = before + int(matrix.lines[placed][first]) + 1
            self.notes.line(line, *FRACTIONS)

    def _texts(self, matrix: CellMatrix, header: TableHeader, before: int) -> None:
        """A word in a column that had numbers before it is a problem; columns of words are silent."""
        if not (matrix.texts or self._wordless):
            return
        with_numbers = matrix.present.any(axis=1)
        first = np.where(with_numbers, matrix.present.argmax(axis=1), len(matrix.lines))
        for column, row, cell in matrix.texts:
            if column >= len(header.names) or column in (header.step, header.wall):
                continue
            if column not in self._wordless or first[column] < row:
                shown = cell[:40].decode("utf-8", "backslashreplace")
                line = before + int(matrix.lines[row]) + 1
                self.notes.line(line, f"{header.names[column]} is not a number: {shown!r}", "log numbers")
        self._wordless -= set(np.flatnonzero(with_numbers).tolist())

    def _collect(self, matrix: CellMatrix, header: TableHeader, steps: IntArray, placed: BoolArray) -> None:
        walls = _walls(matrix, header)
        if header.epoch is not None:
            epochs = matrix.values[header.epoch][placed & np.isfinite(matrix.values[header.epoch])]
            if len(epochs):
                self.epoch = max(float(epochs.max()), -np.inf if self.epoch is None else self.epoch)
        filled = matrix.present & placed
        for owner, rows in self._owners(matrix, header):
            theirs = filled if rows is None else filled[:, rows]
            counts = theirs.sum(axis=1)
            for column in header.metrics:
                if not counts[column]:
                    continue
                if counts[column] == len(steps):
                    found = Points(steps, walls, matrix.values[column])
                else:
                    those = theirs[column] if rows is None else rows[theirs[column]]
                    found = Points(steps[those], walls[those], matrix.values[column][those])
                self._add(owner.tag(header.names[column]), found)

    def _add(self, tag: str, points: Points) -> None:
        if tag in self.points or len(self.points) < limits.TAGS:
            self.points.setdefault(tag, []).append(points)
        elif not self._too_many:
            self._too_many = True
            self.notes.add(None, f"more than {limits.TAGS:,} tags, the rest is not read", "log fewer names")

    def _owners(self, matrix: CellMatrix, header: TableHeader) -> list[tuple[RowPrefix, IntArray | None]]:
        """Whose rows these are; None: all of them."""
        rank = None if self._ranked else header.rank
        if rank is None and header.split is None and header.named is None:
            return [(NOBODY, None)]
        words: dict[int | None, dict[int, str]] = {header.split: {}, header.named: {}}
        for column, row, cell in matrix.texts:
            if column in words:
                words[column][row] = cell.decode("utf-8", "replace")
        splits, names = words[header.split], words[header.named]
        ranks = [None] * len(matrix.lines) if rank is None else matrix.values[rank].tolist()
        word = "" if rank is None else rank_word(header.names[rank])
        owners = [owner_of(one, splits.get(row), names.get(row), word) for row, one in enumerate(ranks)]
        return list(groups(owners))


def _undecodable(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _walls(matrix: CellMatrix, header: TableHeader) -> FloatArray:
    if header.wall is None:
        return np.full(len(matrix.lines), np.nan)
    walls = seconds(matrix.values[header.wall])
    for column, row, cell in matrix.texts:
        if column == header.wall:
            walls[row] = moment(cell.decode("utf-8", "backslashreplace"))
    return walls


def _is_much(source: SourceFile, size: int) -> bool:
    """Whether pyarrow's numbers are worth its memory and its import: a large table, or it is there anyhow."""
    return size > BLOCK and (source.stat.size > _MUCH or "pyarrow" in sys.modules)


def read_table(
    claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False, keep_history: bool = False
) -> Reading:
    """What is new in a growing table, as points by column. ``keep_history``: when the file was written anew,
    points below its first step stay (Lightning on resume)."""
    try:
        tail = read_tail(source, cursor)
    except OSError as error:
        return failed(source, cursor, error)
    table = DelimitedRows(source.file, tail.state, _is_much(source, len(tail.data)))
    consumed = table.feed(tail.data, final and not tail.more)
    operations: list[Operation] = [Replace(keep_history)] if tail.rewritten else []
    joined = {tag: Points.concat(parts) for tag, parts in table.points.items()}
    if tail.rewritten and keep_history:
        joined = dict(sorted(joined.items(), key=lambda item: int(item[1].steps.min())))
    operations += [Append(claim.tag_prefix + tag, points) for tag, points in joined.items()]
    if table.epoch is not None:
        operations.append(Epoch(table.epoch))
    return Reading(
        {claim.run_id: operations} if operations else {},
        tail.cursor(consumed, table.state()),
        table.notes.problems(),
        tail.more,
    )
