"""Writing what a screen shows into a file that the person names."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType

from runwatch.show.text import export
from runwatch.text.safe import safe
from runwatch.ui.screens.detail import Detail
from runwatch.ui.work import in_background

_ENDINGS = " ".join(export.FORMS)


class Exporting(Detail):
    """``exported`` gives a file name to begin with, and what makes the text of a form on a worker."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "x",
            "export",
            "Export",
            id="detail.export",
            tooltip="as Markdown, CSV, JSON or LaTeX, into a file",
        ),
    ]

    def exported(self) -> tuple[str, Callable[[str], str]] | None:
        """(stem of the name, form -> text); None when there is nothing to write."""
        raise NotImplementedError

    def action_export(self) -> None:
        from runwatch.ui.dialogs import AskLine

        found = self.exported()
        if found is None:
            self.host.say("there is nothing to export yet")
            return
        stem, make = found

        def write(name: str | None) -> None:
            if name:
                in_background(self, "export", lambda: self._write(name.strip(), make), "export")

        hint = f"the extension sets the format: {_ENDINGS}; {_into()}"
        self.app.push_screen(AskLine("export to a new file", hint, check=_wrong, value=f"{stem}.md"), write)

    def _write(self, name: str, make: Callable[[str], str]) -> None:
        app, say, snapshot = self.app, self.host.say, self.host.snapshot
        form = export.form_of(name)
        if form is None:
            return
        runs = tuple(run.key for run in snapshot.situation.runs) if snapshot else ()
        try:
            path = export.write_new(name, make(form), runs)
        except FileExistsError:
            app.call_from_thread(say, f"{name} already exists: choose another name", "error")
        except OSError as error:
            app.call_from_thread(say, f"{name}: {error.strerror or error}", "error")
        else:
            app.call_from_thread(say, f"written: {path}")


def _into() -> str:
    try:
        return f"into {safe(os.getcwd())}, or name another folder"
    except OSError:
        return "name a folder too: the current one is gone"


def _wrong(name: str) -> str:
    if export.form_of(name.strip()) is None:
        return f"the name must end in one of {_ENDINGS}"
    return ""
