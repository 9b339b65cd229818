"""The end of one file of a run, as text."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from runwatch.domain.run import RunKey
from runwatch.show.screen.view import Span, Tone, text
from runwatch.text.console import ConsoleLine, lines
from runwatch.text.units import size
from runwatch.ui.host import Build
from runwatch.ui.log_search import SEARCH_KEY, LogSearch
from runwatch.ui.screens.detail import Detail
from runwatch.ui.widgets.console import LogView
from runwatch.ui.work import fetch

_MOST = 512 * 1024


class FileScreen(Detail, LogSearch):
    """Read once, on a worker; what is not text is not shown."""

    BINDINGS: ClassVar[list[BindingType]] = [SEARCH_KEY]

    def __init__(self, key: RunKey, path: str) -> None:
        super().__init__()
        self.key, self.path, self._before = key, path, ""

    def body(self) -> ComposeResult:
        yield LogView()

    def on_mount(self) -> None:
        super().on_mount()
        self.fill(head=text(self.path, "strong"))
        watching, key, path = self.host.watching, self.key, self.path

        def get() -> tuple[list[ConsoleLine] | None, int]:
            data, before = watching.console(key, path, None, _MOST)
            return None if b"\0" in data[:8192] else lines(data), before

        fetch(self, "file", get, lambda end: self._show(*end))

    def _show(self, end: list[ConsoleLine] | None, before: int) -> None:
        """``end``: of the file, None where it is not text; ``before``: how many bytes stand before it."""
        if end is None:
            self._head("is not text", "warn")
            return
        self._before = f"the first {size(before)} are left out" if before else ""
        self._head(self._before)
        self.query_one(LogView).show(end)

    def _head(self, message: str, tone: Tone = "muted") -> None:
        self.fill(head=(*text(self.path, "strong"), Span(f"  {message}", tone)))

    def searched(self, message: str) -> None:
        self._head(message or self._before, "warn" if message else "muted")

    def job(self) -> Build:
        return lambda snapshot, now: None

    def paint(self, view: object) -> None:
        """Nothing of it comes from the snapshot."""
