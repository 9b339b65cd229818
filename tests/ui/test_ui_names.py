"""Textual binds styles and handlers by class names: a renamed class must not lose them in silence."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

from textual.dom import DOMNode
from textual.message import Message

import runwatch.ui as ui


def _classes() -> Iterator[type]:
    for module in pkgutil.walk_packages(ui.__path__, "runwatch.ui."):
        for item in vars(importlib.import_module(module.name)).values():
            if isinstance(item, type) and issubclass(item, DOMNode):
                yield item


def test_every_handler_is_called_by_some_message() -> None:
    kinds = {kind for kind in _classes() if kind.__module__.startswith("runwatch.")}
    known = {message.handler_name for message in _messages(Message)} | {"on_mount", "on_unmount"}
    for kind in kinds:
        for name in vars(kind):
            assert not name.startswith("on_") or name in known, f"{kind.__name__}.{name}"


def _messages(kind: type[Message]) -> Iterator[type[Message]]:
    if hasattr(kind, "handler_name"):
        yield kind
    for below in kind.__subclasses__():
        yield from _messages(below)


def test_every_class_in_a_style_sheet_exists() -> None:
    known = {kind.__name__ for kind in _classes()} | {"Screen", "Toast", "SearchIcon", "Static", "Input"}
    known |= {"VerticalScroll"}
    sheets = [path.read_text() for path in Path(ui.__path__[0]).rglob("*.tcss")]
    ours = {kind for kind in _classes() if kind.__module__.startswith("runwatch.")}
    sheets += [str(vars(kind).get("DEFAULT_CSS", "")) for kind in ours]
    for sheet in sheets:
        for selector in re.findall(r"([^{}]+)\{", sheet):
            for name in re.findall(r"(?<![\w#.$:-])([A-Z]\w*)", selector):
                assert name in known, f"{name} in {selector.strip()}"
