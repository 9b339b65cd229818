"""Aligned columns of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runwatch.text.fitting import wrapped

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
    from rich.cells import cell_len

    return [max(cell_len(row[i]) for row in rows) for i in range(len(rows[0]))]


def _needed(widths: Sequence[int], shown: Sequence[int]) -> int:
    return sum(widths[i] for i in shown) + 2 * (len(shown) - 1)


def _aligned(
    rows: Sequence[Sequence[str]], widths: Sequence[int], shown: Sequence[int], right: set[int]
) -> str:
    from rich.cells import cell_len

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
    from rich.cells import cell_len

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
