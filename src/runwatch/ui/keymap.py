"""A person's own keys, checked: an unknown id is reported."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping

from textual.binding import Binding
from textual.dom import DOMNode

from runwatch.text.nearest import did_you_mean


def known_ids() -> set[str]:
    """The ids of all bindings of all our classes."""
    return {binding.id for binding in _bindings() if binding.id}


def _bindings() -> Iterator[Binding]:
    import runwatch.ui as package

    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        for item in vars(importlib.import_module(module.name)).values():
            if isinstance(item, type) and issubclass(item, DOMNode) and item.__module__ == module.name:
                yield from (
                    binding for binding in item.__dict__.get("BINDINGS", ()) if isinstance(binding, Binding)
                )


def checked(keymap: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The part of a keymap that means something, and a notice for each id that does not."""
    if not keymap:
        return {}, []
    known = known_ids()
    good = {name: keys for name, keys in keymap.items() if name in known}
    notices = []
    for name in keymap.keys() - good.keys():
        hint = did_you_mean(name, known, shown=str)
        notices.append(f"keymap: {name} is not a key binding" + (f"; {hint}" if hint else ""))
    return good, notices
