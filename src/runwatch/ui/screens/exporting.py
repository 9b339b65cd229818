"""Screens whose content can be written into a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType

from runwatch.show.text import export
from runwatch.ui.exporting import export_to
from runwatch.ui.screens.detail import Detail


class Exporting(Detail):
    """``exported`` gives a file name to begin with, and what makes the text of a form on a worker."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "x",
            "export",
            "Export",
            id="detail.export",
            tooltip="as Markdown, CSV, JSON or LaTeX, into a file",
        )
    ]

    def exported(self) -> tuple[str, Callable[[str], str]] | None:
        """(stem of the name, form -> text); None when there is nothing to write."""
        raise NotImplementedError

    def action_export(self) -> None:
        exported = self.exported()
        if exported is None:
            self.host.say("there is nothing to export yet")
            return
        stem, make = exported
        export_to(self, f"{stem}.md", export.FORMS, make)
