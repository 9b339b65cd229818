"""The foot of the screen: the keys that work here and now, made from the bindings themselves."""

from __future__ import annotations

from textual import events
from textual.binding import Binding
from textual.screen import Screen
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from runwatch.show.screen.view import Span, Tone
from runwatch.ui.palette import palette
from runwatch.ui.widgets.words import line_strip, width_of

_Key = tuple[str, str, str]
_ALWAYS = ("question_mark", "escape", "q")


def _entry(key: str, what: str) -> list[Span]:
    return [Span(" "), Span(key, "key"), Span(f" {what} ", "muted")]


class Keys(Widget):
    """One line of "key what it does", those of the focused widget first; a click does it too."""

    DEFAULT_CSS = "Keys { height: 1; dock: bottom; background: $rw-bar; }"

    def __init__(self) -> None:
        super().__init__()
        self._entries: tuple[_Key, ...] = ()
        self._places: list[tuple[int, int, str]] = []
        self._said: tuple[Span, ...] = ()
        self._until: Timer | None = None

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._refresh_bindings)
        self._refresh_bindings(self.screen)

    def _refresh_bindings(self, screen: Screen[object]) -> None:
        entries = tuple(shown_keys(screen))
        if entries != self._entries:
            self._entries = entries
            self.refresh()

    def show_message(self, message: str, tone: Tone, seconds: float) -> bool:
        """Show a message for a while instead of the keys; after one that still
        stands; False when there is no room for it."""
        before = (*self._said, Span("  ")) if self._said and self._said[-1].text != message else ()
        spans = (*before, Span(message, tone)) if before else (Span(" "), Span(message, tone))
        if width_of(spans) > self.size.width or "\n" in message:
            return False
        if self._until is not None:
            self._until.stop()
        self._said = spans
        self._until = self.set_timer(seconds, self._end)
        self.refresh()
        return True

    def _end(self) -> None:
        self._said, self._until = (), None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        if self._said:
            self._places = []
            return line_strip(self._said, self.size.width, palette(self.app), self.rich_style)
        words: list[Span] = []
        self._places = []
        for key, what, press in self._fitting():
            entry = _entry(key, what)
            start = width_of(words)
            self._places.append((start, start + width_of(entry), press))
            words += entry
        return line_strip(tuple(words), self.size.width, palette(self.app), self.rich_style)

    def _fitting(self) -> list[_Key]:
        """The keys that fit; the way to all others stays, whatever has to go."""
        shown = list(self._entries)
        while shown and sum(width_of(_entry(key, what)) for key, what, _ in shown) > self.size.width:
            others = [entry for entry in shown if entry[2] not in _ALWAYS]
            shown.remove(others[-1] if others else shown[-1])
        return shown

    async def on_click(self, event: events.Click) -> None:
        for start, end, press in self._places:
            if start <= event.x < end:
                self.app.simulate_key(press)


def shown_keys(screen: Screen[object]) -> list[_Key]:
    """(key as shown, what it does, key to press) of every shown binding that works now, once an action."""
    out: dict[str, _Key] = {}
    for _, active in screen.active_bindings.items():
        binding: Binding = active.binding
        if binding.show and active.enabled and binding.action not in out:
            shown = screen.app.get_key_display(binding)
            out[binding.action] = (shown, binding.description, binding.key)
    return list(out.values())
