"""What a run logged besides scalars: named first, read when somebody looks at it."""

from __future__ import annotations

from typing import Literal

import msgspec

MediaKind = Literal["picture", "histogram", "pr curve", "text", "table", "audio", "video", "mesh", "page"]
"""``page``: HTML, or a plot that a browser draws."""


class MediaItem(msgspec.Struct, frozen=True):
    """One logged thing. ``offset``, ``length``: the bytes of it (length 0: all)."""

    step: int | None
    """None where the writer gave none."""
    wall: float | None
    """Seconds since the epoch, None where unknown."""
    file: str
    """Relative to the root."""
    offset: int = 0
    length: int = 0
    form: str = ""
    """How its reader must take them."""


class MediaSeries(msgspec.Struct, frozen=True):
    """All of one tag in order of step."""

    kind: MediaKind
    tag: str
    reader: str
    """Who can open it."""
    items: tuple[MediaItem, ...]
    left_out: int = 0
    """How many steps between those named here are not, so that the list stays short."""


class MediaList(msgspec.Struct, frozen=True):
    """What a run logged."""

    series: tuple[MediaSeries, ...] = ()
    whole: bool = True
    """False while there is more to look through (ask again)."""
    notes: tuple[str, ...] = ()
    """What was left out, in words."""


class ImageFile(msgspec.Struct, frozen=True, tag="picture"):
    """An image as it was written (PNG, JPEG, GIF or WebP), not decoded."""

    data: bytes


class Histogram(msgspec.Struct, frozen=True, tag="histogram"):
    """``edges``: ascending, one more than ``counts``."""

    edges: tuple[float, ...]
    counts: tuple[float, ...]


class PrCurve(msgspec.Struct, frozen=True, tag="pr"):
    """Precision and recall by ascending threshold, where the writer told the thresholds apart."""

    precision: tuple[float, ...]
    recall: tuple[float, ...]


class LoggedText(msgspec.Struct, frozen=True, tag="text"):
    """Text as it was written; ``markdown``: it is to be rendered."""

    text: str
    markdown: bool = True


class LoggedTable(msgspec.Struct, frozen=True, tag="table"):
    """Cells as text; ``total``: how many rows there were."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int


class LoggedFile(msgspec.Struct, frozen=True, tag="file"):
    """What a terminal cannot show, as it was written (empty: it has no file). ``about``: what is known
    of it, in words."""

    data: bytes
    about: str = ""


class Unshown(msgspec.Struct, frozen=True, tag="unshown"):
    """Why something is not shown, in words."""

    message: str


MediaContent = ImageFile | Histogram | PrCurve | LoggedText | LoggedTable | LoggedFile | Unshown
