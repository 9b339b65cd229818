"""Whether the rows of a piece depend on each other: its first rows, in their order."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from runwatch.data.arrays import as_text, buffer_values, family, numbers, spans, valid_mask
from runwatch.data.formats.base import ColumnBlock
from runwatch.data.kernel import Hashes, hashed, mixed
from runwatch.domain.borders import Arrow
from runwatch.domain.dependence import clustered, serial
from runwatch.domain.points import AnyArray
from runwatch.domain.profile import ColumnGrid, Floats, Marks, ProfileGrid, no_marks, thinned_marks

ROWS = 4096
_MAX_VALUES = 6_000_000
_LEAST = 64
_ONCE, _NEAR = 1.05, 64
_ALIKE = 8
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_OF_SOMEONE = re.compile(
    r"(?i)(id|uuid|guid|key|user|customer|client|patient|session|device|account|household)s?$"
)


class Neighbours:
    """The first ``ROWS`` rows of each column that blocks bring, fewer of very many columns, and what they
    tell."""

    def __init__(self, grid: ProfileGrid) -> None:
        self._grid = grid
        self._parts: dict[int, list[tuple[AnyArray, NDArray[np.bool_]]]] = {}
        self._have: dict[int, int] = {}
        self._all = 0
        self._rows = max(_LEAST, min(ROWS, _MAX_VALUES // max(len(grid.columns), 1)))

    def add(self, block: ColumnBlock) -> None:
        self._all += block.rows
        for name, array in block.columns:
            index = self._grid.index.get(name)
            need = self._rows - self._have.get(index, 0) if index is not None else 0
            if index is None or need <= 0 or not len(array) or family(array.type) in ("nested", "null"):
                continue
            part = array.slice(0, need)
            self._parts.setdefault(index, []).append(_filled(part, self._grid.columns[index]))
            self._have[index] = self._have.get(index, 0) + len(part)

    def adopt(self, index: int, alone: Neighbours) -> None:
        """Takes over a column that was looked at on a grid of its own."""
        if 0 in alone._parts:
            self._parts[index], self._have[index] = alone._parts[0], alone._have[0]

    def result(self) -> tuple[Floats, Marks]:
        """``TableProfile.dependence`` and ``.repeating``."""
        out = np.zeros((len(self._grid.columns) + 1, 4))
        held = {index: _joined(parts) for index, parts in self._parts.items()}
        in_time = any(_clock(self._grid.columns[index], *held[index]) for index in held)
        owners = [
            groups
            for index in held
            if (groups := _owners(self._grid.columns[index], *held[index])) is not None
        ]
        for index, (values, known) in held.items():
            column = self._grid.columns[index]
            if column.kind == "datetime" or len(values) < _LEAST:
                continue
            share = min(1.0, len(values) / max(self._all, 1))
            labels = column.words is not None
            design = _design(
                values[known], in_time, labels, [o[known] for o in owners if len(o) == len(known)], share
            )
            gaps = 1.0
            if 0 < known.sum() < len(known):
                own = [o for o in owners if len(o) == len(known)]
                gaps = _design(known.astype(np.float64), in_time, False, own, share)
            out[index, :3] = len(values), len(values) * design, len(values) * gaps
        out[-1], out[:-1, 3] = self._repeats(held)
        return out, self._repeating(held) if out[:-1, 3].any() else no_marks(len(self._grid.columns))

    def _repeating(self, held: dict[int, tuple[AnyArray, NDArray[np.bool_]]]) -> Marks:
        """A mark a value of some of the rows: equal values have one mark, whatever their type's width."""
        rows = max(len(values) for values, _ in held.values())
        out = no_marks(len(self._grid.columns), rows)
        for index, (values, known) in held.items():
            if len(values) == rows:
                out[known, index] = _mark(values[known])
        return thinned_marks(out)

    def _repeats(self, held: dict[int, tuple[AnyArray, NDArray[np.bool_]]]) -> tuple[Floats, Floats]:
        """(of the table: rows looked at, and these times how often a row occurs in all of the piece and how
        often another row looked at is the same; of each column: how often another row has the same value,
        0 where no rows are repeated)."""
        rows = max((len(values) for values, _ in held.values()), default=0)
        matching = np.zeros(len(self._grid.columns))
        total: Hashes = np.zeros(rows, dtype=np.uint64)
        for index in sorted(held):
            values, known = held[index]
            if len(values) == rows:
                total = mixed(total * _GOLDEN + np.where(known, mixed(_bits(values)), _GOLDEN))
        near, far = _copies(total)
        each = 1 + near + far * max(self._all - 1, 0) / max(rows - 1, 1)
        if each > _ONCE:
            matching[:] = rows
            for index, (values, known) in held.items():
                _, counts = np.unique(np.where(known, _bits(values), _GOLDEN), return_counts=True)
                matching[index] = rows * _same(counts)
        return np.array([rows, rows * each, rows * (near + far) / max(rows - 1, 1), 0.0]), matching


