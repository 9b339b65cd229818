"""From TOML tables to settings: every error names the file, the line, the key and what is expected."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec.structs import replace

from runwatch.config.settings import (
    DERIVED,
    ConfigError,
    CustomRule,
    Metrics,
    MetricSetting,
    Seconds,
    Settings,
)
from runwatch.domain.borders import JsonDict
from runwatch.text.durations import seconds
from runwatch.text.nearest import did_you_mean
from runwatch.text.safe import safe

MAX_ENTRIES = 1000
_SHOWN = 400
_FILTERS = ("rules.where", "alerts.filter")
_ENTRY = re.compile(r"\[(\d+)\]")
_HEADER = re.compile(r"(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?")
_OTHERWISE = DERIVED | {"rule_options", "rule_places", "reader_options"}
"""Fields of the settings that are no section of that name."""
_REQUIRED = {
    "runs": ("files",),
    "data": ("name", "reference", "current"),
    "predictions": ("name", "files"),
    "models": ("name", "champion", "data"),
    "rules": ("when",),
    "hosts": ("name", "roots"),
}

S = TypeVar("S", bound=msgspec.Struct)


class Checker:
    """Builds settings from tables."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._lines = text.splitlines()

    def settings(self, table: JsonDict, base: Settings) -> Settings:
        table = dict(table)
        rules = table.pop("rules", None)
        readers = self._tables(table.pop("readers", {}), "readers")
        hints = {name: hint for name, hint in get_type_hints(Settings).items() if name not in _OTHERWISE}
        self._known(table, {*hints, "readers"}, "")
        values: dict[str, object] = {"reader_options": {**base.reader_options, **readers}}
        for name, value in table.items():
            values[name] = self._section(name, hints[name], value, getattr(base, name))
        if rules is not None:
            custom, options = self._rules(rules)
            values["rules"] = base.rules + custom
            values["rule_options"] = {**base.rule_options, **options}
            values["rule_places"] = {
                **base.rule_places,
                **self._rule_places(custom, options, len(base.rules)),
            }
        return replace(base, **values)

    def _rules(self, rules: Any) -> tuple[tuple[CustomRule, ...], JsonDict]:
        """``[[rules]]`` entries and ``[rules.NAME]`` tables. TOML hangs a table that follows an entry of the
        same name onto that entry, so options are gathered out of the entries too."""
        if not isinstance(rules, list):
            return (), self._tables(rules, "rules")
        options: dict[str, object] = {}
        entries = []
        for item in rules:
            options.update({key: value for key, value in item.items() if isinstance(value, dict)})
            entries.append({key: value for key, value in item.items() if not isinstance(value, dict)})
        return tuple(self._items("rules", CustomRule, entries)), options

    def _rule_places(
        self, custom: Sequence[CustomRule], options: Mapping[str, Mapping[str, object]], before: int
    ) -> dict[str, str]:
        """Where each rule's entry, table and key stand; entries count on from those of the defaults."""
        places = {f"rules[{before + i}]": self._place(f"rules[{i}].when") for i in range(len(custom))}
        for name, table in options.items():
            paths = (f"rules.{name}", *(f"rules.{name}.{key}" for key in table))
            places.update({path: self._place(path) for path in paths})
        return places

    def _tables(self, value: object, path: str) -> dict[str, object]:
        if not isinstance(value, dict) or not all(isinstance(v, dict) for v in value.values()):
            self._fail(path, f"must hold tables, such as [{path}.NAME]")
        return dict(value)

    def _section(self, name: str, hint: Any, value: object, base: Any) -> object:
        if name == "metrics":
            return self._metrics(value, base)
        if get_origin(hint) is tuple:
            if not isinstance(value, list):
                self._fail(name, f"must be a list of tables; write [[{name}]]")
            return tuple(self._items(name, get_args(hint)[0], value))
        return (
            self._table(name, hint, value, base) if isinstance(hint, type) else self._value(name, hint, value)
        )

    def _metrics(self, value: object, base: Metrics) -> Metrics:
        if not isinstance(value, dict):
            self._fail("metrics", "must be a table; write [metrics]")
        plain = {key: v for key, v in value.items() if not isinstance(v, dict)}
        metrics = self._table("metrics", Metrics, plain, base, hidden={"named"})
        named = {
            tag: self._table(f"metrics.{tag}", MetricSetting, v, MetricSetting(), choices="metrics.*")
            for tag, v in value.items()
            if isinstance(v, dict)
        }
        return replace(metrics, named={**base.named, **named})

    def _items(self, name: str, kind: type[S], items: Sequence[object]) -> list[S]:
        self._count(name, items)
        result = []
        for index, item in enumerate(items):
            where = f"{name}[{index}]"
            result.append(self._table(where, kind, item, kind(), choices=name))
            for key in _REQUIRED.get(name, ()):
                if not (isinstance(item, dict) and item.get(key)):
                    self._fail(where, f"entry {index + 1} lacks {key!r}; add {key} = …")
        return result

    def _table(
        self,
        path: str,
        kind: type[S],
        value: object,
        base: S,
        choices: str | None = None,
        hidden: set[str] | None = None,
    ) -> S:
        if not isinstance(value, dict):
            self._fail(path, f"must be a table; write [{path}]")
        hints = get_type_hints(kind)
        self._known(value, set(hints) - (hidden or set()), path)
        result = {
            key: self._value(f"{path}.{key}", hints[key], v, f"{choices or path}.{key}")
            for key, v in value.items()
        }
        return replace(base, **result)

    def _known(self, table: Mapping[str, object], known: set[str], path: str) -> None:
        for key in table:
            if key not in known:
                advice = did_you_mean(key, known) or f"known keys: {', '.join(sorted(known))}"
                self._fail(f"{path}.{key}" if path else key, f"unknown key; {advice}")

    def _value(self, path: str, hint: object, value: object, rule: str | None = None) -> object:
        rule = rule or path
        result = self._convert(path, hint, value)
        if rule == "metrics.*.tolerance" and isinstance(result, float) and not 0 <= result < float("inf"):
            self._fail(path, f"must be a number of 0 or more, not {value!r}")
        if rule in _FILTERS:
            from runwatch.text.run_filter import parse

            complaint = parse(str(result)).complaint
            if complaint:
                self._fail(path, complaint)
        return result

    def _convert(self, path: str, hint: object, value: object) -> object:
        options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
        for option in options:
            origin = get_origin(option)
            if option is Seconds:
                if (span := seconds(value)) is not None:
                    return span
                self._fail(path, f"must be a duration such as 90 or '15m', not {value!r}")
            if origin is Literal:
                if value in get_args(option):
                    return value
                self._fail(path, f"must be one of {', '.join(get_args(option))}, not {value!r}")
            if isinstance(option, type) and issubclass(option, msgspec.Struct) and isinstance(value, dict):
                return self._table(path, option, value, option())
            if origin is tuple and isinstance(value, list) and all(isinstance(v, str) for v in value):
                self._count(path, value)
                return tuple(value)
            if origin is not None and origin is not tuple and isinstance(value, dict):
                return self._mapping(path, get_args(option)[1], value)
            if option is float and isinstance(value, int | float) and not isinstance(value, bool):
                return float(value)
            if isinstance(option, type) and option in (str, bool, int) and type(value) is option:
                return value
        self._fail(path, f"must be {_words(options)}, not {value!r}")

    def _mapping(self, path: str, hint: object, value: JsonDict) -> JsonDict:
        """A table whose keys are the user's; what its values must be, where the setting says so."""
        if hint is not str and get_origin(hint) is not Literal:
            return dict(value)
        return {key: self._convert(f"{path}.{key}", hint, one) for key, one in value.items()}

    def _count(self, path: str, items: Sequence[object]) -> None:
        if len(items) > MAX_ENTRIES:
            self._fail(path, f"has {len(items):,} entries, more than the {MAX_ENTRIES:,} that are read")

    def _fail(self, path: str, message: str) -> NoReturn:
        raise ConfigError(f"{self._place(path)}: {safe(path, _SHOWN)}: {safe(message, _SHOWN)}")

    def _place(self, path: str) -> str:
        line = self._line(path)
        return f"{self._file}: line {line}" if line else self._file

    def _line(self, path: str) -> int | None:
        """The first line that sets the last part of ``path`` in its section (of ``data[1]``: in the second
        one), else the section's own, else that of what it stands in."""
        entry = _ENTRY.search(path)
        place = _ENTRY.sub("", path)
        *above, key = place.split(".")
        section, inside, fallback, entries = ".".join(above), not above, None, 0
        for number, line in enumerate(self._lines, 1):
            stripped = line.strip()
            if header := _HEADER.fullmatch(stripped):
                name = header[2].replace('"', "").replace("'", "")
                entries += header[1] == "[[" and name == place.partition(".")[0]
                mine = entry is None or entries == int(entry[1]) + 1
                inside = mine and name == section
                if inside or (mine and f"{name}.".startswith(f"{place}.")):
                    fallback = fallback or number
            elif inside and re.match(rf"""["']?{re.escape(key)}["']?\s*[=.]""", stripped):
                return number
        return fallback or (self._line(path.rpartition(".")[0]) if above else None)


def _words(options: tuple[object, ...]) -> str:
    names: dict[object, str] = {str: "text", float: "a number", int: "a whole number", bool: "true or false"}
    words = [
        names.get(o) or ("a list of strings" if get_origin(o) is tuple else "a table")
        for o in options
        if o is not type(None)
    ]
    return " or ".join(words)
