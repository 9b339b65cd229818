"""What is added by its place: the modules of our packages, and what other installed packages add by entry
point. Who can install a package can run code; a plug-in that fails is a problem on the list all the same, and
never the end of anything."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from collections.abc import Callable, Iterator
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from runwatch.domain.run import Problem

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_GROUPS = b"[runwatch."


def modules_in(package: str) -> list[ModuleType]:
    """The modules of one of our packages, in the order of their names, without the packages below it: a new
    file is a new part."""
    folders = importlib.import_module(package).__path__
    infos = sorted(pkgutil.iter_modules(folders), key=lambda info: info.name)
    return [importlib.import_module(f"{package}.{info.name}") for info in infos if not info.ispkg]


def plug_ins(group: str) -> Iterator[EntryPoint]:
    """The entry points of ``runwatch.GROUP``."""
    if _may_be_any(tuple(sys.path)):
        from importlib.metadata import entry_points

        yield from entry_points(group=f"runwatch.{group}s")


@cache
def _may_be_any(path: tuple[str, ...]) -> bool:
    """Whether an installed package may have entry points for runwatch. ``importlib.metadata`` would take ten
    times as long to say that none has; what it may find elsewhere (in a zip file) is left to it."""
    return any(os.path.isfile(entry) or _names_us(entry or ".") for entry in path)


def _names_us(folder: str) -> bool:
    try:
        names = [name for name in os.listdir(folder) if name.endswith((".dist-info", ".egg-info"))]
    except OSError:
        return False
    for name in names:
        try:
            with open(os.path.join(folder, name, "entry_points.txt"), "rb") as file:
                if _GROUPS in file.read():
                    return True
        except OSError:
            continue
    return False


def load_plug_ins(group: str, accept: Callable[[Any], None]) -> tuple[Problem, ...]:
    """Load each one and hand it to ``accept``, which may raise; what failed."""
    problems = []
    for point in plug_ins(group):
        try:
            accept(point.load())
        except Exception as error:  # a stranger's code: whatever it raises is its own problem, not ours
            message = f"{group} plug-in {point.name!r} failed: {error!r}"
            problems.append(Problem(point.value, None, message, "update or remove it"))
    return tuple(problems)
