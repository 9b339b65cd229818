"""One family of errors: what people read is a ``UserError``; the rest is a kind of a standard error, for
callers who expect that, or known in its own file only."""

from __future__ import annotations

import importlib
import pkgutil
import sqlite3

import runwatch
from runwatch.domain.errors import UserError


def _errors() -> set[type[Exception]]:
    found = set()
    for info in pkgutil.walk_packages(runwatch.__path__, "runwatch."):
        if info.name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(info.name)).values():
            if isinstance(value, type) and issubclass(value, Exception) and value.__module__ == info.name:
                found.add(value)
    return found


def test_an_error_is_for_people_or_of_a_standard_kind_or_private() -> None:
    errors = _errors()
    assert len(errors) > 20
    strangers = [
        error
        for error in errors
        if not error.__name__.startswith("_")
        and not issubclass(error, (UserError, OSError, ValueError, sqlite3.Error))
    ]
    assert not strangers
