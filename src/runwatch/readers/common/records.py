"""JSON lines that grow as points by key: one object a line, nested ones flattened with ``/``.

Numbers (and the words nan and inf) are metrics; booleans, other words and lists are not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from runwatch.domain.borders import JsonDict, JsonMapping
from runwatch.domain.directions import split_of
from runwatch.domain.nested import flatten
from runwatch.domain.points import FloatArray, IntArray
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Layout, Reading, SourceFile, read_tail
from runwatch.readers.common.bounded_json import PastLimit, number, parse_line, whole
from runwatch.readers.common.cells import BoolArray
from runwatch.readers.common.column_names import STEP_OF_LENGTH, moment, plain, seconds, step_key
from runwatch.readers.common.row_log import GrowingRows, Roles

_MOST_BRACES, _MENDED = 16, 64 * limits.KIB


def first_records(head: bytes, whole: bool) -> list[dict[str, object]]:
    """The objects on the first complete lines (``whole``: the last line is complete too)."""
    lines = head.decode("utf-8", "replace").removeprefix("\ufeff").split("\n")
    records: list[dict[str, object]] = []
    for line in lines if whole else lines[:-1]:
        if not line.strip():
            continue
        try:
            value = parse_line(line)
            if isinstance(value, dict):
                flat = flatten(value, "/")
                records.append(_spelled_out(flat) if STEP_OF_LENGTH in flat else flat)
        except ValueError:
            continue
    return records


def first_keys(head: bytes) -> frozenset[str]:
    """The flattened keys of the first record; none if the first line is no object."""
    records = first_records(head, whole=False)
    return frozenset(records[0]) if records else frozenset()


class _Shape:
    """Records with the same keys, as ``RowLog`` takes them."""

    def __init__(self, roles: Roles) -> None:
        self.roles = roles
        self.rows: list[list[object]] = []
        self.numbered: list[int] = []
        self.columns: list[tuple[object, ...]] = []
        self.lines: IntArray = np.empty(0, dtype=np.int64)
        self.steps: IntArray = np.empty(0, dtype=np.int64)
        self.placed: BoolArray = np.empty(0, dtype=np.bool_)
        self.follows: BoolArray | None = None

    @property
    def iterates(self) -> bool:
        return "iter" in self.roles.names

    def numbers(self, column: int) -> tuple[FloatArray, BoolArray]:
        return numbers(self.columns[column])

    def words(self, column: int) -> Sequence[object]:
        return self.columns[column]

    def clock(self, column: int) -> FloatArray:
        return walls(self.columns[column])


class JsonRows(GrowingRows):
    """The rows of one file of JSON lines."""

    def __init__(self, file: str, state: JsonMapping, layout: Layout | None = None) -> None:
        super().__init__(file, state, layout)
        self._mmcv = file.endswith(".log.json")
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        self._iterates: bool = state.get("iterates", False)
        self._not_objects: list[int] = []
        self._placeless: list[int] = []

    def state(self) -> JsonDict:
        """What the cursor has to remember. ``iterates``: training rows tell an iteration beside the step."""
        return super().state() | ({"iterates": True} if self._iterates else {})

    def feed(self, data: bytes, final: bool) -> tuple[int, JsonDict]:
        fed = super().feed(data, final)
        self._report_lines(self._not_objects, "not a JSON object", "write one object per line")
        self._report_lines(self._placeless, "without a step", _step_hint(self._layout))
        return fed

    def _report_lines(self, lines: list[int], what: str, hint: str) -> None:
        if lines:
            many = f"{len(lines):,} lines are" if len(lines) > 1 else "a line is"
            self.notes.line(lines[0], f"{many} {what}, skipped", hint)

    def _block(self, before: int, block: bytes, torn: bool) -> None:
        try:
            lines = block.decode("utf-8").split("\n")
        except UnicodeDecodeError:
            lines = block.decode("utf-8", "backslashreplace").split("\n")
        for number_, line in enumerate(lines[:-1], before + 1):
            if not line or line.isspace():
                continue
            if self._line(number_, line) or torn:
                continue
            taken = [self._line(number_, piece) for piece in _pieces(line)]
            if not taken or not all(taken):
                self._not_objects.append(number_)
        shapes = list(self._shapes.values())
        for shape in shapes:
            self._place(shape)
        self.log.take(shapes)
        self._shapes = {}

    def _line(self, line_number: int, line: str) -> bool:
        """Take a record, or say why it is passed over; False: it is none."""
        try:
            record = parse_line(line)
            if type(record) is not dict:
                return False
            if line.find("{", 1) >= 0:
                record = flatten(record, "/")
            if STEP_OF_LENGTH in record:
                record = _spelled_out(record)
        except PastLimit as error:
            self.notes.line(line_number, f"{error}, skipped", "log numbers, not structures")
            return True
        except ValueError:
            return False
        keys = tuple(record)
        shape = self._shapes.get(keys)
        if shape is None:
            shape = self._shapes[keys] = _Shape(Roles.of(keys, self._by_rank, self._layout))
        shape.rows.append(list(record.values()))
        shape.numbered.append(line_number)
        return True

    def _place(self, shape: _Shape) -> None:
        """Each row's step as written, and which rows have one: an integer within 64 bits, or any epoch."""
        roles = shape.roles
        shape.columns = list(zip(*shape.rows, strict=True))
        shape.lines = np.array(shape.numbered, dtype=np.int64)
        if roles.step is None:
            shape.placed = np.zeros(len(shape.lines), dtype=np.bool_)
            if any(number(value) is not None for row in shape.rows for value in row):
                self._placeless.extend(shape.numbered)
            return
        written = shape.columns[roles.step]
        steps = [(floor if roles.step == roles.epoch else whole)(value) for value in written]
        shape.placed = np.array([value is not None for value in steps])
        for i in np.flatnonzero(~shape.placed).tolist():
            name = roles.names[roles.step]
            self.notes.line(
                shape.numbered[i], f"{name} is not a whole number, skipped", "log an integer step"
            )
        shape.steps = np.array([value or 0 for value in steps], dtype=np.int64)
        shape.follows = self._follows(shape)

    def _follows(self, shape: _Shape) -> BoolArray | None:
        """Which rows are of validation, whose counter is not the training's: mmcv counts its images there,
        MMEngine its epochs."""
        roles = shape.roles
        if shape.iterates and roles.epoch is not None and plain(roles.names[roles.step or 0]) == "step":
            self._iterates = True
        if self._mmcv and roles.split is not None and shape.iterates:
            words = shape.columns[roles.split]
            return np.array([split_of(str(word)) not in (None, "train") for word in words])
        later = not shape.iterates and roles.epoch is None and self._iterates
        return np.ones(len(shape.lines), dtype=np.bool_) if later else None


