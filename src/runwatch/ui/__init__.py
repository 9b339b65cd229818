"""The screen. ``run`` opens it; nothing else in the house knows how it is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runwatch.ui.bridge import Watching
    from runwatch.ui.settings import UiSettings


def run(watching: Watching, settings: UiSettings) -> int:
    """Open the dashboard and stay until the person leaves; the process's exit code."""
    from runwatch.ui.run import run as open_screen

    return open_screen(watching, settings)
