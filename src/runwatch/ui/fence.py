"""The second fence: whatever slipped past ``safe`` does not reach the terminal."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from runwatch.text.safe import safe


class ControlFence(LineFilter):
    """Makes control, bidirectional and other invisible characters in drawn text visible, one cell each, so
    that the layout holds."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if all(segment.text.isprintable() or segment.control for segment in segments):
            return segments
        return [
            segment
            if segment.control or segment.text.isprintable()
            else Segment(_one_cell(segment.text), segment.style)
            for segment in segments
        ]


def _one_cell(text: str) -> str:
    return "".join(char if char.isprintable() else _sign(char) for char in text)


def _sign(char: str) -> str:
    shown = safe(char)
    return shown if len(shown) == 1 else "␦"
