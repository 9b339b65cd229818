"""Columns whose type is another than the reference's."""

from __future__ import annotations

from runwatch.domain.drift import QualityCheck
from runwatch.domain.finding import Severity
from runwatch.domain.profile import DUPLICATE
from runwatch.judge.quality.case import QualityCase

NAME = "type-change"
_NUMBERS = ("int", "uint", "float", "double", "halffloat", "decimal")


def check(case: QualityCase) -> list[QualityCheck]:
    if case.reference is None:
        return []
    before, now = _types(case.reference.schema), _types(case.current.schema)
    out: list[QualityCheck] = []
    for name in sorted(before.keys() & now.keys()):
        old, new = before[name], now[name]
        if old == new or not new or not old:
            continue
        same = {_family(t) for t in old} == {_family(t) for t in new}
        severity: Severity = "info" if same else "critical"
        said = f"the type went from {', '.join(sorted(old))} to {', '.join(sorted(new))}"
        advice = "write the column in its old type" if not same else "nothing to do: values stay comparable"
        out.append(
            QualityCheck(NAME, severity, name, said, advice, {"before": sorted(old), "now": sorted(new)})
        )
    return out


def _types(schema: tuple[tuple[str, str], ...]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, type_ in schema:
        if type_ not in ("null", DUPLICATE):
            found.setdefault(name, set()).add(_inner(type_))
    return found


def _inner(type_: str) -> str:
    """A dictionary's value type; large and view strings are strings."""
    if type_.startswith("dictionary<values="):
        type_ = type_.removeprefix("dictionary<values=").split(",")[0]
    return "string" if type_ in ("large_string", "string_view") else type_


def _family(type_: str) -> str:
    if type_.startswith(_NUMBERS):
        return "number"
    return "time" if type_.startswith(("timestamp", "date", "time")) else type_.split("[")[0]
