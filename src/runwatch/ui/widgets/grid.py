"""Titled boxes on a grid, as many as fit, the rest on further pages."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content

from runwatch.show.screen.chart import ChartAsk
from runwatch.show.screen.curves import CurvesPlot
from runwatch.text.safe import safe
from runwatch.ui.widgets.curves import Curves

MOST = 16


class CellGrid(Container, can_focus=True):
    """Up to 16 charts at once; ``columns`` 0: by the room."""

    DEFAULT_CSS = """
    CellGrid { layout: grid; grid-gutter: 0 1; height: 1fr; }
    CellGrid > .box { border: round $rw-frame; border-title-color: $rw-strong; height: 1fr; }
    CellGrid:focus > .box { border: round $rw-frame-focus; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.columns = 0
        self.page = 0
        self._tags: list[str | None] = []
        self._pages = 1

    @property
    def chosen_tag(self) -> str | None:
        """The tag of the chart that has the keys, else of the first."""
        charts = [chart for chart in self.query(Curves) if chart.parent is not None and chart.parent.display]
        at = next((i for i, chart in enumerate(charts) if chart.has_focus), 0)
        return self._tags[at] if at < len(self._tags) else None

    def compose(self) -> ComposeResult:
        for i in range(MOST):
            with Vertical(classes="box", id=f"box-{i}") as box:
                box.display = False
                yield Curves()

    def shape(self, count: int) -> tuple[int, int]:
        """Columns and rows for this many charts."""
        width, height = self.size
        columns = self.columns or max(1, min(width // 44, 4))
        columns = max(1, min(columns, count))
        rows = max(1, min(-(-count // columns), max(height // 9, 1), MOST // columns))
        return columns, rows

    def draw_page(self, plots: Sequence[CurvesPlot], ask: ChartAsk, pinned: Collection[str] = ()) -> None:
        """As many of the plots as there is room for, from the page on that is chosen."""
        columns, rows = self.shape(len(plots))
        room = columns * rows
        self._pages = pages = max(-(-len(plots) // room), 1)
        self.page = min(self.page, pages - 1)
        chosen = plots[self.page * room : (self.page + 1) * room]
        self._tags = [plot.tag for plot in chosen]
        titles = [
            ("★ " if plot.tag in pinned else "") + safe(plot.title or plot.tag or "") for plot in chosen
        ]
        if pages > 1 and titles:
            titles[-1] += f"  (page {self.page + 1} of {pages})"
        for chart, plot in zip(self.lay_out(titles, columns, rows), chosen, strict=True):
            chart.draw_plot(plot, ask)

    def turn(self, by: int) -> str:
        """Another page; why there is none, else ""."""
        page = max(0, min(self.page + by, self._pages - 1))
        if page == self.page:
            return "this is the last page" if by > 0 else "this is the first page"
        self.page = page
        return ""

    def denser(self, by: int) -> str:
        """More and smaller charts (or fewer) beside each other; why that cannot be, else ""."""
        count = len(self._tags) if self._pages == 1 else MOST
        before = self.shape(count)
        self.columns = max(1, min(before[0] + by, 4))
        if self.shape(count) != before:
            return ""
        return "no more charts fit beside each other" if by > 0 else "charts are as large as they get"

    def lay_out(self, titles: list[str], columns: int, rows: int) -> list[Curves]:
        """Arrange boxes with these titles; the charts to draw in, in order."""
        self.styles.grid_size_columns, self.styles.grid_size_rows = columns, rows
        boxes = list(self.query(".box"))
        for i, box in enumerate(boxes):
            box.display = i < len(titles)
            if i < len(titles):
                box.border_title = Content(titles[i])
        return [box.query_one(Curves) for box in boxes[: len(titles)]]
