"""The end of one file of a run, as text."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from runwatch.domain.run import RunKey
from runwatch.show.screen.view import Span, Tone, text
from runwatch.text.console import ConsoleLine, lines
from runwatch.text.units import size
from runwatch.ui.host import Build
from runwatch.ui.log_search import SEARCH_KEY, LogSearch
from runwatch.ui.screens.detail import Detail
from runwatch.ui.widgets.console import LogView
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.work import in_background

_MOST = 512 * 1024


class FileScreen(Detail, LogSearch):
    """Read once, on a worker; what is not text is not shown."""

    BINDINGS: ClassVar[list[BindingType]] = [SEARCH_KEY]

    class Read(Message, bubble=False):
        """The end of the file, and how many bytes stand before it; None: it is not text."""

        def __init__(self, found: list[ConsoleLine] | None, before: int) -> None:
            super().__init__()
            self.found, self.before = found, before

    def __init__(self, key: RunKey, path: str) -> None:
        super().__init__()
        self.key, self.path, self._before = key, path, ""

    def body(self) -> ComposeResult:
        yield LogView()

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#head", LineWidget).show(text(self.path, "strong"))
        watching, key, path = self.host.watching, self.key, self.path

        def job() -> None:
            data, before = watching.console(key, path, None, _MOST)
            self.post_message(self.Read(None if b"\0" in data[:8192] else lines(data), before))

        in_background(self, "file", job, "file")

    def on_file_screen_read(self, event: Read) -> None:
        if event.found is None:
            self._head("is not text", "warn")
            return
        self._before = f"the first {size(event.before)} are left out" if event.before else ""
        self._head(self._before)
        self.query_one(LogView).show(event.found)

    def _head(self, message: str, tone: Tone = "muted") -> None:
        self.query_one("#head", LineWidget).show((*text(self.path, "strong"), Span(f"  {message}", tone)))

    def searched(self, message: str) -> None:
        self._head(message or self._before, "warn" if message else "muted")

    def job(self) -> Build:
        return lambda snapshot, now: None

    def paint(self, view: object) -> None:
        """Nothing of it comes from the snapshot."""
