"""An image in half blocks: two pixels a cell, or by brightness where there are no colours."""

from __future__ import annotations

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from runwatch.runs.images import Pixels

_RAMP = " .:-=+*#%@"


class ImageWidget(Widget, can_focus=True):
    """Shows RGB pixels (height, width, 3) from its upper left corner."""

    DEFAULT_CSS = "ImageWidget { height: 1fr; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._pixels: Pixels | None = None
        self._blocks = True

    def show(self, pixels: Pixels | None, blocks: bool) -> None:
        """Take an image, None for none. ``blocks``: colours and half blocks, else plain signs."""
        self._pixels, self._blocks = pixels, blocks
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width, ground = self.content_size.width, self.rich_style
        pixels = self._pixels
        if pixels is None or 2 * y >= len(pixels):
            return Strip.blank(width, ground)
        upper = pixels[2 * y].tolist()
        lower = pixels[2 * y + 1].tolist() if 2 * y + 1 < len(pixels) else upper
        segments = []
        for top, bottom in zip(upper[:width], lower[:width], strict=False):
            if self._blocks:
                style = Style(color=Color.from_rgb(*top), bgcolor=Color.from_rgb(*bottom))
                segments.append(Segment("▀", style))
            else:
                light = sum(top) + sum(bottom)
                segments.append(Segment(_RAMP[light * (len(_RAMP) - 1) // (6 * 255)], ground))
        return Strip(segments).simplify().adjust_cell_length(width, ground)
