"""The second fence: whatever slipped past ``safe`` does not reach the terminal."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from runwatch.text.ascii import to_ascii
from runwatch.text.safe import safe


class ControlFilter(LineFilter):
    """Makes control, bidirectional and other invisible characters in drawn text visible, one cell each, so
    that the layout holds; with ``ascii_only`` signs and letters have a plain twin."""

    def __init__(self, ascii_only: bool = False) -> None:
        super().__init__()
        self._ascii_only = ascii_only

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        shown = self._visible(segments)
        if not self._ascii_only:
            return shown
        return [
            segment if segment.control else Segment(to_ascii(segment.text), segment.style)
            for segment in shown
        ]

    def _visible(self, segments: list[Segment]) -> list[Segment]:
        if all(segment.control or _harmless(segment.text) for segment in segments):
            return segments
        return [
            segment
            if segment.control or _harmless(segment.text)
            else Segment(_one_cell(segment.text), segment.style)
            for segment in segments
        ]


_JOINER = "\u200d"


def _harmless(text: str) -> bool:
    return text.isprintable() or text.replace(_JOINER, "").isprintable()


def _one_cell(text: str) -> str:
    return "".join(char if _harmless(char) else _sign(char) for char in text)


def _sign(char: str) -> str:
    shown = safe(char)
    return shown if len(shown) == 1 else "␦"