def _copies(hashes: Hashes) -> tuple[float, float]:
    """(how many others are the same as a row, near it and far from it, in the mean over rows). The few rows
    that occur most are left out: a join repeats many rows, whereas a block of missing values or of one filler
    makes a few rows alike, and is a shift."""
    _, which, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    rest = counts.astype(np.float64)
    rest[np.argsort(rest, kind="stable")[-_ALIKE:]] = 0
    if not rest.any():
        return 0.0, 0.0
    others = float((rest * (rest - 1)).sum()) if rest.max() > 1 else 0.0
    if not others:
        return 0.0, 0.0
    order = np.argsort(which, kind="stable")
    close = (np.diff(which[order]) == 0) & (np.diff(order) <= _NEAR)
    runs = np.diff(np.flatnonzero(np.concatenate([[True], ~close, [True]])))
    owner = which[order[np.concatenate([[0], np.cumsum(runs)[:-1]])]]
    near = float((runs * (runs - 1))[rest[owner] > 0].sum())
    return near / rest.sum(), (others - near) / rest.sum()


def _mark(values: AnyArray) -> NDArray[np.uint32]:
    """Of numbers their bits in single precision, of the hashes of words the upper half."""
    if values.dtype == np.uint64:
        return (values >> np.uint64(32)).astype(np.uint32)
    with np.errstate(over="ignore"):
        return (values.astype(np.float32) + np.float32(0)).view(np.uint32)


def _same(counts: NDArray[np.int64]) -> float:
    """How often two rows have the same of values that occur so often."""
    rows = int(counts.sum())
    return float((counts * (counts - 1.0)).sum()) / (rows * (rows - 1)) if rows > 1 else 0.0


def _filled(array: Arrow, column: ColumnGrid) -> tuple[AnyArray, NDArray[np.bool_]]:
    """(a number a row: its own, the length of free text, the hash of a word; which rows have one)."""
    import pyarrow.types as t

    known = valid_mask(array.indices if t.is_dictionary(array.type) else array)
    if family(array.type) in ("number", "time", "boolean"):
        own = numbers(array)
        values = np.zeros(len(array), dtype=own.dtype)
        values[known] = own
        return values, known & np.isfinite(values) if own.dtype.kind == "f" else known
    if t.is_dictionary(array.type):
        present = valid_mask(array.dictionary)
        words = np.zeros(len(present), dtype=np.uint64)
        words[present] = hashed(as_text(array.dictionary.drop_null()))
        out = np.zeros(len(array), dtype=np.uint64)
        out[known] = words[buffer_values(array.indices.drop_null())]
        return out, known
    text = as_text(array).drop_null()
    out = np.zeros(len(array), dtype=np.uint64)
    out[known] = np.diff(spans(text)[0]).astype(np.uint64) if column.shaped else hashed(text)
    return out, known


def _joined(parts: list[tuple[AnyArray, NDArray[np.bool_]]]) -> tuple[AnyArray, NDArray[np.bool_]]:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([values for values, _ in parts]), np.concatenate([known for _, known in parts])


def _bits(values: AnyArray) -> Hashes:
    wide = values.astype(np.float64) + 0.0 if values.dtype.kind == "f" else values.astype(np.int64)
    return wide.view(np.uint64)


def _clock(column: ColumnGrid, values: AnyArray, known: NDArray[np.bool_]) -> bool:
    """Whether the rows lie in order of this column's times."""
    if column.kind != "datetime" or known.sum() < _LEAST:
        return False
    times = values[known]
    return bool((times[1:] >= times[:-1]).all() and times[-1] > times[0])


def _owners(column: ColumnGrid, values: AnyArray, known: NDArray[np.bool_]) -> NDArray[np.int64] | None:
    """Whose each row is, where the column's name says that it names someone and its values repeat; None
    else."""
    if not _OF_SOMEONE.search(column.name) or known.sum() < _LEAST or column.role == "key":
        return None
    groups: NDArray[np.int64] = np.unique(values, return_inverse=True)[1]
    several = int(groups.max()) + 1
    return groups if 20 <= several < 0.95 * len(values) else None


def _design(
    values: AnyArray, in_time: bool, labels: bool, owners: list[NDArray[np.int64]], share: float
) -> float:
    """The design effect of a column's values in the order of their rows, or by whose they are."""
    if len(values) < _LEAST:
        return 1.0
    kinds = _split(values, labels)
    if not kinds.any():
        return 1.0
    design = serial(values, in_time, not labels) if in_time or _suspicious(kinds) else 1.0
    for groups in owners:
        if np.array_equal(np.unique(values, return_inverse=True)[1], groups):
            continue
        effect, sure = clustered(kinds.astype(np.float64), groups, share if design == 1.0 else 1.0)
        design = max(design, effect) if sure else design
    return design


def _split(values: AnyArray, labels: bool) -> NDArray[np.bool_]:
    """The values in two kinds: a cheap look before the thorough one."""
    middle = len(values) // 2
    at = values.astype(np.float64).mean() if labels else np.partition(values, middle)[middle]
    above: NDArray[np.bool_] = values > at
    return above if above.any() else values < at


def _suspicious(kinds: NDArray[np.bool_], sure: float = 2.5) -> bool:
    """Whether neighbours are of one kind more often than chance has it, at any of eight distances."""
    n, share = len(kinds), float(kinds.mean())
    centred = kinds - share
    spread = share * (1 - share) * np.sqrt(n)
    total = sum(float(centred[lag:] @ centred[:-lag]) for lag in range(1, 9))
    return bool(spread > 0 and total / (spread * np.sqrt(8)) > sure)
