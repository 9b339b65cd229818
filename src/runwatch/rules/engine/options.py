"""``[rules.NAME]``: a rule's own options and those that every rule has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from runwatch.domain.finding import SEVERITIES
from runwatch.rules.engine.registry import Rule
from runwatch.text.durations import seconds
from runwatch.text.nearest import did_you_mean

COMMON: Mapping[str, object] = {"enabled": True, "severity": "", "hold": "", "keep": "", "ignore": ()}


def check_options(
    rules: Iterable[Rule], options: Mapping[str, Mapping[str, object]], custom: Iterable[Rule] = ()
) -> tuple[str, ...]:
    """What is wrong with the ``[rules.NAME]`` tables, one sentence each: an unknown rule or key (with the
    nearest known one) or a value of the wrong kind."""
    known = {rule.NAME: rule for rule in (*rules, *custom)}
    errors: list[str] = []
    for name, table in options.items():
        if name not in known:
            errors.append(f"rules.{name}: there is no such rule{alike(name, known)}")
            continue
        allowed = {**COMMON, **known[name].DEFAULTS}
        for key, value in table.items():
            if key not in allowed:
                errors.append(f"rules.{name}.{key}: unknown key{alike(key, allowed)}")
            elif wrong := _wrong(key, value, allowed[key]):
                errors.append(f"rules.{name}.{key}: {wrong}")
    return tuple(errors)


def options_of(rule: Rule, options: Mapping[str, Mapping[str, object]]) -> Mapping[str, object]:
    """The rule's options with defaults filled in; unknown and wrong ones are left at their defaults."""
    allowed = {**COMMON, **rule.DEFAULTS}
    given = options.get(rule.NAME, {})
    usable = {k: v for k, v in given.items() if k in allowed and not _wrong(k, v, allowed[k])}
    return {**allowed, **usable}


def number(options: Mapping[str, object], key: str) -> float:
    """A numeric option, or one that is a duration, as a float."""
    value = seconds(options[key])
    return value if value is not None else float(options[key])  # type: ignore[arg-type]


def ignored(options: Mapping[str, object], *names: str) -> bool:
    """Whether an ``ignore`` glob matches one of ``names`` (a scope, a subject, "scope · subject")."""
    globs = options.get("ignore", ())
    patterns = (globs,) if isinstance(globs, str) else tuple(str(glob) for glob in globs)  # type: ignore[attr-defined]
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _wrong(key: str, value: object, default: object) -> str:
    if key == "severity":
        return "" if value in ("", *SEVERITIES) else f"must be one of {', '.join(SEVERITIES)}"
    if key == "ignore":
        good = isinstance(value, str) or (
            isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)
        )
        return "" if good else "must be a glob or a list of globs"
    if isinstance(default, str):
        return "" if seconds(value) is not None or value == "" else 'must be a duration such as "10m"'
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else "must be true or false"
    if isinstance(default, (int, float)):
        good = isinstance(value, (int, float)) and not isinstance(value, bool)
        return "" if good else "must be a number"
    return ""


def alike(name: str, known: Iterable[str]) -> str:
    """The end of a complaint about an unknown name: which known one it resembles, if any."""
    question = did_you_mean(name, known)
    return f"; {question}" if question else ""
