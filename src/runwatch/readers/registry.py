"""Which readers there are: every public module below this package that has ``NAME``, ``claim``, ``read``.
A family of formats is a package whose private modules (``_name``) are its parts; ``common`` holds none."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import cast

import runwatch.readers as package
from runwatch.domain.plugins import load_plug_ins
from runwatch.domain.run import Problem
from runwatch.readers.base import Reader


@cache
def built_in() -> Mapping[str, Reader]:
    """Our own readers by name."""
    readers: dict[str, Reader] = {}
    for module in _modules(package.__path__, package.__name__):
        if all(hasattr(module, name) for name in ("NAME", "claim", "read")):
            readers[module.NAME] = cast(Reader, module)
    return readers


def _modules(path: Iterable[str], prefix: str) -> Iterator[ModuleType]:
    for info in pkgutil.iter_modules(path):
        if info.name.startswith("_") or info.name == "common":
            continue
        module = importlib.import_module(f"{prefix}.{info.name}")
        yield module
        if info.ispkg:
            yield from _modules(module.__path__, module.__name__)


def plugged_in() -> tuple[Mapping[str, Reader], tuple[Problem, ...]]:
    """Third parties' readers, each loaded in its own try; one that fails is a problem."""
    readers: dict[str, Reader] = {}
    problems = load_plug_ins("reader", lambda reader: readers.update({reader.NAME: reader}))
    return readers, problems