def _pieces(line: str) -> list[str]:
    """A line on which a killed writer stopped and the next one went on: the torn record (or a whole one that
    only lacks its line's end), and the whole one behind it. Nothing else that is wrong with a line is
    mended."""
    at = line.find("{", 1)
    for _ in range(_MOST_BRACES):
        if at < 0 or len(line) > _MENDED:
            break
        try:
            record = parse_line(line[at:])
            if type(record) is dict and step_key(flatten(record, "/")) is not None:
                return [line[:at], line[at:]]
        except ValueError:
            pass
        at = line.find("{", at + 1)
    return []


def _step_hint(layout: Layout | None) -> str:
    if layout is not None and layout.step:
        return f"their step is not called {layout.step}: correct [[runs]] in runwatch.toml"
    return 'log a step with each record, or name it in runwatch.toml: [[runs]] step = "..."'


def _spelled_out(record: Mapping[str, object]) -> dict[str, object]:
    """ms-swift's ``"global_step/max_steps": "195/300"`` as two numbers."""
    done, _, planned = str(record[STEP_OF_LENGTH]).partition("/")
    rest = {key: value for key, value in record.items() if key != STEP_OF_LENGTH}
    if not (done.isdecimal() and planned.isdecimal()) or len(done) + len(planned) > 36:
        return rest
    return {"global_step": int(done), "max_steps": int(planned), **rest}


def read_records(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    """What is new in a growing file of JSON lines, as points by key."""
    tail = read_tail(source, cursor)
    return JsonRows(source.file, tail.state, claim.layout).reading(claim, tail, final)


def floor(value: object) -> int | None:
    """The whole part of a finite number within 64 bits, or None."""
    return whole(float(math.floor(value))) if type(value) is float and math.isfinite(value) else whole(value)


def numbers(values: Sequence[object]) -> tuple[FloatArray, BoolArray]:
    """The numbers of a column, and where there are any."""
    if set(map(type, values)) <= {int, float}:
        try:
            return np.array(values, dtype=np.float64), np.ones(len(values), dtype=np.bool_)
        except OverflowError:
            pass
    parsed = [number(value) for value in values]
    present = np.array([value is not None for value in parsed])
    return np.array([math.nan if value is None else value for value in parsed]), present


def walls(values: Sequence[object]) -> FloatArray:
    """Moments in seconds since the epoch: numbers, or ISO 8601."""
    clocks = seconds(np.array([math.nan if (n := number(v)) is None else n for v in values]))
    for i, value in enumerate(values):
        if type(value) is str:
            clocks[i] = moment(value)
    return clocks
