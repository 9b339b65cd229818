"""Keys that the foot of the screen does not name; help and palette do."""

from __future__ import annotations

from textual.binding import Binding


def hidden(
    key: str,
    action: str,
    description: str,
    id: str,
    tooltip: str = "",
    *,
    key_display: str | None = None,
    priority: bool = False,
) -> Binding:
    """A binding with all that Textual's own can say, less ``show``."""
    return Binding(key, action, description, False, key_display, priority, tooltip, id)
