"""The hard rules of ``[data.expect]``: whatever breaks one is critical."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from runwatch.domain.drift import QualityCheck
from runwatch.domain.profile import ColumnGrid, ColumnProfile
from runwatch.judge.quality.case import QualityCase
from runwatch.text.durations import seconds
from runwatch.text.units import duration, number, percent

NAME = "expectations"
TABLE_KEYS = ("rows", "fresh_within", "columns")
COLUMN_KEYS = ("required", "type", "min", "max", "missing", "values", "unique", "pattern")
_SHOWN = 5


def check(case: QualityCase) -> list[QualityCheck]:
    out = _unreadable("", case.expect, TABLE_KEYS)
    out.extend(_rows(case))
    out.extend(_fresh(case))
    columns = case.expect.get("columns")
    for name, rules in columns.items() if isinstance(columns, Mapping) else ():
        if not isinstance(rules, Mapping):
            out.append(_broken(str(name), "its expectations are not a table", "write {min = 0, max = 1}"))
            continue
        out.extend(_unreadable(str(name), rules, COLUMN_KEYS))
        out.extend(_column(case, str(name), rules))
    return out


def _unreadable(column: str, rules: Mapping[str, object], known: tuple[str, ...]) -> list[QualityCheck]:
    """Rules that cannot be checked as they are written: silently skipping one would hide faults."""
    out = [_unknown_key(column, key, known) for key in rules if key not in known]
    for key in (key for key in rules if key in known and rules[key] is not None):
        form, fits = _FORMS[key]
        if not fits(rules[key]):
            out.append(_broken(column, f"{key} = {rules[key]!r} cannot be checked", f"write {form}"))
    return out


def _unknown_key(column: str, key: str, known: tuple[str, ...]) -> QualityCheck:
    return _broken(column, f"{key!r} is not an expectation", f"use one of {', '.join(known)}")


def _broken(column: str, summary: str, advice: str, samples: tuple[str, ...] = ()) -> QualityCheck:
    return QualityCheck(
        NAME, severity="critical", column=column, summary=summary, advice=advice, evidence={}, samples=samples
    )


def _rows(case: QualityCase) -> list[QualityCheck]:
    rule = case.expect.get("rows")
    if not isinstance(rule, Mapping):
        return []
    low, high, rows = _number(rule.get("min")), _number(rule.get("max")), case.current.rows
    if low is not None and rows < low:
        return [_broken("", f"{rows:,} rows, at least {low:,.0f} expected", "check what did not arrive")]
    if high is not None and rows > high:
        return [_broken("", f"{rows:,} rows, at most {high:,.0f} expected", "check what arrived twice")]
    return []


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _fresh(case: QualityCase) -> list[QualityCheck]:
    limit = seconds(case.expect.get("fresh_within"))
    if limit is None or case.now is None or case.arrived is None or case.now - case.arrived <= limit:
        return []
    age = duration(case.now - case.arrived)
    return [_broken("", f"{age} old, {duration(limit)} allowed", "check whether its job still runs")]


def _column(case: QualityCase, name: str, rules: Mapping[str, object]) -> list[QualityCheck]:
    index = case.current.grid.index.get(name)
    present = index is not None and case.current.column(index).rows > 0
    if not present or index is None:
        gone = rules.get("required", True)
        return [_broken(name, "the column is missing", "restore it at its source")] if gone else []
    column, profile = case.current.grid.columns[index], case.current.column(index)
    return [
        *_type(column, profile, rules),
        *_bounds(profile, rules, column),
        *_missing(profile, rules, name),
        *_values(case, column, profile, rules),
        *_unique(case, rules, name),
        *_pattern(case, rules, name),
    ]


def _type(column: ColumnGrid, profile: ColumnProfile, rules: Mapping[str, object]) -> list[QualityCheck]:
    expected = rules.get("type")
    if expected is None or expected in (column.kind, column.type) or column.kind == "constant":
        return []
    return [_broken(column.name, f"is {column.kind} ({column.type}), {expected} expected", "write that type")]


def _bounds(profile: ColumnProfile, rules: Mapping[str, object], column: ColumnGrid) -> list[QualityCheck]:
    low, high = _number(rules.get("min")), _number(rules.get("max"))
    bounded = low is not None or high is not None
    if bounded and profile.n and (column.words is not None or column.kind == "text"):
        message = f"min and max cannot be checked: the column is {column.kind}"
        return [_broken(column.name, message, "check which values are not numbers")]
    if column.edges is None or not np.isfinite(profile.low):
        return []
    out = []
    least = -np.inf if profile.neg_inf else profile.low
    most = np.inf if profile.pos_inf else profile.high
    if low is not None and least < low:
        out.append(_broken(column.name, f"{number(least)} is below {number(low)}", "look at these rows"))
    if high is not None and most > high:
        out.append(_broken(column.name, f"{number(most)} is above {number(high)}", "look at these rows"))
    return out


def _missing(profile: ColumnProfile, rules: Mapping[str, object], name: str) -> list[QualityCheck]:
    most, share = _number(rules.get("missing")), profile.missing_share
    if most is None or share is None or share <= most:
        return []
    message = f"{percent(share, 1)} missing, at most {percent(most, 1)} allowed"
    return [_broken(name, message, "check what stopped filling it")]


def _values(
    case: QualityCase, column: ColumnGrid, profile: ColumnProfile, rules: Mapping[str, object]
) -> list[QualityCheck]:
    allowed = rules.get("values")
    if not isinstance(allowed, list | tuple):
        return []
    odd = (
        _odd_numbers(case, column, allowed) if column.words is None else _odd_words(column, profile, allowed)
    )
    if not odd:
        return []
    message = "1 value is not allowed" if len(odd) == 1 else f"{len(odd)} values are not allowed"
    return [_broken(column.name, message, "map or drop them", tuple(odd[:_SHOWN]))]


def _odd_words(column: ColumnGrid, profile: ColumnProfile, allowed: Sequence[object]) -> list[str]:
    known = {str(value).lower() if isinstance(value, bool) else str(value) for value in allowed}
    words = zip(column.words or (), profile.counts[:-1], strict=True)
    seen = [word for word, count in words if count and word not in known]
    return [*seen, *(word for word in profile.others if word not in known)]


def _odd_numbers(case: QualityCase, column: ColumnGrid, allowed: Sequence[object]) -> list[str]:
    """Those of the sampled values."""
    values = case.sample.get(column.name)
    if values is None or values.dtype == object:
        return []
    known = [one for one in map(_number, allowed) if one is not None]
    present = np.unique(values[~np.isnan(values)])
    return [number(one) for one in present[~np.isin(present, known)].tolist()]


def _unique(case: QualityCase, rules: Mapping[str, object], name: str) -> list[QualityCheck]:
    count = case.facts.duplicate_keys.get(name, 0) if case.facts is not None else 0
    if not rules.get("unique") or not count:
        return []
    samples = case.facts.repeated.get(name, ()) if case.facts is not None else ()
    return [_broken(name, f"{count:,} values occur more than once", "keep one row per value", samples)]


def _pattern(case: QualityCase, rules: Mapping[str, object], name: str) -> list[QualityCheck]:
    pattern, values = rules.get("pattern"), case.sample.get(name)
    if not isinstance(pattern, str) or values is None:
        return []
    if values.dtype != object:
        message = "its pattern cannot be checked: the column holds numbers, not text"
        return [_broken(name, message, "write it as text, or use min and max")]
    texts = [value for value in values if isinstance(value, str)]
    try:
        odd = _unlike(texts, pattern)
    except ValueError as error:
        message = f"its pattern cannot be used ({error})"
        return [_broken(name, message, "write it in RE2's form: no look-around, no back-references")]
    if not odd:
        return []
    samples = tuple(dict.fromkeys(odd))[:_SHOWN]
    message = f"{percent(len(odd) / len(values), 1)} of the sampled values do not match {pattern}"
    return [_broken(name, message, "repair these values", samples)]


def _unlike(texts: list[str], pattern: str) -> list[str]:
    """The texts in which the pattern does not occur, in time that grows with their length alone, whatever the
    pattern: Arrow searches with RE2. ValueError for what is no pattern of its."""
    import pyarrow as pa
    import pyarrow.compute as pc

    matching = pc.match_substring_regex(pa.array(texts, pa.string()), pattern)
    return [text for text, fits in zip(texts, matching.to_pylist(), strict=True) if not fits]


_A_NUMBER = ("a number", lambda value: _number(value) is not None)
_YES_OR_NO = ("true or false", lambda value: isinstance(value, bool))
_FORMS: Mapping[str, tuple[str, Callable[[object], bool]]] = {
    "rows": ("{ min = 1000, max = 2000 }", lambda value: isinstance(value, Mapping)),
    "fresh_within": ('a time such as "26h"', lambda value: seconds(value) is not None),
    "columns": ("a table of columns", lambda value: isinstance(value, Mapping)),
    "required": _YES_OR_NO,
    "unique": _YES_OR_NO,
    "min": _A_NUMBER,
    "max": _A_NUMBER,
    "missing": _A_NUMBER,
    "type": ("the name of a kind or type", lambda value: isinstance(value, str)),
    "values": ("a list", lambda value: isinstance(value, list | tuple)),
    "pattern": ("a regular expression", lambda value: isinstance(value, str)),
}
