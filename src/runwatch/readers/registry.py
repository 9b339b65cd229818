"""Which readers there are: every public module below this package that has ``NAME``, ``claim``, ``read``.
A family of formats is a package whose private modules (``_name``) are its parts; ``common`` holds none."""

from __future__ import annotations

import ast
import importlib
import os
import pkgutil
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast

import runwatch.readers as package
from runwatch.domain.plugins import load_plug_ins
from runwatch.domain.run import Problem
from runwatch.readers.base import Reader

_NAME = re.compile(r'^NAME = "([^"]+)"$', re.MULTILINE)
_LOOKS_FOR = re.compile(r"^LOOKS_FOR = (\([^()]*\))(?:  # fmt: skip)?$", re.MULTILINE)
_HEAD = 8192


class LateReader:
    """A reader of ours, imported when anything but its ``NAME`` and ``LOOKS_FOR`` is asked for: a start
    then loads no reader whose files aren't there."""

    def __init__(self, module: str, name: str, looks_for: tuple[str, ...]) -> None:
        self.module = module
        self.NAME, self.LOOKS_FOR = name, looks_for

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.module), name)


@cache
def built_in() -> Mapping[str, Reader]:
    """Our own readers by name."""
    readers: dict[str, Reader] = {}
    for module, path in _modules(package.__path__[0], package.__name__):
        reader = _reader(module, _head_of(path))
        if reader is not None:
            readers[reader.NAME] = reader
    return readers


def _modules(folder: str, prefix: str) -> Iterator[tuple[str, str]]:
    """The public modules below a package: (full name, source file)."""
    for info in pkgutil.iter_modules([folder]):
        if info.name.startswith("_") or info.name == "common":
            continue
        name, path = f"{prefix}.{info.name}", os.path.join(folder, info.name)
        yield name, os.path.join(path, "__init__.py") if info.ispkg else f"{path}.py"
        if info.ispkg:
            yield from _modules(path, name)


def _head_of(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as source:
            return source.read(_HEAD)
    except (OSError, ValueError):
        return None


def _reader(module: str, head: str | None) -> Reader | None:
    """The reader in a module, None where there is none. Imported only if the head of its source doesn't say
    in plain text whom to ask it about, or can't be read."""
    if head is not None:
        if "NAME" not in head:
            return None
        name, looks_for = _NAME.search(head), _LOOKS_FOR.search(head)
        if name is not None and looks_for is not None:
            return cast(Reader, LateReader(module, name[1], ast.literal_eval(looks_for[1])))
    loaded = importlib.import_module(module)
    is_reader = all(hasattr(loaded, part) for part in ("NAME", "claim", "read"))
    return cast(Reader, loaded) if is_reader else None


def plugged_in() -> tuple[Mapping[str, Reader], tuple[Problem, ...]]:
    """Third parties' readers, each loaded in its own try; one that fails is a problem."""
    readers: dict[str, Reader] = {}
    problems = load_plug_ins("reader", lambda reader: readers.update({reader.NAME: reader}))
    return readers, problems
