"""YAML from strangers: small documents, no aliases, no objects; an unknown tag becomes text."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from runwatch.readers import limits

SIZE = 1 * limits.MIB
_TEXT = 200
_FLOAT = re.compile(r"[-+]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})[eE][-+]?\d{1,4}")

Yaml = Any
"""PyYAML, its loaders and nodes."""


def parse(data: bytes) -> Any:
    """The one document that ``data`` holds, keys as text and dates as written; ``1e-3`` is a float (as in
    YAML 1.2). Raises ValueError: too large, an alias, deeper than ``limits.JSON_DEPTH``, several
    documents, or no YAML."""
    import yaml

    if len(data) > SIZE:
        raise ValueError(f"larger than {SIZE // limits.MIB} MiB")
    try:
        _check(data, yaml)
        value = yaml.load(data, Loader=_loader())
    except yaml.YAMLError as error:
        raise ValueError(_words(error)) from None
    except (RecursionError, OverflowError, TypeError, UnicodeError) as error:
        raise ValueError(f"not valid YAML: {error}") from None
    return _plain(value)


def _check(data: bytes, yaml: Yaml) -> None:
    """Refuse aliases (a few hundred bytes can stand for gigabytes) and deep nesting before building."""
    depth = 0
    for event in yaml.parse(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError(f"line {event.start_mark.line + 1}: aliases are refused, write their values out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > limits.JSON_DEPTH:
                raise ValueError(f"nested deeper than {limits.JSON_DEPTH}")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _words(error: object) -> str:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or str(error).partition("\n")[0]
    return f"line {mark.line + 1}: {what}" if mark is not None else str(what)


@cache
def _loader() -> Yaml:
    import yaml

    base: Yaml = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        """Safe, and lenient with what it must not build."""

    Loader.add_multi_constructor("", _unknown)
    Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))
    Loader.add_constructor("tag:yaml.org,2002:int", _integer)
    Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: str(node.value))
    return Loader


def _integer(loader: Yaml, node: Yaml) -> object:
    if len(node.value) > 400 or ":" in node.value:
        return str(node.value)
    try:
        return loader.construct_yaml_int(node)
    except ValueError:
        return str(node.value)


def _unknown(loader: Yaml, suffix: str, node: Yaml) -> object:
    """An object that would have to be built: its name and what it would be built of, as text."""
    import yaml

    kind, _, name = suffix.rpartition(":")
    if isinstance(node, yaml.ScalarNode):
        return str(node.value) or name
    if isinstance(node, yaml.SequenceNode):
        items = loader.construct_sequence(node, deep=True)
        return items if suffix.endswith("tuple") else f"{name}({', '.join(map(str, items))})"[:_TEXT]
    pairs = loader.construct_mapping(node, deep=True)
    inner = ", ".join(f"{key}={value}" for key, value in pairs.items())
    return f"{name or kind}({inner})"[:_TEXT]


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key if isinstance(key, str) else str(key): _plain(below) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(str(item) for item in value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value
