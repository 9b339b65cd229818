"""The screen. ``run.run`` opens it; nothing else in the house knows how it is drawn."""

from __future__ import annotations

import os

_HARMLESS = (
    "TEXTUAL_DISABLE_KITTY_KEY",
    "TEXTUAL_ALLOW_SIGNALS",
    "TEXTUAL_DEVTOOLS_HOST",
    "TEXTUAL_SNAPSHOT_TEMPDIR",  # of the snapshot tests; Textual itself does not read it
)
_NUMBERS = ("TEXTUAL_FPS", "TEXTUAL_SMOOTH_SCROLL", "TEXTUAL_SLOW_THRESHOLD", "TEXTUAL_DEVTOOLS_PORT")
_CHOICES = {
    "TEXTUAL_ANIMATIONS": ("none", "basic", "full"),
    "TEXTUAL_FILTERS": ("", "dim", "monochrome"),
    "TEXTUAL_COLOR_SYSTEM": ("auto", "standard", "256", "truecolor"),
}


def _without_what_ends_the_start() -> None:
    """Textual reads these variables when it is imported, and some wrong values end the program before it can
    say anything: what another program set for itself is none of ours."""
    for name in [name for name in os.environ if name.startswith("TEXTUAL_")]:
        value = os.environ[name]
        number = name in _NUMBERS and value.isascii() and value.isdigit() and len(value) < 6
        if not (name in _HARMLESS or number or value.lower() in _CHOICES.get(name, ())):
            del os.environ[name]


_without_what_ends_the_start()
