"""A run's pictures: listed on a worker, decoded one by one as they are looked at."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message

from runwatch.domain.run import RunKey
from runwatch.runs.pictures import Picture, Pixels, Refused, can_decode, decoded, find_pictures
from runwatch.show.screen.view import Span, Words, text
from runwatch.text.units import count, size
from runwatch.ui.host import host
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.widgets.picture import PictureWidget
from runwatch.ui.work import in_background

_INSTALL = 'pictures are drawn by Pillow: pip install "runwatch[images]"'
_Decoded = tuple[Pixels, tuple[int, int]]


class PicturesPart(Vertical):
    """One picture at a time: ``left`` and ``right`` go through the steps of a series, ``up`` and ``down``
    through the series."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "Step", id="picture.earlier", tooltip="the step before"),
        Binding("right", "step(1)", "Step", show=False, id="picture.later", tooltip="the next step"),
        Binding("home", "step(-100000)", "First step", show=False, id="picture.first"),
        Binding("end", "step(100000)", "Last step", show=False, id="picture.last"),
        Binding("down,j", "series(1)", "Picture", id="picture.next", tooltip="the next picture"),
        Binding("up,k", "series(-1)", "Previous picture", show=False, id="picture.previous"),
    ]

    class Found(Message, bubble=False):
        """The run's pictures by series."""

        def __init__(self, series: dict[str, list[Picture]]) -> None:
            super().__init__()
            self.series = series

    class Drawn(Message, bubble=False):
        """A picture is decoded, or the words why not."""

        def __init__(self, path: str, found: _Decoded | str) -> None:
            super().__init__()
            self.path, self.found = path, found

    def __init__(self, key: RunKey, *, id: str) -> None:
        super().__init__(id=id)
        self._key = key
        self._series: dict[str, list[Picture]] = {}
        self._shown, self._at = "", -1
        self._version: object = None
        self._wanted: object = None

    def compose(self) -> ComposeResult:
        yield LineWidget()
        yield PictureWidget()
        yield LineWidget()

    def update_from(self, version: int, others: Collection[str]) -> None:
        """Look for pictures when the run has changed."""
        if version == self._version:
            return
        self._version = version
        if not os.path.isabs(self._key.root):
            self._say((Span("pictures are shown on the machine where they are", "muted"),))
            return
        key, names = self._key, frozenset(others)
        in_background(self, "pictures", lambda: self._post_found(key, names), "pictures")

    def _post_found(self, key: RunKey, others: Collection[str]) -> None:
        self.post_message(self.Found(find_pictures(key, others)))

    def on_pictures_part_found(self, event: Found) -> None:
        last = self._at == -1 or self._at >= len(self._series.get(self._shown, ())) - 1
        self._series = event.series
        if not self._series:
            self._say((Span("no *.png or *.jpg in this run's folder", "muted"),))
            return
        if self._shown not in self._series:
            self._shown, last = next(iter(self._series)), True
        if last:
            self._at = len(self._series[self._shown]) - 1
        self._draw()

    def _say(self, above: Words, below: Words = ()) -> None:
        first, second = self.query(LineWidget)
        first.show(above)
        second.show(below)

    def _chosen(self) -> Picture | None:
        found = self._series.get(self._shown, [])
        return found[min(self._at, len(found) - 1)] if found else None

    def _draw(self) -> None:
        picture = self._chosen()
        room = self.query_one(PictureWidget).content_size
        if picture is None or room.width < 1 or room.height < 1:
            return
        wanted = (picture, room)
        if wanted == self._wanted:
            return
        self._wanted = wanted
        self._say(self._about(picture, "" if can_decode() else _INSTALL), self._slider())
        if not can_decode():
            return
        root, path, width, height = self._key.root, picture.path, room.width, 2 * room.height

        def job() -> None:
            try:
                found: _Decoded | str = decoded(root, path, width, height)
            except Refused as refused:
                found = str(refused)
            self.post_message(self.Drawn(path, found))

        in_background(self, "picture", job, "picture")

    def on_pictures_part_drawn(self, event: Drawn) -> None:
        picture = self._chosen()
        if picture is None or picture.path != event.path:
            return
        widget = self.query_one(PictureWidget)
        plain = self.app.no_color or host(self).settings.ascii_only
        if isinstance(event.found, str):
            widget.show(None, not plain)
            self._say(self._about(picture, event.found), self._slider())
            return
        pixels, (width, height) = event.found
        widget.show(pixels, not plain)
        self._say((*self._about(picture, ""), Span(f"  {width} × {height}", "muted")), self._slider())

    def _about(self, picture: Picture, refused: str) -> Words:
        at = list(self._series).index(self._shown) + 1
        which = f"{at} of {len(self._series)}  " if len(self._series) > 1 else ""
        told = (Span(which, "muted"), *text(picture.path, "strong"), Span(f"  {size(picture.size)}", "muted"))
        return (*told, Span("  "), *text(refused, "warn")) if refused else told

    def _slider(self) -> Words:
        found = self._series[self._shown]
        picture = self._chosen()
        if len(found) < 2 or picture is None:
            return ()
        room = max(min(self.size.width - 40, 60), 10)
        knob = round(self._at / (len(found) - 1) * (room - 1))
        step = "" if picture.step is None else f"step {count(picture.step)}  "
        return (
            Span("─" * knob, "accent"),
            Span("●", "strong"),
            Span("─" * (room - 1 - knob), "faint"),
            Span(f"  {step}", "plain"),
            Span(f"{self._at + 1} of {len(found)}", "muted"),
        )

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def action_step(self, by: int) -> None:
        found = self._series.get(self._shown, [])
        self._at = max(min(self._at + by, len(found) - 1), 0)
        self._draw()

    def action_series(self, by: int) -> None:
        names = list(self._series)
        if names:
            self._shown = names[(names.index(self._shown) + by) % len(names)]
            self._at = len(self._series[self._shown]) - 1
            self._draw()
