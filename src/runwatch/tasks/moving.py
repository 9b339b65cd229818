"""A root's list moves out of the state directory into the root, when a person says so."""

from __future__ import annotations

import contextlib

from runwatch.tasks.document import Document, LineEdit
from runwatch.tasks.file import TodoFile


def move_into(own: TodoFile, private: TodoFile) -> None:
    """Make ``own`` with the lines of ``private``, whose file is renamed to ``todo.txt.moved``. Raises
    ``TodoError``; ``private`` is then as it was."""
    lines = private.read().texts
    if not lines:
        return

    def missing(document: Document) -> list[LineEdit]:
        return [] if document.lines else [LineEdit(None, line) for line in lines]

    own.update(missing)
    with contextlib.suppress(FileNotFoundError):
        private.path.rename(private.path.with_name("todo.txt.moved"))
