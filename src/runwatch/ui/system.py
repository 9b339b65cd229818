"""A run's curves of the machine: what there is, is asked for while somebody looks."""

from __future__ import annotations

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.containers import Vertical

from runwatch.domain.run import RunKey
from runwatch.show.screen.chart import ChartAsk
from runwatch.show.screen.run import system_plot
from runwatch.show.screen.view import text
from runwatch.ui.host import host
from runwatch.ui.widgets.grid import CellGrid
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.work import fetch

_EVERY_S = 5.0
_NOTHING = (
    "nothing of the machine is known for this run: its tracker wrote none, and it was not at work while"
    " runwatch watched"
)


class SystemPart(Vertical):
    """Charts over time; asks again every few seconds as long as it is seen."""

    def __init__(self, key: RunKey, *, id: str) -> None:
        super().__init__(id=id)
        self._key = key
        self._tags: tuple[str, ...] | None = None
        self._ask = ChartAsk()
        self._version, self._round, self._asked = -1, 0, False

    def compose(self) -> ComposeResult:
        yield LineWidget(collapse=True, wrap=True)
        yield CellGrid()

    def on_mount(self) -> None:
        self.set_interval(_EVERY_S, self._again)

    def update_from(self, version: int, ask: ChartAsk) -> None:
        """The run's version, and how curves are wanted."""
        self._ask = ask if ask.x_axis in ("time", "clock") else replace(ask, x_axis="clock")
        if version != self._version:
            self._version = version
            self._look()
        else:
            self.draw()

    def _again(self) -> None:
        """What is seen while we watch grows without any file."""
        seen = any(tag.startswith("machine/") for tag in self._tags or ())
        if self.display and (seen or self._tags is None):
            self._look()

    def _look(self) -> None:
        watching, key = host(self).watching, self._key
        if self._tags is None:
            self._say("collecting what is known about the machine …")
        fetch(self, "system", lambda: watching.system_tags(key), self._take)

    def _take(self, tags: tuple[str, ...]) -> None:
        self._tags = tags
        self._round += 1
        self.draw()

    def _say(self, words: str) -> None:
        self.query_one(LineWidget).show(text(words, "muted") if words else ())

    def draw(self) -> None:
        """Show the page that is chosen."""
        if self._tags is not None:
            self._say("" if self._tags else _NOTHING)
            plots = [system_plot(self._key, tag, self._round) for tag in self._tags]
            self.query_one(CellGrid).draw_page(plots, self._ask)
