"""Words on a line of cells: cut, filled, styled."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.strip import Strip
from textual.style import Style as ContentStyle

from runwatch.show.screen.view import Span
from runwatch.text.fitting import without_start
from runwatch.ui.palette import Palette


def width_of(line: Iterable[Span]) -> int:
    """How many cells the words take."""
    return sum(cell_len(span.text) for span in line)


def fitted(
    line: tuple[Span, ...], width: int, palette: Palette, right: bool = False, keep_end: bool = False
) -> list[Segment]:
    """The words in exactly ``width`` cells: filled with blanks, or cut with ``…``."""
    have = width_of(line)
    if have > width:
        line = _cut_start(line, have - width) if keep_end else _cut_end(line, width)
        have = width_of(line)
    segments = [Segment(span.text, palette[span.tone]) for span in line if span.text]
    blank = Segment(" " * max(width - have, 0))
    if not blank.text:
        return segments
    return [blank, *segments] if right else [*segments, blank]


_WORD = re.compile(r"\s*\S*\s*")
_DIGITS, _NUMBER_SIGNS = "0123456789.,", "−+-"


def _splits_number(text: str, at: int) -> bool:
    """Whether a cut before place ``at`` leaves a part of a number, which reads as another number."""
    return 0 < at < len(text) and text[at - 1] in _DIGITS + _NUMBER_SIGNS and text[at] in _DIGITS


def _cut_end(line: tuple[Span, ...], width: int) -> tuple[Span, ...]:
    out: list[Span] = []
    room = width - 1
    for span in line:
        have = cell_len(span.text)
        if have > room:
            head = set_cell_size(span.text, max(room, 0))
            if _splits_number(span.text, len(head)):
                head = head.rstrip(_DIGITS).rstrip(_NUMBER_SIGNS)
            return (*out, Span(head + "…", span.tone))
        out.append(span)
        room -= have
    return tuple(out)


def _cut_start(line: tuple[Span, ...], surplus: int) -> tuple[Span, ...]:
    drop = surplus + 1
    for i, span in enumerate(line):
        have = cell_len(span.text)
        if have <= drop:
            drop -= have
            continue
        rest = without_start(span.text, drop)
        if _splits_number(span.text, len(span.text) - len(rest)):
            rest = rest.lstrip(_DIGITS) or rest
        return (Span("…" + rest, span.tone), *line[i + 1 :])
    return (Span("…"),)


def wrapped(line: tuple[Span, ...], width: int) -> list[tuple[Span, ...]]:
    """The words on as many lines of ``width`` cells as they need, broken at blanks."""
    lines: list[tuple[Span, ...]] = [()]
    for span in line:
        for word in _WORD.findall(span.text):
            if lines[-1] and width_of(lines[-1]) + cell_len(word.rstrip()) > width:
                lines[-1] = (*lines[-1][:-1], Span(lines[-1][-1].text.rstrip(), lines[-1][-1].tone))
                lines.append(())
            lines[-1] = (*lines[-1], Span(word, span.tone))
    return lines


def line_strip(line: tuple[Span, ...], width: int, palette: Palette, ground: Style | None = None) -> Strip:
    """One line of words as a strip of exactly ``width`` cells."""
    strip = Strip(fitted(line, width, palette), width)
    return strip.apply_style(ground) if ground else strip


def changed_cells(old: Strip, new: Strip) -> tuple[int, int] | None:
    """The first and the last but one cell in which two strips of one width differ; None where they are alike.
    Over a slow line every byte that is not sent counts."""
    before, after = _cells(old), _cells(new)
    if len(before) != len(after):
        return 0, len(after)
    places = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    return (places[0], places[-1] + 1) if places else None


def _cells(strip: Strip) -> list[tuple[str, Style | None]]:
    out: list[tuple[str, Style | None]] = []
    for segment in strip:
        for char in segment.text:
            out += [(char, segment.style)] * cell_len(char)
    return out


def content(line: Iterable[Span], palette: Palette) -> Content:
    """The words as Content, for titles and Static."""
    parts = [(span.text, ContentStyle.from_rich_style(palette[span.tone])) for span in line if span.text]
    return Content.assemble(*parts)
