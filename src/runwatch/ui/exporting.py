"""Writing what is shown into a file that the person names."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from textual.dom import DOMNode

from runwatch.show.text import export
from runwatch.text.safe import safe
from runwatch.ui.host import AnyScreen, host
from runwatch.ui.widgets.table import TableWidget
from runwatch.ui.work import in_background


def export_table(screen: AnyScreen) -> None:
    """The table that has the keys, else the only one that is seen."""
    from functools import partial

    from runwatch.show.html.chart_file import stem

    focused = screen.focused
    seen = [table for table in screen.query(TableWidget) if table.is_on_screen and table.view.rows]
    table = focused if isinstance(focused, TableWidget) else seen[0] if len(seen) == 1 else None
    if table is None or not table.view.rows:
        host(screen).say("there is no table to export here: go to one with tab")
        return
    name = f"{stem(table.id or 'table')}.csv"
    export_to(screen, name, export.VIEW_FORMS, partial(export.view_text, table.view))


def export_to(node: DOMNode, name: str, forms: Mapping[str, str], make: Callable[[str], str | bytes]) -> None:
    """Ask for a file's name, beginning with ``name``, and write what ``make`` gives, on a worker, for the
    form that ``forms`` has for its ending."""
    from runwatch.ui.dialogs import AskLine

    endings = " ".join(forms)

    def wrong(given: str) -> str:
        known = export.form_of(given.strip(), forms)
        return "" if known else f"the name must end in one of {endings}"

    def write(given: str | None) -> None:
        form = export.form_of(given.strip(), forms) if given else None
        if given and form:
            in_background(node, "export", lambda: _write(node, given.strip(), form, make))

    hint = f"the extension sets the format: {endings}; {_into()}"
    node.app.push_screen(AskLine("export to a new file", hint, check=wrong, value=name), write)


def _write(node: DOMNode, name: str, form: str, make: Callable[[str], str | bytes]) -> None:
    app, say, snapshot = node.app, host(node).say, host(node).snapshot
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
