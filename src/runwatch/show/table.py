"""Aligned columns of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(rows: Sequence[Sequence[str]], right: Iterable[int] = ()) -> str:
    """Rows of safe texts in aligned columns, two blanks between; ``right``: columns set to the right."""
    if not rows:
        return ""
    from rich.cells import cell_len

    widths = [max(cell_len(row[i]) for row in rows) for i in range(len(rows[0]))]
    to_right = set(right)
    lines = []
    for row in rows:
        cells = []
        for i, (cell, width) in enumerate(zip(row, widths, strict=True)):
            blank = " " * (width - cell_len(cell))
            cells.append(blank + cell if i in to_right else cell + blank)
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
