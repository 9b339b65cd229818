"""Making grids: the reference's sample fixes each column's kind, edges or words."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from runwatch.data.arrays import as_text, buffer_values, family, numbers, taken
from runwatch.data.bookkeeping import (
    MANY_OWNERS,
    are_whole_numbers,
    changes_with_each,
    counts_groups,
    identifier,
    in_order,
    names_others,
    names_owners,
    names_rows,
    rises_linearly,
)
from runwatch.data.conversion import value_type
from runwatch.data.kernel import bitmap, hashed, shapes
from runwatch.data.notation import ISO, PLAIN, detect, epoch, parse
from runwatch.domain.borders import Arrow
from runwatch.domain.drift import ColumnKind, Role
from runwatch.domain.points import AnyArray
from runwatch.domain.predictions import USUAL_COLUMNS
from runwatch.domain.profile import ColumnGrid, ProfileGrid

BINS = 240
EDGE_ROWS = 50_000
MAX_WORDS = 10_000
_INNER = np.linspace(0, 1, 11)[1:-1]
ENGINE = "13"
_TEXT_LENGTH = 50
_CODE_NAME = re.compile(
    r"(?:^|[_\W])(?:code|zip|zipcode|zip_code|postcode|postal_code|plz|class|category|type|status|mcc|naics|sic)$"
    r"|[a-z](?:Code|Class|Category|Type|Status)$",
    0,
)
_REPEATS_OF_NAMED, _REPEATS, _LEAST_CODES, _MOST_CODES, _DENSE = 5, 20, 6, 1000, 0.25
_LONGEST_CODE = 1e9
_LEAST_ROWS = 20
_ULPS = 8
_NINE_DIGITS = 1e-9
_TARGETS = frozenset(USUAL_COLUMNS["target"])
_PREDICTIONS = {"y_score", "y_prob", "y_proba", "y_pred_proba", *USUAL_COLUMNS["prediction"]}


class Edges(NamedTuple):
    """The edges of a column's bins."""

    edges: AnyArray
    """In the dtype of the values."""
    deciles: tuple[int, ...]
    """Positions of the inner deciles among them."""
    exact: tuple[int, ...] = ()
    """Of fractions, the bins that are one value, whatever rounding did to its last digits."""


def make_edges(values: AnyArray, bins: int = BINS) -> Edges:
    """Edges for finite values, at least one; of more than 50,000, for a random sample of so many. A value
    that holds more than 1/``bins`` of the rows gets a bin of exactly that value; the rest of the bins are
    quantiles of the rest; up to ``bins``/2 distinct values, every value is such an atom."""
    if len(values) > EDGE_ROWS:
        values = values[np.random.default_rng(0).integers(0, len(values), EDGE_ROWS)]
    ordered = np.sort(values)
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    distinct = ordered[starts]
    repeats = np.diff(np.append(starts, len(ordered)))
    if len(distinct) <= bins // 2:
        heavy = np.ones(len(distinct), dtype=bool)
    else:
        heavy = repeats > len(ordered) / bins
    rest = ordered[~np.repeat(heavy, repeats)]
    lower, upper = _around(distinct, heavy)
    pieces = [lower, upper]
    left = bins - int(heavy.sum())
    if len(rest) and left > 1:
        at = np.ceil(np.arange(1, left) * len(rest) / left).astype(np.int64) - 1
        pieces.append(rest[np.clip(at, 0, len(rest) - 1)])
    inner = _before_float(np.unique(_quantiles(ordered, _INNER)), ordered.dtype)
    if ordered.dtype.kind == "f" and len(lower):
        below = np.clip(np.searchsorted(lower, inner, side="right") - 1, 0, None)
        inside = (inner >= lower[below]) & (inner <= upper[below])
        inner = np.where(inside, lower[below], inner)
    pieces.append(inner)
    edges = np.unique(np.concatenate(pieces))
    deciles = tuple(int(i) for i in np.unique(np.searchsorted(edges, inner)))
    exact = np.searchsorted(edges, upper) if ordered.dtype.kind == "f" else ()
    return Edges(edges, deciles, tuple(int(i) for i in exact))


