"""The text of a to-do file, byte for byte: its lines with their endings, and edits by exact line text."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence

import msgspec

_BOM = codecs.BOM_UTF8


class LineEdit(msgspec.Struct, frozen=True):
    """One change."""

    old: str | None
    """None: ``new`` is put at the end."""
    new: str | None
    """None: the line goes."""
    nth: int = 0
    """Which of several equal lines (0 = the first)."""


class Document(msgspec.Struct, frozen=True):
    """``lines`` are (text, ending) pairs; bytes that are no UTF-8 live on as surrogates."""

    lines: tuple[tuple[str, str], ...] = ()
    bom: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(text for text, _ in self.lines)

    @staticmethod
    def decode(data: bytes) -> Document:
        bom = data.startswith(_BOM)
        text = data[len(_BOM) if bom else 0 :].decode("utf-8", "surrogateescape")
        pieces = text.split("\n")
        lines = [_ending(piece + "\n") for piece in pieces[:-1]]
        return Document((*lines, *([(pieces[-1], "")] if pieces[-1] else [])), bom)

    def encode(self) -> bytes:
        body = "".join(text + ending for text, ending in self.lines)
        return (_BOM if self.bom else b"") + body.encode("utf-8", "surrogateescape")

    def edited(self, edits: Iterable[LineEdit]) -> Document:
        """The document after ``edits``; one whose line is not there any more changes nothing."""
        lines = list(self.lines)
        for edit in edits:
            _apply(lines, edit)
        return Document(tuple(lines), self.bom)


def inverse(lines: Sequence[str], edits: Iterable[LineEdit]) -> tuple[LineEdit, ...]:
    """What takes back ``edits`` of several lines among ``lines``, in their order; nothing for one whose line
    is not there. A line that went comes back at the end."""
    now: list[tuple[int, str]] = list(enumerate(lines))
    touched: list[tuple[LineEdit, int]] = []
    for edit in edits:
        places = [place for place, (_, text) in enumerate(now) if text == edit.old]
        if edit.old is not None and not places:
            continue
        place = len(now) if edit.old is None else places[min(edit.nth, len(places) - 1)]
        key = now[place][0] if edit.old is not None else len(lines) + len(touched)
        now[place : place + 1] = [(key, edit.new)] if edit.new is not None else []
        touched.append((edit, key))
    back = []
    for edit, key in touched:
        place = next((place for place, (known, _) in enumerate(now) if known == key), len(now))
        back.append(LineEdit(edit.new, edit.old, sum(text == edit.new for _, text in now[:place])))
        now[place : place + 1] = [(key, edit.old)] if edit.old is not None else []
    return tuple(back)


def _apply(lines: list[tuple[str, str]], edit: LineEdit) -> None:
    if edit.old is None:
        _append(lines, edit.new or "")
        return
    places = [place for place, (text, _) in enumerate(lines) if text == edit.old]
    if not places:
        return
    place = places[min(edit.nth, len(places) - 1)]
    if edit.new is None:
        del lines[place]
    else:
        lines[place] = (edit.new, lines[place][1])


def _append(lines: list[tuple[str, str]], text: str) -> None:
    endings = [ending for _, ending in lines if ending]
    ending = "\r\n" if 2 * endings.count("\r\n") > len(endings) else "\n"
    if lines and not lines[-1][1]:
        lines[-1] = (lines[-1][0], ending)
    lines.append((text, ending))


def _ending(line: str) -> tuple[str, str]:
    return (line[:-2], "\r\n") if line.endswith("\r\n") else (line[:-1], "\n")
