"""Write docs/keys.md from the screens' own bindings: ``.venv/bin/python scripts/keys_docs.py``."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import format_key

FILE = Path(__file__).parent.parent / "docs" / "keys.md"
HEAD = """# Keys

Made by `scripts/keys_docs.py` from the screens' own bindings; do not edit by hand. On every screen `?` lists
the keys that work there, `:` opens all commands, and what a key does the mouse can do as well.

![The keys that work on the board](pictures/help.svg)

The name in the last column is what `[ui] keymap` calls a key (see [configuration.md](configuration.md#ui)):

```toml
[ui]
keymap = { "app.quit" = "ctrl+q", "runs.mark" = "space,x" }
```
"""
PLACES = {
    "app": "Everywhere",
    "board": "On the board",
    "runs": "Runs",
    "drift": "Drift",
    "data": "One data set",
    "metrics": "Metrics",
    "tasks": "Tasks",
    "machine": "Machine",
    "table": "In every list",
    "chart": "In every chart",
    "detail": "On every detail screen",
    "run": "One run",
    "column": "One column",
    "task": "One task",
    "leaderboard": "Leaderboard",
    "console": "Console of a run",
    "media": "What a run logged beside scalars",
    "log": "In every log",
    "filter": "While filtering",
    "brief": "The brief",
    "dialog": "Dialogs",
    "menu": "Menus",
    "pick": "Choosing one of many",
    "row": "A row in full",
    "choose": "Choosing several, and their order",
    "palette": "All commands",
    "help": "Help",
    "line": "The headline",
}


def page() -> str:
    """The whole page."""
    found = bindings()
    places = [*PLACES, *sorted({name.partition(".")[0] for name in found} - set(PLACES))]
    parts = [HEAD]
    for place in places:
        own = [binding for name, binding in found.items() if name.partition(".")[0] == place]
        if own:
            rows = "\n".join(_row(binding) for binding in own)
            parts.append(
                f"## {PLACES.get(place, place)}\n\n| key | does | name |\n| --- | --- | --- |\n{rows}\n"
            )
    return "\n".join(parts)


def bindings() -> dict[str, Binding]:
    """Every binding of ours that has a name, in the order of the source."""
    import runwatch.ui as package

    found: dict[str, Binding] = {}
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        for item in vars(importlib.import_module(module.name)).values():
            if isinstance(item, type) and issubclass(item, DOMNode) and item.__module__ == module.name:
                for binding in item.__dict__.get("BINDINGS", ()):
                    if isinstance(binding, Binding) and binding.id:
                        found.setdefault(binding.id, binding)
    return found


def _row(binding: Binding) -> str:
    keys = " ".join(f"`{_shown(key)}`" for key in binding.key.split(","))
    words = binding.description + (f": {binding.tooltip}" if binding.tooltip else "")
    return f"| {keys} | {words.replace('|', '/')} | `{binding.id}` |"


def _shown(key: str) -> str:
    """What is on the key; else its name, as ``[ui] keymap`` takes it."""
    sign = format_key(key)
    return sign if len(sign) == 1 and sign.isascii() else key


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
    print(FILE)
