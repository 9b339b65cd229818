"""Columns whose type is another than the reference's."""

from __future__ import annotations

import re

from runwatch.domain.drift import QualityCheck
from runwatch.domain.finding import Severity
from runwatch.domain.profile import DUPLICATE, GUESSED, ColumnGrid, ColumnProfile
from runwatch.judge.quality.case import QualityCase
from runwatch.text.units import plural

NAME = "type-change"
_FEW = 0.01
_PLAIN = (
    ("struct<", "struct"),
    ("map<", "struct"),
    ("list<", "list"),
    ("large_list<", "list"),
    ("fixed_size_list<", "list"),
    ("duration[", "duration"),
    ("time32[", "time"),
    ("time64[", "time"),
)
_DECIMAL = re.compile(r"decimal\d+\(\d+, (-?\d+)\)")
_FLOATS = ("halffloat", "float", "double")
_NUMBERS = ("int", "uint", "float", "double", "halffloat", "decimal")


def check(case: QualityCase) -> list[QualityCheck]:
    if case.reference is None:
        return []
    before, now = _types(case.reference.schema), _types(case.current.schema)
    readable = {column.name for column, _, profile in case.columns() if _as_before(column, profile)}
    gaps = {
        column.name for column, *sides in case.columns() if any(s is not None and s.missing for s in sides)
    }
    out: list[QualityCheck] = []
    expected = case.current.grid.index
    for name in sorted(before.keys() & now.keys() & expected.keys()):
        old, new = before[name], now[name]
        if old == new or not new or not old or any(t.startswith(GUESSED) for t in old | new):
            continue
        if name in readable and _width_only(old | new, name in gaps):
            continue
        same = {_family(t) for t in old} == {_family(t) for t in new} or name in readable
        as_text = same and new == {"string"} and not old & {"bool", "string"}
        severity: Severity = "warning" if as_text else "info" if same else "critical"
        message = f"the type went from {', '.join(sorted(old))} to {', '.join(sorted(new))}"
        message += ": every value can be read, but is kept as text" if as_text else ""
        advice = "nothing to do: values stay comparable"
        if not same or as_text:
            advice = "write the column in its old type"
        out.append(
            QualityCheck(
                NAME,
                severity=severity,
                column=name,
                summary=message,
                advice=advice,
                evidence={"before": sorted(old), "now": sorted(new)},
            )
        )
    return out


def _width_only(types: set[str], gaps: bool) -> bool:
    """Whether tools write the same values as these types: in more bits or fewer, and whole numbers with
    missing values as fractions."""
    kinds = {"int" if t.startswith(("int", "uint")) else "float" if t in _FLOATS else t for t in types}
    return len(kinds) == 1 or (gaps and kinds == {"int", "float"})


def _as_before(column: ColumnGrid, profile: ColumnProfile) -> bool:
    """Whether nearly all values were read as the reference's, whatever their type: truth as 0 and 1, numbers
    as text, a time in another unit."""
    if not column.bins or profile.invalid > _FEW * profile.rows:
        return False
    return column.edges is not None or int(profile.counts[-1]) <= _FEW * profile.n


def _types(schema: tuple[tuple[str, str], ...]) -> dict[str, set[str]]:
    types: dict[str, set[str]] = {}
    for name, type_ in schema:
        if type_ not in ("null", DUPLICATE):
            types.setdefault(name, set()).add(_inner(type_))
    return types


def _inner(type_: str) -> str:
    """The type as far as it says what the values are, the same whatever tool wrote it: of a dictionary its
    values', times without their unit, decimals without their precision (some writers make it as wide as the
    file's longest value), nested types by their shape alone, since their leaves are columns too."""
    if type_.startswith("dictionary<values="):
        type_ = type_.removeprefix("dictionary<values=").split(",")[0]
    for start, plain in _PLAIN:
        if type_.startswith(start):
            return plain
    if type_.startswith("timestamp["):
        return "timestamp with a zone" if "tz=" in type_ else "timestamp"
    if decimal := _DECIMAL.fullmatch(type_):
        return f"decimal with {plural(int(decimal.group(1)), 'place')}"
    if type_ in ("large_binary", "binary_view"):
        return "binary"
    return "string" if type_ in ("large_string", "string_view") else type_


def _family(type_: str) -> str:
    if type_.startswith(_NUMBERS):
        return "number"
    return "time" if type_.startswith(("timestamp", "date", "time")) else type_.split("[")[0]
