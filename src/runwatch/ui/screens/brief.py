"""The morning brief, over the board until it is put away."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from runwatch.text.safe import safe


class BriefScreen(ModalScreen[None]):
    """What happened since the last look."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,space,q", "dismiss", "Go to the board", id="brief.close")
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._lines = [safe(line) for line in text.splitlines()]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog brief") as box:
            box.border_title = Content("since you last looked")
            box.border_subtitle = Content("enter goes to the board")
            with VerticalScroll():
                yield Static(Content("\n".join(self._lines)))
