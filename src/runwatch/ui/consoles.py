"""A run's console logs: read on a worker, the newest part first, more on demand."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from runwatch.domain.run import RunKey
from runwatch.show.screen.view import join, text
from runwatch.text.console import ConsoleLine as LogLine
from runwatch.text.console import lines
from runwatch.ui.bindings import hidden
from runwatch.ui.host import host
from runwatch.ui.log_search import SEARCH_KEY, LogSearch
from runwatch.ui.widgets.console import LogView
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.work import fetch

_NONE = "no console log was found for this run"
_HOW = "what it prints is shown here once it goes into a file ending in .log, .out or .err in its folder"
_PART, _MOST = 128 * 1024, 8 * 1024 * 1024


class ConsolePart(Vertical, LogSearch):
    """The tail of one log, followed; ``e`` goes to the first error, ``m`` reads more of its beginning."""

    BINDINGS: ClassVar[list[BindingType]] = [
        SEARCH_KEY,
        Binding("e", "error", "First error", id="console.error"),
        Binding("f", "follow", "Follow", id="console.follow"),
        Binding("m", "more", "Earlier", id="console.more", tooltip="read more of the log's beginning"),
        hidden("o", "other", "Other log", "console.other"),
    ]

    def __init__(self, key: RunKey, *, id: str) -> None:
        super().__init__(id=id)
        self.key = key
        self._paths: tuple[str, ...] = ()
        self._which, self._version, self._wanted = 0, -1, _PART
        self._start = 0

    def compose(self) -> ComposeResult:
        yield LineWidget(id="console-head")
        yield LogView()

    @property
    def _path(self) -> str | None:
        return self._paths[self._which % len(self._paths)] if self._paths else None

    def update_from(self, paths: tuple[str, ...], version: int) -> None:
        """The run's logs as of this version; read again only when it changed."""
        if (paths, version) == (self._paths, self._version):
            return
        self._paths, self._version = paths, version
        self._read()

    def _read(self, then_error: bool = False) -> None:
        path, size, key = self._path, self._wanted, self.key
        if path is None:
            self.query_one(LogView).show([], f"{_NONE}: {_HOW}")
            return
        watching = host(self).watching

        def get() -> tuple[list[LogLine], int]:
            data, start = watching.console(key, path, None, size)
            if start > 0 and b"\n" in data:
                data = data[data.index(b"\n") + 1 :]
            return lines(data), start

        fetch(self, "console", get, lambda part: self._show(*part, then_error))

    def _show(self, part: list[LogLine], start: int, then_error: bool) -> None:
        self._start = start
        log = self.query_one(LogView)
        log.show(part)
        if then_error and not log.to_first_error():
            self._caption("no error in this log", "good")
        else:
            self._caption()

    def _caption(self, words: str = "", tone: str = "muted") -> None:
        log = self.query_one(LogView)
        parts = [text(self._path or "no log", "strong")]
        if self._start:
            parts.append(text("only the end is read: m for more", "muted"))
        parts.append(
            text("following" if log.following else "f follows the end", "info" if log.following else "muted")
        )
        if len(self._paths) > 1:
            parts.append(text(f"o: {len(self._paths) - 1} more", "muted"))
        if words:
            parts.append(text(words, "good" if tone == "good" else "warn"))
        self.query_one("#console-head", LineWidget).show(join(parts))

    def action_error(self) -> None:
        if self.query_one(LogView).to_first_error():
            self._caption()
            return
        self._wanted = _MOST
        self._read(then_error=True)

    def action_follow(self) -> None:
        self.query_one(LogView).action_end(True)
        self._caption()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._path is not None or action not in ("error", "follow", "more", "other", "search")

    def why_not(self, action: str) -> str:
        """Why the keys of a log do nothing."""
        return _NONE

    def action_more(self) -> None:
        if not self._start:
            host(self).say("the log is read from its beginning")
            return
        self._wanted = min(self._wanted * 4, _MOST)
        self._read()

    def action_other(self) -> None:
        if len(self._paths) < 2:
            host(self).say("this run has no other log")
            return
        self._which, self._wanted = self._which + 1, _PART
        self._read()

    def searched(self, message: str) -> None:
        self._caption(message)