def _quantiles(ordered: AnyArray, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quantiles of sorted values, straight between neighbours."""
    place = at * (len(ordered) - 1)
    below = place.astype(np.int64)
    lower, upper = (ordered[np.minimum(i, len(ordered) - 1)].astype(np.float64) for i in (below, below + 1))
    out: NDArray[np.float64] = lower + (upper - lower) * (place - below)
    return out


def _around(distinct: AnyArray, heavy: NDArray[np.bool_]) -> tuple[AnyArray, AnyArray]:
    """(lower, upper) edges of the atoms. Fractions that differ in their last digits only are one (0.3 and
    0.1 + 0.2), and what a writer of nine digits makes of an atom is in its bin, unless its neighbours are as
    near."""
    at = np.flatnonzero(heavy)
    atoms = distinct[at]
    if distinct.dtype.kind != "f":
        return _below_whole(atoms), atoms
    if not len(atoms):
        return atoms, atoms
    kind = distinct.dtype.type
    rounding = _ULPS * np.spacing(np.abs(atoms))
    with np.errstate(over="ignore", invalid="ignore"):
        below = atoms - np.where(at > 0, distinct[at - 1], kind(-np.inf))
        above = (
            np.where(at + 1 < len(distinct), distinct[np.minimum(at + 1, len(distinct) - 1)], kind(np.inf))
            - atoms
        )
    wide = np.maximum(rounding, _NINE_DIGITS * np.abs(atoms))
    down = np.where(below <= rounding, rounding, np.minimum(wide, below / 4)).astype(kind)
    up = np.where(above <= rounding, rounding, np.minimum(wide, above / 4)).astype(kind)
    lower = np.minimum(atoms - down, np.nextafter(atoms, kind(-np.inf)))
    upper = np.maximum(atoms + up, atoms)
    first = np.append(True, lower[1:] > upper[:-1])  # atoms that differ by rounding only are one
    return lower[first], upper[np.append(first[1:], True)]


def _below_whole(values: AnyArray) -> AnyArray:
    """The next smaller whole number of the same dtype, where there is one."""
    least = np.iinfo(values.dtype).min
    below: AnyArray = values[values > least] - values.dtype.type(1)
    return below


def _before_float(points: NDArray[np.float64], dtype: np.dtype[Any]) -> AnyArray:
    """The greatest value of ``dtype`` below each point."""
    if dtype.kind == "f":
        cast = points.astype(dtype)
        return np.where(cast < points, cast, np.nextafter(cast, dtype.type(-np.inf)))
    limits = np.iinfo(dtype)
    whole = np.ceil(points) - 1
    inside = (whole >= float(limits.min)) & (whole < float(limits.max))
    return whole[inside].astype(dtype)


def make_column(
    name: str, array: Arrow, declared: ColumnKind | None = None, role: Role = "feature"
) -> ColumnGrid:
    """The grid of one column from its sample (an Arrow array, nulls allowed)."""
    group = family(array.type)
    column = ColumnGrid(name, "constant", value_type(array), guessed=declared is None, role=role)
    if group == "null" or array.null_count == len(array):
        return column
    if group == "nested":
        return replace(column, kind="text", guessed=True)
    words_wanted = declared in ("categorical", "boolean") or declared == "text"
    if group in ("number", "time") and not words_wanted:
        if declared is None and _are_codes(name, array):
            return _worded(column, array, "categorical")
        kind: ColumnKind = declared or ("datetime" if group == "time" else "numeric")
        return _ordered(column, numbers(array), kind)
    if group == "boolean":
        return _worded(column, array, declared or "boolean")
    text = array.drop_null() if group == "string" else as_text(array.drop_null())
    notation = "" if words_wanted else detect(text)
    if declared == "datetime":
        notation = notation if notation.startswith(("moment", "time")) else ISO
    elif declared == "numeric":
        notation = notation if notation.startswith(("number", "duration")) else PLAIN
    if notation:
        kind = declared or ("datetime" if notation.startswith(("moment", "time")) else "numeric")
        return _ordered(column, parse(as_text(text), notation)[0], kind, notation)
    return _worded(column, text, declared or "categorical")


def _are_codes(name: str, array: Arrow) -> bool:
    """Whether whole numbers stand for categories: a dictionary, a name that says so, or few values that are
    often there with gaps between them, other than those of a common step."""
    import pyarrow.types as t

    if t.is_dictionary(array.type):
        measured = t.is_floating(array.type.value_type)
        return not measured or len(array.dictionary) * _REPEATS_OF_NAMED <= len(array)
    found = numbers(array)
    if not t.is_integer(array.type) and not (t.is_floating(array.type) and _whole_codes(found)):
        return False
    values, counts = np.unique(found, return_counts=True)
    several, rows = len(values), int(counts.sum())
    if not 2 < several <= MAX_WORDS or rows < _LEAST_ROWS:
        return False
    if _CODE_NAME.search(name):
        return several * _REPEATS_OF_NAMED <= rows
    if not _LEAST_CODES <= several <= _MOST_CODES or several * _REPEATS > rows:
        return False
    middle = values[several // 10 : several - several // 10].astype(np.int64)
    step = int(np.gcd.reduce(np.diff(values.astype(np.int64))))
    return len(middle) / ((int(middle[-1]) - int(middle[0])) / step + 1) < _DENSE


def _whole_codes(values: AnyArray) -> bool:
    """Whether fractions are the whole numbers that missing values make fractions of in pandas, and such as
    are written without an exponent."""
    return are_whole_numbers(values) and bool((np.abs(values) < _LONGEST_CODE).all())


def _ordered(column: ColumnGrid, values: AnyArray, kind: ColumnKind, notation: str = "") -> ColumnGrid:
    """The grid of values that have an order; ``column``: what is known of it."""
    name, feature, duration = column.name, column.role == "feature", column.type.startswith("duration")
    finite = values
    if values.dtype.kind == "f" and not (inside := np.isfinite(values)).all():
        finite = values[inside]
    if not len(finite):
        return column
    if kind == "numeric" and not notation and feature and not duration:
        notation = epoch(name, finite)
        kind = "datetime" if notation else kind
    edges, deciles, exact = make_edges(finite)
    low, high = finite.min(), finite.max()
    if low == high and column.guessed and kind != "datetime":
        kind = "constant"
    counted = kind == "numeric" and not duration
    unique = counted and not notation and identifier(name, finite)
    counted = counted and column.guessed
    foreign = counted and feature and not unique and names_others(name, finite)
    straight = (
        counted and finite.dtype.kind == "f" and not are_whole_numbers(finite) and rises_linearly(finite)
    )
    counted = counted and counts_groups(finite)
    return replace(
        column,
        kind=kind,
        edges=edges,
        deciles=deciles,
        unique=unique,
        role="key" if unique and feature else column.role,
        notation=notation,
        exact=exact,
        ascending=counted and changes_with_each(finite),
        onward=in_order(finite) if kind == "datetime" else counted or straight,
        foreign=foreign,
    )


def _worded(column: ColumnGrid, array: Arrow, kind: ColumnKind) -> ColumnGrid:
    """The grid of words; ``column``: what is known of it."""
    feature, guessed = column.role == "feature", column.guessed
    text = array.drop_null() if family(array.type) == "string" else as_text(array).drop_null()
    words, distinct, counts = _frequent(text)
    if guessed and {word.lower() for word in words} == {"false", "true"}:
        kind = "boolean"
    unique = distinct == len(text) and len(text) >= _LEAST_ROWS
    if guessed and kind == "categorical" and (distinct > 1) and _is_text(text, distinct):
        kind = "text"
    if distinct <= 1 and guessed:
        kind = "constant"
    if kind == "text":
        lengths, _ = shapes(as_text(text))
        edges, deciles, _ = make_edges(lengths)
        role = "key" if unique and feature and names_rows(column.name) else column.role
        return replace(column, kind=kind, edges=edges, deciles=deciles, unique=unique, role=role)
    if kind == "boolean":
        spoken = {word.lower() for word in words}
        words = ("false", "true") if spoken <= {"false", "true"} else words
    seen, rare = b"", (0, 0, 0)
    if distinct > len(words) and kind != "boolean":
        seen = bitmap(hashed(as_text(text.unique())))
        rare = int((counts == 1).sum()), int((counts == 2).sum()), len(text)
    foreign = guessed and feature and kind == "categorical" and names_owners(column.name)
    foreign = foreign and distinct > MANY_OWNERS
    return replace(column, kind=kind, words=words, unique=unique, seen=seen, rare=rare, foreign=foreign)


def _is_text(text: Arrow, distinct: int) -> bool:
    """Free text or identifiers rather than categories: nearly every value differs, or values are long."""
    if len(text) >= 50 and distinct > 0.5 * len(text):
        return True
    lengths, _ = shapes(as_text(text.slice(0, 10_000)))
    return bool(distinct > 20 and lengths.mean() > _TEXT_LENGTH)


def _frequent(text: object) -> tuple[tuple[str, ...], int, NDArray[np.int64]]:
    """(the most frequent values, most frequent first, ties in lexical order; number of distinct values; how
    often each of them occurs)."""
    values, counts = _counted(text)
    if len(values) > MAX_WORDS:
        least = np.partition(counts, len(counts) - MAX_WORDS)[len(counts) - MAX_WORDS]
        keep = np.flatnonzero(counts >= least)
        pairs = [(values[int(i)].as_py(), int(counts[i])) for i in keep]
    else:
        pairs = list(zip(values.to_pylist(), counts.tolist(), strict=True))
    pairs.sort(key=lambda pair: (-pair[1], pair[0]))
    return tuple(word for word, _ in pairs[:MAX_WORDS]), len(values), counts


def _counted(text: Arrow) -> tuple[Arrow, NDArray[np.int64]]:
    """(the values that occur, each once; how often): of codes without a look at the text of every row."""
    import pyarrow.compute as pc
    import pyarrow.types as t

    if t.is_dictionary(text.type) and not text.dictionary.null_count:
        counts = np.bincount(buffer_values(text.indices), minlength=len(text.dictionary))
        present = np.flatnonzero(counts)
        values = taken(as_text(text.dictionary), present)
        if len(values.unique()) == len(values):
            return values, counts[present].astype(np.int64)
    table = pc.value_counts(as_text(text))
    return table.field(0), buffer_values(table.field(1))


def guess_role(
    name: str, target: str | None, prediction: str | None, score: str | None, key: str | None
) -> Role:
    """The part a column plays: what was said, else what its name says."""
    if name == target:
        return "target"
    if name in (prediction, score) and name is not None:
        return "prediction"
    if name == key:
        return "key"
    lower = name.lower()
    if target is None and lower in _TARGETS:
        return "target"
    return "prediction" if prediction is None and lower in _PREDICTIONS else "feature"


def make_grid(columns: Iterable[ColumnGrid], duplicates: Iterable[str] = ()) -> ProfileGrid:
    """A grid with its id: a digest of all columns and of the engine's version."""
    grids = tuple(columns)
    digest = hashlib.sha256(f"runwatch-grid-{ENGINE}".encode())
    for column in grids:
        head = (column.name, column.kind, column.type, column.words, column.deciles, column.role)
        read_as = (column.notation, column.ascending, column.exact, column.onward, column.foreign)
        digest.update(repr((*head, *read_as)).encode("utf-8", "backslashreplace"))
        if column.edges is not None:
            digest.update(str(column.edges.dtype).encode() + column.edges.tobytes())
        digest.update(column.seen)
    return ProfileGrid(grids, digest.hexdigest()[:16], tuple(sorted(duplicates)))


def wanted_names(names: list[str], include: tuple[str, ...], exclude: tuple[str, ...]) -> list[str]:
    """The columns that the glob patterns leave, each once, in file order."""
    from fnmatch import fnmatchcase

    unique = list(dict.fromkeys(names))
    if include:
        unique = [name for name in unique if any(fnmatchcase(name, pattern) for pattern in include)]
    return [name for name in unique if not any(fnmatchcase(name, pattern) for pattern in exclude)]
