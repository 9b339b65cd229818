"""What Textual keeps of widgets that are gone, let go: a board is opened and left in for weeks."""

from __future__ import annotations

from functools import lru_cache

from textual._styles_cache import StylesCache
from textual.color import Color
from textual.style import Style
from textual.widgets import Input


@lru_cache(1024)
def _inner_outer(base: Color, background: Color) -> tuple[Style, Style]:
    return Style(background=base + background), Style(background=base)


def forget_closed_widgets() -> None:
    """Textual remembers two colours for the last 1,024 widgets, and with them all lines that these drew:
    remember them for the colours that they are made of."""
    StylesCache.get_inner_outer = staticmethod(_inner_outer)  # type: ignore[assignment, method-assign]


class LineInput(Input):
    """An input that its screen forgets when it is gone, not only when text is next selected there."""

    def on_unmount(self) -> None:
        self.screen.text_selection_started_signal.unsubscribe(self)
