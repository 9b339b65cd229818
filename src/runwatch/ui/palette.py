"""From tones to colours: what the theme in use says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from rich.style import Style
from textual.app import App
from textual.color import Color

from runwatch.show.screen.view import Tone
from runwatch.ui.themes import DEFAULT_TONES

_BOLD = ("strong", "key")
_GROUNDS = ("heat0", "heat1", "heat2", "heat3", "heat4", "cursor", "cursor-blurred", "band")
_WITHOUT_COLOUR = {
    "bad": Style(bold=True, reverse=True),
    "warn": Style(bold=True, underline=True),
    "band": Style(bgcolor="#555555"),
}
"""Where there are no colours, what is worst is what is seen first."""


class Palette:
    """Rich styles by tone, and a few grounds."""

    def __init__(self, colours: Mapping[str, str], grey: bool = False) -> None:
        self._styles = {tone: _style(tone, colours[tone]) for tone in DEFAULT_TONES}
        if grey:
            # a colour of its own: a pane's title has the faint one of its frame, unreadable when reversed
            ink = Style(color=Color.parse(colours["strong"]).rich_color)
            self._styles |= {tone: ink + style for tone, style in _WITHOUT_COLOUR.items()}
        self._styles["plain"] = Style()
        if Color.parse(colours["cursor"]).ansi is not None:
            # grey is the only ground that sixteen colours have, and red or blue cannot be read on it
            self._styles["cursor"] += Style(color=Color.parse(colours["strong"]).rich_color)
        for tone in ("heat0", "heat1", "heat2", "heat3", "heat4"):
            on_heat = colours["heat-ink"] if tone in ("heat3", "heat4") else colours["heat-ink-low"]
            self._styles[tone] += Style(color=Color.parse(on_heat).rich_color)

    def __getitem__(self, tone: Tone | str) -> Style:
        return self._styles[tone]


def _style(tone: str, colour: str) -> Style:
    rich = Color.parse(colour).rich_color
    if tone in _GROUNDS:
        return Style(bgcolor=rich)
    return Style(color=rich, bold=True if tone in _BOLD else None)


@lru_cache(maxsize=8)
def _palette(items: tuple[tuple[str, str], ...], grey: bool) -> Palette:
    return Palette(dict(items), grey)


def palette(app: App[object]) -> Palette:
    """The palette of the theme in use."""
    variables = app.theme_variables
    return _palette(tuple((tone, variables[f"rw-{tone}"]) for tone in DEFAULT_TONES), app.no_color)
