"""One table in the formats that people paste: aligned text, Markdown, CSV, LaTeX."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from runwatch.show.table import table
from runwatch.text.safe import safe

FORMATS = ("text", "markdown", "csv", "latex", "json")
Row = Sequence[str]
_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{",
    "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--", "−": "$-$", "±": r"$\pm$",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "[": "{[}", "]": "{]}", "…": r"\ldots{}",
    "▲": r"$\uparrow$", "▼": r"$\downarrow$",
}  # fmt: skip
_FORMULA = ("=", "+", "-", "@")


def render(headers: Row, rows: Sequence[Row], form: str, width: int | None = None) -> str:
    """The table as ``text``, ``markdown``, ``csv`` or ``latex``; every cell is made safe to show. ``width``:
    cells that a text may take."""
    cells = [[safe(cell) for cell in row] for row in (headers, *rows)]
    if form == "text":
        return table(cells, width=width)
    return {"markdown": _markdown, "csv": _csv, "latex": _latex}[form](cells)


def _markdown(cells: list[list[str]]) -> str:
    lines = [_markdown_row(row) for row in cells]
    return "\n".join([lines[0], "|" + " --- |" * len(cells[0]), *lines[1:]])


def _markdown_row(row: list[str]) -> str:
    return "| " + " | ".join(re.sub(r"([\\|`*_<\[\]~$&])", r"\\\1", cell) for cell in row) + " |"


def _csv(cells: list[list[str]]) -> str:
    """A cell that a spreadsheet would take for a formula gets an apostrophe; numbers do not."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([[_inert(cell) for cell in row] for row in cells])
    return out.getvalue().rstrip("\n")


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) and not _is_number(cell) else cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _latex(cells: list[list[str]]) -> str:
    body = [
        " & ".join("".join(_LATEX.get(char, char) for char in cell) for cell in row) + r" \\" for row in cells
    ]
    columns = "l" * len(cells[0])
    head = [rf"\begin{{tabular}}{{{columns}}}", r"\hline", body[0], r"\hline"]
    return "\n".join([*head, *body[1:], r"\hline", r"\end{tabular}"])
