"""The foot of the screen: the keys that work here and now, made from the bindings themselves."""

from __future__ import annotations

from textual import events
from textual.binding import Binding
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from runwatch.show.view import Span
from runwatch.ui.palette import palette
from runwatch.ui.widgets.words import line_strip, width_of


class Keys(Widget):
    """One line of "key what it does", those of the focused widget first; a click does it too."""

    DEFAULT_CSS = "Keys { height: 1; dock: bottom; background: $rw-bar; }"

    def __init__(self) -> None:
        super().__init__()
        self._entries: tuple[tuple[str, str, str], ...] = ()
        self._places: list[tuple[int, int, str]] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._refresh_bindings)
        self._refresh_bindings(self.screen)

    def _refresh_bindings(self, screen: Screen[object]) -> None:
        entries = tuple(shown_keys(screen))
        if entries != self._entries:
            self._entries = entries
            self.refresh()

    def render_line(self, y: int) -> Strip:
        words: list[Span] = []
        self._places = []
        for key, what, press in self._entries:
            entry = [Span(" "), Span(key, "key"), Span(f" {what} ", "muted")]
            start = width_of(words)
            if start + width_of(entry) > self.size.width:
                break
            self._places.append((start, start + width_of(entry), press))
            words += entry
        return line_strip(tuple(words), self.size.width, palette(self.app), self.rich_style)

    async def on_click(self, event: events.Click) -> None:
        for start, end, press in self._places:
            if start <= event.x < end:
                self.app.simulate_key(press)


def shown_keys(screen: Screen[object]) -> list[tuple[str, str, str]]:
    """(key as shown, what it does, key to press) of every shown binding that works now, once an action."""
    out: dict[str, tuple[str, str, str]] = {}
    for _, active in screen.active_bindings.items():
        binding: Binding = active.binding
        if binding.show and active.enabled and binding.action not in out:
            shown = screen.app.get_key_display(binding)
            out[binding.action] = (shown, binding.description, binding.key)
    return list(out.values())
