"""What a pane is: one file in this package with a class that says where it stands and what it shows."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Literal

from textual.containers import Vertical

from runwatch.domain.plugins import modules_in
from runwatch.domain.situation import Snapshot
from runwatch.show.screen.view import Span, Words, text, whole_parts
from runwatch.text.safe import safe
from runwatch.ui.host import Build
from runwatch.ui.palette import palette
from runwatch.ui.selection import Selection
from runwatch.ui.widgets.table import TableWidget
from runwatch.ui.widgets.words import content

_FRAME = 4
"""Cells of a title's line that corners and their lines take."""

Place = Literal["left", "right", "strip"]


class Pane(Vertical):
    """A part of the board. ``job`` is called on the event loop and returns a function that makes the view on
    another thread; ``show`` paints it."""

    ID: ClassVar[str]
    """Names it in styles and keymaps."""
    TITLE: ClassVar[str]
    """For people."""
    PLACE: ClassVar[Place] = "left"
    ORDER: ClassVar[int] = 50
    """Among the panes of its place."""
    WEIGHT: ClassVar[int] = 1
    """How much room it takes."""
    FILTERED: ClassVar[bool] = False

    def __init__(self, choice: Selection, number: int) -> None:
        super().__init__(id=self.ID, classes="pane")
        self.choice, self.number = choice, number
        self._title: Words | None = None

    @abstractmethod
    def job(self) -> Build:
        """What makes this pane's view; it may run on any thread and sees no widget."""

    @abstractmethod
    def show(self, view: Any) -> None:
        """Paint a view that ``job`` made."""

    def count(self, snapshot: Snapshot, now: float) -> Words:
        """What there is in this pane, in a few words; any thread, no widget. Shown on its frame, and what is
        bad of it on its tab."""
        return ()

    def entitle(self, summary: Words) -> None:
        """Put the pane's number, name and summary on its frame."""
        words = self.choice.filters.get(self.ID, "")
        filter_words = text(f"  /{safe(words, 20)}", "info") if words else ()
        title = (
            Span(f"{self.number} ", "key"),
            Span(self.TITLE, "strong"),
            *filter_words,
            *((Span("  "), *summary) if summary else ()),
        )
        if self.size.width:
            title = whole_parts(title, max(self.size.width - _FRAME, 10))
        if title != self._title:
            self._title = title
            self.border_title = content(title, palette(self.app))

    @property
    def empty(self) -> bool:
        """Whether there is nothing in its list."""
        lists = list(self.query(TableWidget))
        return bool(lists) and all(not each.view.rows for each in lists)

    def focus_first(self) -> None:
        """Give the keys to this pane."""
        for widget in self.query("*"):
            if widget.focusable:
                widget.focus()
                return
        if self.focusable:
            self.focus()


def panes() -> list[type[Pane]]:
    """All panes of this package, in order: a new file is a new pane."""
    classes: list[type[Pane]] = []
    for loaded in modules_in("runwatch.ui.panes"):
        classes += [
            item
            for item in vars(loaded).values()
            if isinstance(item, type)
            and issubclass(item, Pane)
            and item.__module__ == loaded.__name__
            and hasattr(item, "ID")
        ]
    return sorted(classes, key=lambda pane: (pane.ORDER, pane.ID))
