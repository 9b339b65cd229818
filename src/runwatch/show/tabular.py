"""One table in the formats that people paste: columns of aligned text, Markdown, CSV, LaTeX."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from runwatch.text.fitting import wrapped
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


def exact(value: float | None) -> str:
    """A number with all its digits, for a cell that programs read."""
    return "" if value is None else repr(float(value))


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
    return f"'{cell}" if cell.startswith(_FORMULA) and not is_number(cell) else cell


def is_number(cell: str) -> bool:
    """Whether a cell holds a number."""
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


_INDENT = "    "


def table(
    rows: Sequence[Sequence[str]],
    right: Iterable[int] = (),
    width: int | None = None,
    drop: Sequence[int] = (),
) -> str:
    """Rows of safe texts in aligned columns, two blanks between; the first row holds the titles. ``right``:
    columns set to the right. ``width``: cells that there are; where the rows need more, the columns of
    ``drop`` go one by one, and where that is not enough each row is a paragraph of its cells."""
    if not rows:
        return ""
    shown = list(range(len(rows[0])))
    left_out = list(drop)
    widths = _widths(rows)
    while left_out and width is not None and _needed(widths, shown) > width:
        shown.remove(left_out.pop(0))
    if width is not None and _needed(widths, shown) > width:
        return "\n".join(_paragraphs(rows, width))
    return _aligned(rows, widths, shown, set(right))


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(cell_len(row[i]) for row in rows) for i in range(len(rows[0]))]


def _needed(widths: Sequence[int], shown: Sequence[int]) -> int:
    return sum(widths[i] for i in shown) + 2 * (len(shown) - 1)


def _aligned(
    rows: Sequence[Sequence[str]], widths: Sequence[int], shown: Sequence[int], right: set[int]
) -> str:
    lines = []
    for row in rows:
        cells = []
        for i in shown:
            blank = " " * (widths[i] - cell_len(row[i]))
            cells.append(blank + row[i] if i in right else row[i] + blank)
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _paragraphs(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """A paragraph a row: its first cell, then what else it has under its titles' names."""
    titles, *body = rows
    lines: list[str] = []
    for row in body:
        lines.append(row[0])
        line = ""
        for title, cell in zip(titles[1:], row[1:], strict=True):
            named = f"{title.lower()} {cell}"
            if line and len(_INDENT) + cell_len(line) + 2 + cell_len(named) > width:
                lines += wrapped(_INDENT + line, width)
                line = ""
            line = f"{line}  {named}" if line else named
        lines += wrapped(_INDENT + line, width) if line else []
    return lines
